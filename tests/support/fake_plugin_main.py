"""The plugin with a World in the place of the lab, of hosts and of Swarms."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import provider.lab
import provider.machine
import provider.quorum
import provider.route
import provider.swarm
import provider.verify
from components.verify.model import Failure, Fault
from components.verify.report import Line, Report
from provider.__main__ import FUNCTIONS, resource_types
from provider.process import serve
from provider.resource import Call
from provider.server import FairwayProvider
from provider.wire import Values
from tests.support.plugin_world import FakeLab, FakeSwarm, World, let_in

WORLD = World(Path(os.environ["FAIRWAY_TEST_WORLD"]))


def _open(inputs: Values) -> FakeLab:
    return FakeLab(WORLD)


def _wait(self: object, call: Call, inputs: Values) -> None:
    call.report("waiting for SSH")
    let_in(WORLD, inputs["name"], call.timeout or 60)


def _verified(call: Call, inputs: Values) -> Report:
    names = [host["name"] for host in inputs["hosts"]]
    WORLD.act("verify", f"Report {' '.join(names)}")
    told = WORLD.behaviour("verify").get("fault")
    fault = told and Fault(cause="x", where="a1", what=told, hint="mend it")
    failures = (Failure(fault=fault, pairs=(("a1", "b1"),), checks=("ping",)),) if fault else ()
    lines = tuple(Line(name=name, zone=name[0], container="") for name in names)
    return Report(environment="t6", hosts=lines, checks=1, failures=failures, notes=(), timings={})


SWARM = FakeSwarm(WORLD)
vars(provider.lab).update(open_lab=_open)
vars(provider.machine).update(open_lab=_open)
vars(provider.route).update(open_lab=_open)
vars(provider.swarm).update(
    bring_up=SWARM.bring_up,
    observe=SWARM.observe,
    take_down=SWARM.take_down,
    missing_rules=lambda plan, sessions: [],
    repair_rules=lambda plan, sessions, report: None,
)
vars(provider.quorum).update(look_at_quorum=SWARM.look)
vars(provider.verify).update(_verified=_verified)
provider.machine.MachineType._wait = _wait  # type: ignore[method-assign]
serve(FairwayProvider(resource_types(), FUNCTIONS), sys.argv[1:])
