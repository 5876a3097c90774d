"""A cluster grown and shrunk by editing its file: what the preview shows, and what stays as it is.

Every step starts from where the one before it ended, so they are in the order of a cluster's life.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from lab.model import Machine, Route
from tests.support.bench_project import REAL_PROGRAM, Project
from tests.support.environments import config
from tests.support.plugin_world import World

HOST_ACTS = {"join", "leave", "wait"}
ONE, THREE = {"a": 1}, {"a": 1, "b": 1, "c": 1}
FIVE = {"a": 2, "b": 2, "c": 1}
TWO_WORKERS = {"a": 1, "b": 1}
DATABASES = {"name": "databases", "role": "worker", "first": 50, "size": 9, "hosts": {"b": 2}}


def asked(
    managers: dict[str, int],
    workers: dict[str, int] = TWO_WORKERS,
    *,
    zones: str = "abc",
    pools: tuple[dict[str, Any], ...] = (),
) -> dict[str, Any]:
    wanted = config()
    wanted["network"]["zones"] = [
        {
            "name": name,
            "subnet": f"10.97.{16 * 'abcd'.index(name)}.0/20",
            "containers": f"10.227.{64 * 'abcd'.index(name)}.0/18",
        }
        for name in zones
    ]
    for pool, hosts in zip(wanted["pools"], (managers, workers), strict=True):
        pool["hosts"] = hosts
    wanted["pools"] += pools
    wanted["survivable"] = False
    return wanted


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    made = Project(tmp_path_factory.mktemp("resize"), name="fairway")
    made.program(REAL_PROGRAM)
    made.configure(asked(ONE))
    made.up("-p", "32").good()
    yield made
    made.destroy().good()
    with World(made.world).things() as things:
        assert not things


@pytest.fixture
def world(project: Project) -> World:
    found = World(project.world)
    found.forget_acts()
    return found


def standing(world: World) -> dict[str, tuple[Any, ...]]:
    """Of each slot its machine's id and address, its CIDR, and its membership."""
    with world.things() as things:
        destinations = {
            held.spec.machine_id: held.spec.destination
            for (kind, _), held in things.items()
            if kind == "Route"
        }
        return {
            name: (
                held.status.id,
                held.spec.address,
                destinations[held.status.id],
                things["Node", name].node_id,
            )
            for (kind, name), held in things.items()
            if kind == "Machine"
        }


def whole(*slots: str) -> list[str]:
    """The resources of these slots."""
    return sorted(f"{kind} {name}" for kind in ("Machine", "Node", "Route") for name in slots)


def zone_of(name: str) -> list[str]:
    return [f"RouteTable table-{name}", f"VSwitch {name}"]


@dataclass(frozen=True, slots=True)
class Step:
    """A change of the file, and what a preview of it shows; the report is asked anew each time."""

    name: str
    wanted: dict[str, Any]
    create: list[str] = field(default_factory=list)
    update: list[str] = field(default_factory=list)
    delete: list[str] = field(default_factory=list)


THREE_WORKERS = {"a": 1, "b": 1, "d": 1}
STEPS = [
    Step(
        "one manager to three, and more workers",
        asked(THREE, {"a": 3, "b": 1}),
        whole("a11", "a12", "b1", "c1"),
        ["Quorum t6"],
    ),
    Step(
        "three to five, and a pool in",
        asked(FIVE, {"a": 3, "b": 1}, pools=(DATABASES,)),
        whole("a2", "b2", "b50", "b51"),
        ["Quorum t6"],
    ),
    Step(
        "five to three, a pool out, and fewer workers",
        asked(THREE),
        [],
        ["Quorum t6"],
        whole("a2", "b2", "a11", "a12", "b50", "b51"),
    ),
    Step(
        "a fourth zone in",
        asked(THREE, THREE_WORKERS, zones="abcd"),
        sorted([*whole("d10"), *zone_of("d")]),
        [f"Route {name}" for name in ("a1", "b1", "c1", "a10", "b10")],
    ),
    Step(
        "a zone out, whose manager moves to another",
        asked({"a": 1, "b": 1, "d": 1}, THREE_WORKERS, zones="abd"),
        whole("d1"),
        ["Quorum t6", *(f"Route {name}" for name in ("a1", "b1", "a10", "b10", "d10"))],
        sorted([*whole("c1"), *zone_of("c")]),
    ),
    Step(
        "the first zone out, with the first manager",
        asked({"b": 2, "d": 1}, {"b": 1, "d": 1}, zones="bd"),
        whole("b2"),
        ["Quorum t6", *(f"Route {name}" for name in ("b1", "d1", "b10", "d10"))],
        sorted([*whole("a1", "a10"), *zone_of("a")]),
    ),
]


@pytest.mark.parametrize("step", STEPS, ids=[step.name for step in STEPS])
def test_a_resize_shows_and_touches_its_own_slots_and_no_other(
    project: Project, world: World, step: Step
) -> None:
    before = standing(world)
    project.configure(step.wanted)

    shown = {what: sorted(names) for what, names in project.preview().items()}
    project.up("-p", "32").good()

    wanted = {
        "create": step.create,
        "update": sorted([*step.update, "Report t6"]),
        "delete": step.delete,
    }
    assert shown == {what: names for what, names in wanted.items() if names}
    after = standing(world)
    gone = {name.partition(" ")[2] for name in step.delete if name.startswith("Machine")}
    came = {name.partition(" ")[2] for name in step.create if name.startswith("Machine")}
    assert set(after) == set(before) - gone | came
    assert {name: after[name] for name in set(before) - gone} == {
        name: before[name] for name in set(before) - gone
    }
    touched = {act.rpartition(" ")[2] for act in world.acts() if act.split()[0] in HOST_ACTS}
    assert touched == came | gone


def test_every_table_has_an_entry_for_every_host_and_for_no_other(world: World) -> None:
    tables = {name.partition("/")[0] for name in world.names(Route)}
    assert tables == {"table-b", "table-d"}
    assert len(world.names(Route)) == len(tables) * len(world.names(Machine))
    with world.things() as things:
        assert {held.spec.machine_id for (kind, _), held in things.items() if kind == "Route"} == {
            held.status.id for (kind, _), held in things.items() if kind == "Machine"
        }


def test_after_all_of_it_nothing_is_left_to_do(project: Project) -> None:
    assert project.preview() == {}


def test_a_manager_that_is_added_joins_after_the_ones_before_it_and_leavers_go_last(
    project: Project, world: World
) -> None:
    project.configure(asked({"b": 1, "d": 2}, {"b": 1, "d": 1}, zones="bd"))

    project.up("-p", "32").good()

    acts = [act for act in world.acts() if act.split()[0] in {"make", "join", "leave", "remove"}]
    hosts = [act for act in acts if " Route " not in act]
    assert hosts == ["make Machine d2", "join Node d2", "leave Node b2", "remove Machine b2"]


REFUSED = [
    ({"b": 1}, "2 of 3 managers would be removed at once"),
    ({"b": 1, "d": 1}, "an even number of managers"),
]


@pytest.mark.parametrize(("managers", "reason"), REFUSED, ids=["three to one", "three to two"])
def test_what_is_not_safe_is_refused_before_anything_is_touched(
    project: Project, world: World, managers: dict[str, int], reason: str
) -> None:
    project.configure(asked(managers, {"b": 1, "d": 1}, zones="bd"))

    failed = project.up()

    assert failed.status != 0
    assert reason in failed.text
    assert world.acts() == []


def test_a_pool_in_a_zone_that_went_is_named(project: Project, world: World) -> None:
    project.configure(asked({"b": 1, "d": 2}, {"b": 1, "d": 1}, zones="b"))

    failed = project.up()

    assert failed.status != 0
    for pool in ("managers", "workers"):
        assert f"fairway:pools.{pool}.hosts.d: is no zone of fairway:network.zones" in failed.text
    assert world.acts() == []


def test_three_managers_become_one_by_the_override_that_the_refusal_names(
    project: Project, world: World
) -> None:
    project.configure(asked({"d": 1}, {"b": 1, "d": 1}, zones="bd"))

    refused = project.up()
    assert "FAIRWAY_ALLOW_QUORUM_LOSS=1" in refused.text
    project.up("-p", "32", FAIRWAY_ALLOW_QUORUM_LOSS="1").good()

    assert world.names(Machine) == ["b10", "d1", "d10"]
    assert project.preview() == {}
