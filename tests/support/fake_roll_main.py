"""The fairway command with a World in the place of what it sees over SSH.

A test writes `behaviour.json`: {"leader": {"name": "b1"}}, {"trouble": {"says": "text"}} makes the
Swarm not whole, {"canary": {"fault": "text"}} the network not as planned.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.environment import read_stack_file
from components.plan import make_plan
from components.swarm.health import Health, Trouble
from components.swarm.managers import Managers
from components.verify.model import Failure, Fault
from components.verify.report import Report
from scripts.cli.__main__ import main
from scripts.operations import mark, roll
from scripts.workspace import stack_file
from tests.support.plugin_world import World
from tests.support.swarm_configs import KeptConfigs

WORLD = World(Path(os.environ["FAIRWAY_TEST_WORLD"]))


def _see(stack: str) -> Health:
    plan = make_plan(read_stack_file(stack_file(stack)))
    with WORLD.things() as things:
        inside = [slot.name for slot in plan.slots if ("Node", slot.name) in things]
    missing = [slot.name for slot in plan.slots if slot.name not in inside]
    troubles = [Trouble(name, f"{name} is not in the Swarm") for name in missing]
    told = WORLD.behaviour("trouble").get("says")
    return Health(
        leader=WORLD.behaviour("leader").get("name", "a1"),
        troubles=(*troubles, *([Trouble("", told)] if told else [])),
    )


def _proven(stack: str, say: object) -> Report:
    WORLD.act("prove", stack)
    told = WORLD.behaviour("canary").get("fault")
    fault = told and Fault(cause="x", where="a10", what=told, hint="mend it")
    failures = (Failure(fault=fault, pairs=(("a1", "b1"),), checks=("ping",)),) if fault else ()
    return Report(environment=stack, hosts=(), checks=1, failures=failures, notes=(), timings={})


@contextmanager
def _standing(_: str) -> Iterator[Managers]:
    yield KeptConfigs(WORLD.folder / "mark.json")


vars(roll).update(see=_see, proven=_proven, SETTLES_WITHIN=0.2, WHOLE_WITHIN=1.0)
vars(mark).update(_standing=_standing)
main(prog_name="fairway")
