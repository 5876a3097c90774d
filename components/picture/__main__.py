"""Writes the picture of a stack file as SVG: `python -m components.picture FILE > FILE.svg`."""

from __future__ import annotations

import sys
from pathlib import Path

from components.environment import read_stack_file
from components.picture import svg
from components.plan import make_plan

environment = read_stack_file(Path(sys.argv[1]))
sys.stdout.write(svg(make_plan(environment), uplink=environment.settings.uplink) + "\n")
