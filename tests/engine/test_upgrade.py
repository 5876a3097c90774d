"""An environment that an earlier version made comes up under this one, and keeps its hosts.

The states were recorded by a real `up` of those versions in the lab. CHANGELOG.md says what is
expected here: a change of either is a change of both.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from lab.model import Machine
from tests.support.bench_project import REAL_PROGRAM, Project
from tests.support.plugin_world import World
from tests.support.recorded_stack import resources, restored

# Hosts get what lets their networks come back after a loss of power, and managers make backups:
# their nodes set it up. The user data of the first version has other words that say the same: the
# quorum's fingerprints of it are written anew, and no more.
NODES = ["Node a1", "Node a10", "Node b1", "Node c1"]
UPDATED = {
    "first-light": [*NODES, "Quorum t15", "Report t15"],
    "clouds": [*NODES, "Report t15"],
}


@dataclass(frozen=True, slots=True)
class Stand:
    """A stack of that version under the present program."""

    version: str
    project: Project
    world: World


@pytest.fixture(scope="module", params=UPDATED)
def stand(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Stand:
    project = Project(tmp_path_factory.mktemp("upgrade") / "project", name="fairway")
    project.program(REAL_PROGRAM)
    return Stand(request.param, project, restored(project, request.param))


def test_the_recorded_state_is_that_of_another_version(stand: Stand) -> None:
    nodes = [each["inputs"] for each in resources(stand.version) if each["type"].endswith(":Node")]
    assert len(nodes) == 4
    assert not any("backup" in node for node in nodes)
    assert all(("way" in node) == (stand.version == "clouds") for node in nodes)


def test_a_preview_updates_what_the_change_log_says_and_replaces_nothing(stand: Stand) -> None:
    assert {what: sorted(names) for what, names in stand.project.preview().items()} == {
        "update": UPDATED[stand.version]
    }


def test_up_keeps_every_machine_and_leaves_nothing_to_do(stand: Stand) -> None:
    stand.world.forget_acts()

    stand.project.up("-p", "32").good()

    acts = {act.rpartition(" ")[0] for act in stand.world.acts() if not act.startswith("verify")}
    assert acts == {"join Node"}
    machines = {e["id"] for e in resources(stand.version) if e["type"].endswith(":Machine")}
    with stand.world.things() as things:
        assert {
            held.status.id for (kind, _), held in things.items() if kind == "Machine"
        } == machines
    assert stand.project.preview() == {}


def test_a_host_that_is_replaced_later_is_made_of_todays_text(stand: Stand) -> None:
    stand.world.lose(Machine, "a10")

    stand.project.up("-p", "32").good()

    with stand.world.things() as things:
        assert "busybox-static" in things["Machine", "a10"].spec.user_data
    assert stand.project.preview() == {}
