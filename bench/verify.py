"""`python -m bench verify`: `./fairway verify` of twelve hosts in three zones, well and broken.

The seconds are those of the whole command. The fault is an entry deleted in one zone's table.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from statistics import median
from typing import Any

from bench.standing import standing
from bench.world import RANGES, computer
from lab.lab import Lab
from lab.model import Route
from tests.support.checkout import Checkout

RESULTS = Path(__file__).parent / "results" / "verify.json"
STACK = "bench"
HOSTS = {"a": (1, 3), "b": (1, 3), "c": (1, 3)}
TIMES = 5
APART = 15  # seconds; the Swarm itself removes a service's tasks in six


def main() -> None:
    measure(STACK, RANGES)


def measure(stack: str, ranges: tuple[int, int]) -> None:
    """Build, ask a few times, break an entry, ask again; write what each took."""
    with standing(stack, HOSTS, ranges, backup=False) as checkout:
        asked(checkout)  # the first one sends the probe's image to hosts that lack it
        found = {"hosts": len(checkout.plan.slots), "well": rounds(checkout)}
        cidr = checkout.plan.slot("b1").containers
        Lab.open(stack).delete(Route, f"table-c/{cidr}")
        found["an_entry_missing"] = rounds(checkout)
    # Twelve machines and the operator share this computer's cores with whatever else runs here.
    here = {**computer(), "load_average": round(os.getloadavg()[0])}
    RESULTS.write_text(json.dumps({"computer": here, **found}, indent=1) + "\n")
    print(json.dumps(found, indent=1))


def rounds(checkout: Checkout) -> dict[str, Any]:
    """The same command a few times, each after what Docker still did for the one before."""
    told = []
    for _ in range(TIMES):
        time.sleep(APART)
        told.append(asked(checkout))
    seconds = [each["seconds"] for each in told]
    middle = min(told, key=lambda each: abs(each["seconds"] - median(seconds)))
    return {"seconds": seconds, "median": median(seconds), "a_median_run": middle}


def asked(checkout: Checkout) -> dict[str, Any]:
    began = time.monotonic()
    done = checkout.fairway("verify", checkout.stack, "--json")
    seconds = time.monotonic() - began
    told = done.told
    return {
        "seconds": round(seconds, 1),
        "status": done.status,
        "checks": told["checks"],
        "first": told["first"],
        "not_as_planned": len(told["drift"]),
        "stages": told["timings"],
    }
