"""`python -m bench rebuild`: destroy six hosts and build them anew, under ten requests a second.

Three managers and three workers in three zones; a service with a replica on three of them. Nothing
answers while no host stands: what is measured is for how long, and whether all is as it was.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.roll import HOSTS, STACK, under_load
from bench.standing import standing
from bench.world import RANGES, computer
from tests.support.checkout import Checkout

RESULTS = Path(__file__).parent / "results" / "rebuild.json"


def main() -> None:
    with standing(STACK, HOSTS, RANGES) as checkout:
        found = rebuilt(checkout)
    RESULTS.write_text(json.dumps({"computer": computer(), **found}, indent=1) + "\n")
    print(json.dumps(found, indent=1))


def rebuilt(checkout: Checkout) -> dict[str, Any]:
    """One drill, from the command to its end, and what the client met meanwhile."""
    done, seen = under_load(
        checkout, lambda: checkout.fairway("rebuild", checkout.stack, "--yes", "--json")
    )
    told = done.told
    return {**seen, "steps": told.pop("seconds"), **told}
