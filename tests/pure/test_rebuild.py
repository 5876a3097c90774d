"""The rebuild drill: what is compared, and how far one has come."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from components.errors import SetupError
from components.swarm.contents import read_contents
from scripts import stack as engine
from scripts.cli import rebuild as command
from scripts.operations import rebuild, snapshot
from scripts.operations.rebuild import Diary, Difference, Drill, Outcome, compare


def swarm(**changes: Any) -> dict[str, Any]:
    """What Docker's API tells of a Swarm of one node and one service."""
    node = {
        "Spec": {"Role": "manager", "Availability": "active", "Labels": {"zone": "a"}},
        "Status": {"State": "ready", "Addr": "10.1.0.11"},
        "Description": {"Hostname": "a1", "Engine": {"EngineVersion": "26.1.5"}},
        "ID": "node1",
    }
    service = {
        "ID": "s1",
        "Spec": {
            "Name": "web",
            "Mode": {"Replicated": {"Replicas": 2}},
            "TaskTemplate": {"ContainerSpec": {"Image": "sha256:aa", "Args": ["-p", "80"]}},
        },
    }
    network = {"Name": "routed", "Driver": "bridge", "IPAM": {"Config": None}, "Options": None}
    told = {
        "nodes": [node],
        "services": [service],
        "networks": [network],
        "secrets": [{"ID": "x1", "Spec": {"Name": "token", "Labels": {}}}],
        "configs": [{"ID": "c1", "Spec": {"Name": "page", "Data": "aGVsbG8="}}],
    }
    return {**told, **changes}


def test_every_leaf_of_a_service_is_a_fact() -> None:
    facts = read_contents(swarm())

    assert facts["service web: Mode.Replicated.Replicas"] == "2"
    assert facts["service web: TaskTemplate.ContainerSpec.Args[1]"] == "80"
    assert facts["node a1: label.zone"] == "a"
    assert facts["secret token: id"] == "x1"


def test_what_a_config_holds_is_compared_and_never_shown() -> None:
    before = read_contents(swarm())
    other = [{"ID": "c1", "Spec": {"Name": "page", "Data": "Ynll"}}]

    (found,) = compare(before, read_contents(swarm(configs=other)))

    assert found.name == "config page: data (SHA-256)"
    assert "aGVsbG8=" not in " ".join(before.values())


def test_of_a_slot_s_nodes_the_living_one_is_its_node() -> None:
    told = swarm()
    (alive,) = told["nodes"]
    dead = {**alive, "Status": {"State": "down", "Addr": ""}}

    for nodes in ([alive, dead], [dead, alive]):
        assert read_contents(swarm(nodes=nodes))["node a1: state"] == "ready"


def test_an_operation_s_own_mark_in_the_swarm_is_no_content() -> None:
    mark = {"ID": "c2", "Spec": {"Name": "fairway-operation", "Data": ""}}

    facts = read_contents(swarm(configs=[mark]))

    assert not any(name.startswith("config") for name in facts)


def test_a_fact_that_changed_went_or_came_is_a_difference() -> None:
    found = compare({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "9", "d": "4"})

    assert found == (
        Difference("b", "2", "9"),
        Difference("c", "3", ""),
        Difference("d", "", "4"),
    )


def test_the_outcome_names_each_difference_and_each_step_s_time() -> None:
    seconds = {"look": 1.0, "build": 60.0}
    same = command.text(Outcome(12, (), seconds))
    other = command.text(Outcome(12, (Difference("host a1: zone", "a", ""),), seconds))

    assert "the same in all 12 facts" in same
    assert "rebuilt in 1 min 01 s: look 1.0 s, build 1 min 00 s" in same
    assert "1 of 12 facts differ" in other
    assert "host a1: zone: was a, is not there" in other


class World:
    """A stack whose steps are only written down."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.facts = {"host a1: address": "10.1.0.11"}
        self.fails = ""

    def act(self, step: str) -> int:
        self.did.append(step)
        return int(step == self.fails)

    def save(self, _: str, path: Path) -> None:
        self.act("save")
        path.write_bytes(b"closed")

    def put_back(self, _: str, path: Path) -> None:
        assert path.read_bytes() == b"closed"
        self.act("put back")

    def drill(self) -> Drill:
        return Drill("lab", save=self.save, restore=self.put_back)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr(rebuild, "FAIRWAY", tmp_path)
    monkeypatch.setattr(snapshot, "take", lambda _: dict(made.facts))
    monkeypatch.setattr(engine, "refuse_protected", lambda _: made.act("ask"))
    monkeypatch.setattr(engine, "pulumi", lambda *words: made.act(words[0]))
    monkeypatch.setattr(engine, "up", lambda _: made.act("up"))
    return made


def test_a_drill_saves_before_it_destroys_and_compares_at_the_end(world: World) -> None:
    outcome = world.drill().run()

    assert world.did == ["ask", "save", "destroy", "up", "put back"]
    assert outcome.same
    assert not Diary.of("lab").folder.exists()


def test_an_interrupted_drill_goes_on_with_the_step_that_failed(world: World) -> None:
    world.fails = "up"
    with pytest.raises(SetupError, match="it goes on from here"):
        world.drill().run()
    before = dict(world.facts)
    world.facts["host a1: address"] = "10.1.0.99"
    world.did.clear()
    world.fails = ""

    outcome = world.drill().run()

    assert world.did == ["up", "put back"]
    (found,) = outcome.differences
    assert found.before == before["host a1: address"]


def test_the_diary_and_the_backup_are_for_their_owner_alone(world: World) -> None:
    world.fails = "destroy"
    with pytest.raises(SetupError):
        world.drill().run()

    folder = Diary.of("lab").folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {each.name for each in folder.iterdir()} == {"diary.json", "backup"}


def test_a_protected_stack_is_refused_before_anything_is_destroyed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: str) -> None:
        raise SetupError(where="stack lab", what="it is protected against deletion", hint="lift it")

    monkeypatch.setattr(engine, "refuse_protected", refuse)

    with pytest.raises(SetupError, match="protected"):
        world.drill().run()

    assert world.did == []
