"""What a user reads when something is wrong: the fault, the place, the next step, no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.model import Machine
from tests.support.bench_project import Project
from tests.support.plugin_world import World

MACHINE = """
identity = resources.Identity("t6", cluster="t6")
machine = resources.Machine("a1", lab="t6", vswitch="a", address="10.96.1.11", image="trixie",
    groups=[], user_data="#cloud-config", seed=identity.seed,
    opts=ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="2s", update="2s")))
"""
ROUTE = """
pulumi.CustomResource("fairway:lab:Route", "r1", dict(lab="t6", tabels=["main"], machine=4,
    destination="10.226.1.7/24"))
resources.Identity("t6", cluster="t6")
"""
GROUP = """
resources.SecurityGroup("g1", lab="t6", vpc="t6/vpc", rules=[
    dict(direction="inn", protocol="icmp", ports=[1, 2], from_="x")])
resources.Identity("t6", cluster="t6")
"""
FAULTS = {
    ROUTE: (
        "Route r1: unknown input: found 'tabels', wanted one of",
        "did you mean 'tables'?",
        "Route r1: input 'tables' is missing: wanted a list of texts; give 'tables'",
        "Route r1: input 'machine' does not fit: found 4, wanted a text that is not empty",
        "Route r1: input 'destination' does not fit: found '10.226.1.7/24', wanted an IPv4 network",
    ),
    GROUP: (
        "SecurityGroup g1: rules[0]: wrong direction: found 'inn', wanted one of in, out",
        "SecurityGroup g1: rules[0]: wrong ports: found [1, 2] of protocol icmp",
        "SecurityGroup g1: rules[0]: unknown key: found 'from_'",
        "SecurityGroup g1: rules[0]: the rule names no source",
    ),
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.mark.parametrize("program", FAULTS, ids=["route", "group"])
def test_every_faulty_input_is_named_before_anything_is_made(
    project: Project, program: str
) -> None:
    project.program(program)

    failed = project.pulumi("preview")

    assert failed.status != 0
    assert [line for line in FAULTS[program] if line not in failed.text] == []
    assert "Traceback" not in failed.text
    assert World(project.world).acts() == []


def test_a_machine_that_lets_nobody_in_is_kept_with_the_reason_and_the_next_step(
    project: Project,
) -> None:
    project.program(MACHINE)
    world = World(project.world)
    world.behave(a1={"refuse": "port 22: connection refused"})

    failed = project.up()

    assert failed.status != 0
    assert "a1: SSH did not open: found port 22: connection refused" in failed.text
    assert "the machine is running: look into it with `.venv/bin/python -m lab shell" in failed.text
    assert "Traceback" not in failed.text
    assert project.preview() == {"update": ["Machine a1"]}
    again = project.up()
    assert "a1: SSH did not open" in again.text
    world.behave()
    project.up().good()
    assert world.acts().count("make Machine a1") == 1
    assert project.preview() == {}


def test_a_fault_of_our_own_is_one_line_that_asks_for_a_report(project: Project) -> None:
    project.program(MACHINE)
    world = World(project.world)
    world.behave(a1={"fault": "the sky fell"})

    failed = project.up()

    assert "please report it: RuntimeError: the sky fell" in failed.text
    assert "Traceback" not in failed.text
    assert "Traceback" in project.up("--debug").text
    world.behave()
    project.up().good()
    assert world.names(Machine) == ["a1"]


def test_progress_is_told_once_for_each_step(project: Project) -> None:
    project.program(MACHINE)

    text = project.up().good().text

    assert text.count("waiting for SSH") == 1
    assert text.count(") ready") == 2  # the step itself, and beside "created"
