"""The plugin with a World in the place of the lab, of hosts and of Swarms."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import provider.host
import provider.lab
import provider.machine
import provider.operations
import provider.quorum
import provider.route
import provider.swarm
import provider.verify
from components.host.user_data import digest
from components.verify.model import Failure, Fault
from components.verify.report import Line, Report
from provider.offered import functions, resource_types
from provider.process import serve
from provider.resource import Call
from provider.server import FairwayProvider
from provider.wire import Values
from tests.support.plugin_world import HASHED, FakeLab, FakeSwarm, World, let_in

WORLD = World(Path(os.environ["FAIRWAY_TEST_WORLD"]))


def _open(inputs: Values) -> FakeLab:
    return FakeLab(WORLD)


def _digest(text: str) -> str:
    """The hash of a text, also where a recorded state has nothing but that."""
    return text.removeprefix(HASHED) if text.startswith(HASHED) else digest(text)


def _wait(self: object, call: Call, inputs: Values) -> None:
    call.report("waiting for SSH")
    let_in(WORLD, inputs["name"], call.timeout or 600)


def _verified(call: Call, inputs: Values) -> Report:
    names = [host["name"] for host in inputs["hosts"]]
    WORLD.act("verify", f"Report {' '.join(names)}")
    told = WORLD.behaviour("verify").get("fault")
    fault = told and Fault(cause="x", where="a1", what=told, hint="mend it")
    failures = (Failure(fault=fault, pairs=(("a1", "b1"),), checks=("ping",)),) if fault else ()
    lines = tuple(Line(name=name, zone=name[0], container="") for name in names)
    return Report(environment="t6", hosts=lines, checks=1, failures=failures, notes=(), timings={})


SWARM = FakeSwarm(WORLD)
if grace := WORLD.behaviour("cancel").get("grace"):
    vars(provider.operations).update(GRACE=grace)
vars(provider.lab).update(open_lab=_open)
vars(provider.machine).update(open_lab=_open, digest=_digest)
vars(provider.route).update(open_lab=_open)
vars(provider.swarm).update(
    await_managers=SWARM.await_managers,
    bring_up=SWARM.bring_up,
    observe=SWARM.observe,
    take_down=SWARM.take_down,
    missing_on_host=lambda plan, sessions: [],
    mend_host=lambda plan, sessions, report: None,
    unlock=lambda plan, sessions, inputs, outputs, report: None,
    do_duties=lambda plan, sessions, inputs, outputs, report: {},
    missing_duties=lambda plan, sessions, inputs, outputs: [],
)
vars(provider.quorum).update(look_at_quorum=SWARM.look, await_bastion=lambda inputs, report: None)
vars(provider.verify).update(_verified=_verified)
provider.machine.MachineType._wait = _wait  # type: ignore[method-assign]
provider.host.FirstBoot._wait = _wait  # type: ignore[method-assign]
serve(FairwayProvider(resource_types(), functions()), sys.argv[1:])
