"""Rotating keys on the real engine: what each of the three steps changes, and what it does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.remote.command import Secret
from components.remote.keys import seeds
from scripts.cli.state import parse
from tests.support.bench_project import REAL_PROGRAM, Project
from tests.support.environments import config
from tests.support.plugin_world import World

MANAGERS = ("a1", "b1", "c1")


def asked(generation: int = 1, *accept: int) -> dict[str, Any]:
    wanted = config()
    wanted["pools"][1]["hosts"] = {"a": 1}
    wanted["keys"] = {"generation": generation, "accept": list(accept)}
    return wanted


def exported(project: Project) -> dict[str, Any]:
    told = project.pulumi("stack", "export", "--show-secrets").good().text
    found: dict[str, Any] = json.loads(told)
    return found


def keyrings(project: Project) -> dict[str, tuple[Secret, ...]]:
    """By kind and name: the seeds that the state's resources would reach hosts with."""
    return {
        f"{each['type'].rpartition(':')[2]} {each['urn'].rpartition('::')[2]}": seeds(
            Secret(json.loads(each["inputs"]["seed"]["plaintext"]))
        )
        for each in exported(project)["deployment"]["resources"]
        if "seed" in each.get("inputs", {})
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project(tmp_path_factory.mktemp("keys"), name="fairway")
    made.program(REAL_PROGRAM)
    wanted = asked()
    del wanted["keys"]
    made.configure(wanted)
    made.up("-p", "32").good()
    World(made.world).forget_acts()
    return made


def of_before(project: Project) -> None:
    """Make the state one of before generations."""
    state = exported(project)
    for each in state["deployment"]["resources"]:
        if each["type"] == "fairway:host:Identity":
            del each["inputs"]["generation"], each["inputs"]["accept"]
            del each["outputs"]["seeds"], each["outputs"]["generation"], each["outputs"]["accept"]
    file = project.folder / "state.json"
    file.write_text(json.dumps(state))
    project.pulumi("stack", "import", "--file", str(file)).good()


@pytest.mark.parametrize("step", [(2,), (2, 1)], ids=["at once", "not accepted before"])
def test_a_step_too_far_is_refused_in_preview_and_nothing_is_touched(
    project: Project, step: tuple[int, ...]
) -> None:
    project.configure(asked(*step))

    for failed in (project.pulumi("preview"), project.up()):
        assert failed.status != 0
        assert "fairway:keys: hosts with the keys of before and after" in failed.text
    assert World(project.world).acts() == []


def test_keys_are_rotated_in_three_steps_and_hosts_change_in_the_second_alone(
    project: Project,
) -> None:
    world = World(project.world)
    project.configure(asked())
    of_before(project)
    assert project.preview() == {}
    (old,) = set(keyrings(project).values())

    project.configure(asked(1, 2))
    assert project.preview() == {"update": ["Identity t6"]}
    project.up().good()

    assert world.acts() == []
    told = keyrings(project)
    (ring,) = set(told.values())
    assert set(told) >= {f"{kind} {name}" for kind in ("Machine", "Node") for name in MANAGERS}
    assert {"Quorum t6", "Report t6"} <= set(told)
    assert (len(ring), ring[0]) == (2, old[0])
    assert project.preview() == {}

    project.configure(asked(2, 1))
    hosts = (*MANAGERS, "a10")
    foreseen = project.preview()
    machines = [name for name in foreseen["replace"] if name.startswith("Machine ")]
    assert machines == [f"Machine {name}" for name in hosts]
    world.behave(b1={"unjoinable": "the Swarm does not let it in"})
    assert project.up("-p", "32").status != 0
    assert "make Machine c1" not in world.acts()
    # What is yet to leave does so with what the state says of it, and must know the new keys.
    assert keyrings(project)["Node c1"] == ring
    world.behave()
    project.up("-p", "32").good()
    made = [act for act in world.acts() if act.split()[:2] == ["make", "Machine"]]
    assert made == [f"make Machine {name}" for name in hosts]
    assert set(keyrings(project).values()) == {(ring[1], ring[0])}
    assert project.preview() == {}

    world.forget_acts()
    project.configure(asked(2))
    assert project.preview() == {"update": ["Identity t6"]}
    project.up().good()

    assert world.acts() == []
    assert set(keyrings(project).values()) == {(ring[1],)}
    assert parse("t6", exported(project)).seeds == {1: ring[0], 2: ring[1]}
    assert project.files_that_hold(ring[0].reveal()) == []
