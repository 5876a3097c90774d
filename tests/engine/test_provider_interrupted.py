"""An `up` that is cut off anywhere: the next one completes, and no process is left behind."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.model import Machine
from tests.support.bench_project import Project, Running
from tests.support.plugin_world import World

PROGRAM = """
from components.orphan import end_with_the_engine
end_with_the_engine()
vpc = resources.Vpc("t6", lab="t6", cidr="10.96.0.0/16", containers="10.226.0.0/16",
                    uplink=None, quota=9)
identity = resources.Identity("t6", cluster="t6")
machine = resources.Machine("a1", lab="t6", vswitch="a", address="10.96.1.11", image="trixie",
    groups=[], user_data=identity.seed.apply(lambda seed: "#cloud-config " + seed),
    seed=identity.seed, opts=ResourceOptions(depends_on=[vpc]))
resources.Route("a1", lab="t6", tables=["main"], destination="10.226.1.0/24", machine=machine.id)
"""
MACHINE = "make Machine a1"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.program(PROGRAM)
    return made


def until(true: Callable[[], object], what: str) -> None:
    limit = time.monotonic() + 600
    while not true():
        assert time.monotonic() < limit, f"waited ten minutes for {what}"
        time.sleep(0.05)


def booting(project: Project, **more: dict[str, Any]) -> Running:
    """Start an `up` and return when its machine is made and waited for."""
    world = World(project.world)
    world.behave(a1={"wait": 3600}, **more)
    running = project.start("up", "--yes", "--skip-preview")
    until(lambda: "wait Machine a1" in world.acts(), "the wait for the machine")
    return running


def completes(project: Project) -> World:
    """The next `up` goes on with what is there; a preview after it is empty."""
    world = World(project.world)
    world.behave()
    project.up().good()
    assert project.preview() == {}
    assert world.names(Machine) == ["a1"]
    return world


def process_of(project: Project, word: str) -> int:
    (pid,) = [pid for pid, line in project.processes().items() if word in line]
    return pid


def test_one_interrupt_is_answered_at_once_and_keeps_the_machine(project: Project) -> None:
    running = booting(project)

    running.interrupt()
    ended = running.end()  # although what it waited for has not come

    assert "cancelled in the middle" in ended.text
    assert project.resource("lab:Machine", "a1")["initErrors"]
    until(lambda: not project.processes(), "all processes to end")
    assert completes(project).acts().count(MACHINE) == 1


def test_a_second_interrupt_leaves_a_machine_that_the_next_up_adopts(project: Project) -> None:
    # The plugin must not answer the first one before a busy computer lets the second one come.
    running = booting(project, cancel={"grace": 60})

    running.interrupt()
    running.says("^C received")  # two signals at once would count as one
    running.interrupt()
    running.end()

    until(lambda: not project.processes(), "all processes to end")
    assert "Machine" not in str(project.state())
    assert completes(project).acts().count(MACHINE) == 1


def test_a_killed_engine_takes_plugin_program_and_language_host_along(project: Project) -> None:
    running = booting(project)

    running.kill()
    running.end()

    until(lambda: not project.processes(), "all processes to end")
    project.pulumi("cancel", "--yes").good()
    assert completes(project).acts().count(MACHINE) == 1


def test_a_killed_plugin_is_no_loss(project: Project) -> None:
    running = booting(project)

    os.kill(process_of(project, "fake_plugin_main"), signal.SIGKILL)
    assert running.end().status != 0

    until(lambda: not project.processes(), "all processes to end")
    assert completes(project).acts().count(MACHINE) == 1


def test_a_failed_preview_leaves_no_process(project: Project) -> None:
    project.program(PROGRAM + "\nraise pulumi.RunError('enough')\n")

    assert project.pulumi("preview").status != 0

    until(lambda: not project.processes(), "all processes to end")
