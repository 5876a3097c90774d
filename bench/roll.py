"""`python -m bench roll`: new machines for one host, then for six, under ten requests a second.

The six twice: by `./fairway roll`, and by a plain `up` after a change of all hosts' image.

Three managers and three workers in three zones; a service with a replica on three of them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.answerer import answering
from bench.load import Load
from bench.standing import standing
from bench.world import RANGES, computer
from tests.support.bench_project import Finished
from tests.support.checkout import Checkout

RESULTS = Path(__file__).parent / "results" / "roll.json"
STACK = "bench"
HOSTS = {"a": (1, 1), "b": (1, 1), "c": (1, 1)}
REPLICAS = 3
OTHER_IMAGE = "sid"


def main() -> None:
    measure(STACK, RANGES)


def measure(stack: str, ranges: tuple[int, int]) -> None:
    """Roll one host, then all, and write what that took and what the client met."""
    with standing(stack, HOSTS, ranges, backup=False) as checkout:
        worker = checkout.plan.workers[0].name
        found = {
            "one": rolled(checkout, "--host", worker),
            "six": rolled(checkout, "--all"),
            "six by a plain up": brought_up(checkout),
        }
    RESULTS.write_text(json.dumps({"computer": computer(), **found}, indent=1) + "\n")
    print(json.dumps(found, indent=1))


def rolled(checkout: Checkout, *words: str) -> dict[str, Any]:
    """One roll, from the command to its end, with the proof of the network in it."""
    done, found = under_load(
        checkout, lambda: checkout.fairway("roll", checkout.stack, "--yes", "--json", *words)
    )
    return {"turns": done.told["turns"], **found}


def brought_up(checkout: Checkout) -> dict[str, Any]:
    """One plain `up` in which every host gets another image."""
    config = checkout.config
    for pool in config["pools"]:
        pool["image"] = OTHER_IMAGE
    checkout.configure(config)
    before = checkout.deployed().machines
    _, found = under_load(checkout, lambda: checkout.make("up"))
    after = checkout.deployed().machines
    if not set(before.values()).isdisjoint(after.values()):
        raise SystemExit("a plain up left a machine as it was")
    return found


def under_load(checkout: Checkout, act: Callable[[], Finished]) -> tuple[Finished, dict[str, Any]]:
    """Do it while a client asks; its seconds, and what the client met."""
    hosts = {slot.name: str(slot.address) for slot in checkout.plan.slots}
    deployed = checkout.deployed()
    with answering(checkout.plan, deployed, replicas=REPLICAS), Load(hosts) as load:
        began = time.monotonic()
        done = act().good()
        seconds = time.monotonic() - began
    return done, {"seconds": round(seconds, 1), **load.result.told()}
