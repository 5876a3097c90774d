"""The plugin's start: every resource type and function that it offers, served to one engine."""

from __future__ import annotations

import sys

from provider.offered import functions, resource_types
from provider.process import serve
from provider.server import FairwayProvider

if __name__ == "__main__":
    serve(FairwayProvider(resource_types(), functions()), sys.argv[1:])
