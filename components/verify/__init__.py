"""Prove with real containers that the routed network works, and say what is wrong if not."""

from __future__ import annotations

from components.verify.fingerprint import fingerprint
from components.verify.model import (
    Entry,
    Failure,
    Fault,
    Flow,
    NetworkFacts,
    NetworkView,
    Target,
)
from components.verify.report import Report
from components.verify.run import verify

__all__ = [
    "Entry",
    "Failure",
    "Fault",
    "Flow",
    "NetworkFacts",
    "NetworkView",
    "Report",
    "Target",
    "fingerprint",
    "verify",
]
