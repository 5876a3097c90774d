"""A cloud's instance on the real engine: waited for, kept when it is silent, waited for anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.bench_project import Project
from tests.support.plugin_world import World

# The fake lab's machine plays the instance, and its id the bastion's address.
PROGRAM = """
identity = resources.Identity("t6", cluster="t6")
machine = resources.Machine("i1", lab="t6", vswitch="a", address="10.96.1.11", image="IMAGE",
    groups=[], user_data="#cloud-config", seed=identity.seed)
way = dict(bastion=machine.id)
boot = resources.FirstBoot("a1", cluster="t6", machine=machine.id, address="10.96.1.11", way=way,
    seed=identity.seed)
resources.Quorum("t6", cluster="t6", managers=dict(a1="10.96.1.11"), fingerprints=dict(a1="MARK"),
    overlays="10.201.0.0/16", way=way, seed=identity.seed)
pulumi.export("machine", boot.machine)
"""


def asked(image: str = "trixie", mark: str = "one") -> str:
    return PROGRAM.replace("IMAGE", image).replace("MARK", mark)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.program(asked())
    return made


def test_a_silent_instance_is_kept_with_the_next_step_and_the_next_up_goes_on(
    project: Project,
) -> None:
    world = World(project.world)
    world.behave(a1={"refuse": "port 22: connection refused"})
    failed = project.up()

    assert failed.status != 0
    instance = project.resource("lab:Machine", "i1")["id"]
    for part in ("port 22: connection refused", "console output of the instance", instance):
        assert part in failed.text
    assert "./fairway ssh t6 a1" in failed.text
    assert "Traceback" not in failed.text
    assert project.resource("host:FirstBoot", "a1")["outputs"]["state"] == "starting"
    assert project.preview() == {"update": ["FirstBoot a1"]}

    world.behave()
    project.up().good()
    assert project.resource("host:FirstBoot", "a1")["outputs"]["state"] == "ready"
    assert project.output("machine") == instance
    assert project.preview() == {}
    assert project.up().good()
    assert world.acts().count("make Machine i1") == 1


def test_a_new_instance_is_waited_for_anew_and_the_guard_asks_by_the_way_it_knows(
    project: Project,
) -> None:
    world = World(project.world)
    project.up().good()
    before = project.output("machine")
    project.program(asked(image="bookworm", mark="two"))

    planned = project.preview()
    assert {"Machine i1", "FirstBoot a1"} <= set(planned["replace"])
    world.forget_acts()
    project.up().good()

    assert project.output("machine") != before
    assert world.acts() == [
        "remove Machine i1",
        "make Machine i1",
        "wait Machine i1",
        "wait Machine a1",
    ]
    assert project.preview() == {}
    project.destroy().good()
