"""How long `./fairway preview` thinks beside the engine, and how much memory it takes.

12, 100 and 1,000 hosts on AWS, on paper: every host gets another image, which is the largest
change there is, in three zones with a table each and one for public subnets. Writes
bench/results/preview.json; `python -m bench preview`.
"""

from __future__ import annotations

import json
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.clouds import stack
from bench.world import computer
from components.change.foreseen import Foreseen, read
from components.change.meaning import Meaning, Standing, meaning
from components.change.text import markdown, plain
from components.environment import Environment, read_environment
from components.plan import Plan, make_plan
from components.plan.model import Slot
from scripts.operations.preview import newly_broken

RESULTS = Path(__file__).parent / "results" / "preview.json"
SIZES = (12, 100, 1000)
ROUNDS = 5
TABLES = ("a", "b", "c", "public")
URN = "urn:pulumi:bench::fairway::fairway:index:Cluster$"


def stands(hosts: int) -> tuple[Environment, Plan]:
    """A stack of so many hosts; without a way out, for which a table of 1,000 has no room left."""
    wanted = stack(hosts)
    wanted["aws"] |= {"route_quota": 1000, "nat": "none"}
    environment = read_environment(wanted, stack="bench", source="bench/preview.py")
    return environment, make_plan(environment)


def told(plan: Plan) -> str:
    """What the engine would print: seven steps a host, each with its inputs of before and after."""
    steps = [step for slot in plan.slots for step in _steps(slot)]
    return json.dumps({"steps": steps})


def _steps(slot: Slot) -> Iterator[dict[str, Any]]:
    place = {"name": slot.name, "address": str(slot.address), "cluster": "bench"}
    machine = {**place, "ami": "ami-1", "userDataBase64": "x" * 12_000, "tags": {"a": "b"}}
    yield _step("replace", "aws:ec2/instance:Instance", slot.name, "ami", machine)
    yield _step("replace", "fairway:host:FirstBoot", slot.name, "machine", place)
    yield _step("replace", "fairway:swarm:Node", slot.name, "machine", {**place, "labels": {}})
    entry = {"destinationCidrBlock": str(slot.containers), "networkInterfaceId": "eni-1"}
    for table in TABLES:
        name = f"{table}::{slot.name}"
        yield _step("update", "aws:ec2/route:Route", name, "networkInterfaceId", entry)


def _step(op: str, kind: str, name: str, why: str, inputs: dict[str, Any]) -> dict[str, Any]:
    reasons = {"replaceReasons" if op == "replace" else "diffReasons": [why]}
    states = {"oldState": {"inputs": inputs}, "newState": {"inputs": {**inputs, why: "new"}}}
    return {"op": op, "urn": f"{URN}{kind}::{name}", **reasons, **states}


def meant(change: Foreseen, plan: Plan) -> Meaning:
    """What is said of it; nothing is asked of hosts."""
    ranges = {slot.name: str(slot.containers) for slot in plan.slots}
    managers = frozenset(slot.name for slot in plan.slots if slot.role == "manager")
    standing = Standing(managers=managers, working=managers, quota=1000)
    said = meaning(change, standing, ranges=ranges, entries=len(plan.slots))
    plain(said)
    markdown(said, "bench")
    return said


def measure(hosts: int) -> dict[str, Any]:
    """One row: seconds of each part, and the most memory that all of it held at once."""
    environment, plan = stands(hosts)
    text, slots = told(plan), frozenset(slot.name for slot in plan.slots)
    works = parts(environment, plan, text, slots)
    row: dict[str, Any] = {"hosts": hosts, "steps": len(json.loads(text)["steps"])}
    row |= {name: round(_seconds(work), 4) for name, work in works.items()}
    row["all"] = round(sum(row[name] for name in works), 4)
    row["peak_mib"] = round(_peak(works) / 2**20, 1)
    return row


def parts(
    environment: Environment, plan: Plan, text: str, slots: frozenset[str]
) -> dict[str, Callable[[], object]]:
    """The parts of the analysis of what the engine printed, by name."""
    change = read(json.loads(text), slots)
    return {
        "reading": lambda: read(json.loads(text), slots),
        "meaning": lambda: meant(Foreseen(change.steps, slots), plan),
        "reachability": lambda: newly_broken(environment, plan, {}),
    }


def _seconds(work: Callable[[], object]) -> float:
    """The median of some rounds, of the processor's time: other work does not count."""
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return statistics.median(times)


def _peak(works: dict[str, Callable[[], object]]) -> int:
    tracemalloc.start()
    held = [work() for work in works.values()]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del held
    return peak


def main() -> None:
    rows = [measure(hosts) for hosts in SIZES]
    for row in rows:
        print(row, flush=True)
    result = {"computer": computer(), "units": "s", "rounds": ROUNDS, "measured": rows}
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
