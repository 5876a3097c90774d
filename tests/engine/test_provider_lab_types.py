"""Each lab resource type on the real engine: made once, found when lost, mended when changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from lab.model import Machine, Prefixes, Route, RouteTable, SecurityGroup, Vpc, VSwitch
from tests.support.bench_project import Project
from tests.support.plugin_world import FakeLab, World

PROGRAM = """
identity = resources.Identity("t6", cluster="t6")
vpc = resources.Vpc("t6", lab="t6", cidr="10.96.0.0/16", containers="10.226.0.0/16",
                    uplink="10.76.96.0/30", quota={quota})
table = resources.RouteTable("main", lab="t6", vpc=vpc.id)
other = resources.RouteTable("other", lab="t6", vpc=vpc.id)
group = resources.SecurityGroup("hosts", lab="t6", vpc=vpc.id, rules=[
    dict(direction="in", protocol="tcp", ports=[22, {port}], source="10.76.96.0/30")])
a = resources.VSwitch("a", lab="t6", zone="a", cidr="10.96.1.0/24", table=table.name)
text = identity.seed.apply(lambda seed: "#cloud-config {version} " + seed)
for number in {numbers}:
    m = resources.Machine(f"a{{number}}", lab="t6", vswitch=a.name,
        address=f"10.96.1.{{10 + number}}", image="{image}", groups=[group.name],
        user_data=text, seed=identity.seed)
    resources.Route(f"a{{number}}", lab="t6", tables={tables},
        destination=f"10.226.{{number}}.0/24", machine=m.id)
resources.Prefixes("a1", lab="t6", vswitch=a.name, address="10.96.1.11", prefixes={prefixes})
pulumi.export("seed", identity.seed)
"""


def program(**changes: object) -> str:
    values = {"quota": 9, "port": 23, "version": 1, "numbers": [1, 2], "image": "trixie"}
    values["tables"] = "[table.name, other.name]"
    values["prefixes"] = '["10.96.1.128/28", "10.96.1.144/28"]'
    return PROGRAM.format(**{**values, **changes})


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    project = Project(tmp_path_factory.mktemp("lab"))
    project.program(program())
    project.up().good()
    yield project
    project.destroy().good()
    assert World(project.world).names(Machine) == []


@pytest.fixture
def world(built: Project) -> World:
    found = World(built.world)
    found.forget_acts()
    return found


def test_a_second_preview_of_every_type_is_empty(built: Project) -> None:
    assert built.preview() == {}


LOST: dict[str, tuple[type[Any], str]] = {
    "Vpc t6": (Vpc, "vpc"),
    "RouteTable main": (RouteTable, "main"),
    "RouteTable other": (RouteTable, "other"),
    "SecurityGroup hosts": (SecurityGroup, "hosts"),
    "VSwitch a": (VSwitch, "a"),
    "Machine a2": (Machine, "a2"),
    "Prefixes a1": (Prefixes, "10.96.1.11"),
}


def test_what_is_deleted_behind_its_back_is_found_and_made_again(
    built: Project, world: World
) -> None:
    for kind, name in LOST.values():
        world.lose(kind, name)

    assert sorted(built.preview()["create"]) == sorted(LOST)
    built.up().good()

    made = {f"make {kind.__name__} {name}" for kind, name in LOST.values()}
    assert made == {act for act in world.acts() if act.startswith("make")}
    assert built.preview() == {}


def test_a_route_lost_from_all_tables_is_made_again(built: Project, world: World) -> None:
    for table in ("main", "other"):
        world.lose(Route, f"{table}/10.226.1.0/24")

    assert built.preview() == {"create": ["Route a1"]}
    built.up().good()

    assert built.preview() == {}


def test_a_route_lost_from_one_table_is_put_back_there_alone(built: Project, world: World) -> None:
    world.lose(Route, "other/10.226.1.0/24")

    assert built.preview() == {"update": ["Route a1"]}
    built.up().good()

    assert "make Route other/10.226.1.0/24" in world.acts()
    assert built.preview() == {}


def test_a_table_that_is_no_longer_named_loses_its_entries_in_place(
    built: Project, world: World
) -> None:
    built.program(program(tables="[table.name]"))
    built.up().good()
    assert world.names(Route) == ["main/10.226.1.0/24", "main/10.226.2.0/24"]

    built.program(program())
    built.up().good()
    assert len(world.names(Route)) == 4
    assert not [act for act in world.acts() if "Machine" in act]


def held(world: World, kind: type, name: str) -> Any:
    found = FakeLab(world).get(kind, name)
    assert found is not None
    return found


def test_what_is_changed_behind_its_back_is_put_right_by_a_plain_up(
    built: Project, world: World
) -> None:
    world.change(replace(held(world, Vpc, "vpc").spec, quota=1))
    world.change(replace(held(world, SecurityGroup, "hosts").spec, rules=()))
    world.change(replace(held(world, Machine, "a1").spec, source_dest_check=False))
    world.change(replace(held(world, Route, "main/10.226.2.0/24").spec, machine_id="a2-dead"))
    world.change(replace(held(world, Prefixes, "10.96.1.11").spec, prefixes=()))
    world.stop("a2")

    assert sorted(built.preview()["update"]) == [
        "Machine a1",
        "Machine a2",
        "Prefixes a1",
        "Route a2",
        "SecurityGroup hosts",
        "Vpc t6",
    ]
    built.up().good()

    assert built.preview() == {}
    assert held(world, Vpc, "vpc").spec.quota == 9
    assert held(world, Machine, "a2").status.state == "running"
    assert "make Machine a2" not in world.acts()


def test_a_machine_is_replaced_before_its_route_is_moved_to_the_new_one(
    built: Project, world: World
) -> None:
    before = held(world, Machine, "a1").status.id
    built.program(program(version=2, numbers=[1, 2]))

    built.up("--target", "**::a1").good()

    acts = [act for act in world.acts() if " a1" in act or "10.226.1.0" in act]
    acts.remove("wait Machine a1")
    assert acts == [
        "remove Machine a1",
        "make Machine a1",
        "change Route main/10.226.1.0/24",
        "change Route other/10.226.1.0/24",
    ]
    assert held(world, Machine, "a1").status.id != before
    built.up().good()
    assert built.preview() == {}


def test_prefixes_grow_in_place_and_what_is_none_is_refused_before_anything_happens(
    built: Project, world: World
) -> None:
    built.program(program(version=2, prefixes='["10.96.1.128/28", "10.96.1.1/28"]'))
    refused = built.up()
    assert "input 'prefixes[1]' does not fit: found '10.96.1.1/28'" in refused.text
    assert world.acts() == []

    built.program(program(version=2, prefixes='["10.96.1.128/28"]'))
    built.up().good()

    assert world.acts() == ["change Prefixes 10.96.1.11"]
    built.program(program(version=2))
    built.up().good()


def test_a_full_route_table_is_named_and_everything_else_stands(
    built: Project, world: World
) -> None:
    built.program(program(version=2, quota=3, numbers=[1, 2, 3, 4]))

    failed = built.up()

    assert failed.status != 0
    assert "route table main: the table is full: found 3 entries" in failed.text
    assert len(world.names(Route)) == 2 * 3
    assert world.names(Machine) == ["a1", "a2", "a3", "a4"]
    built.program(program(version=2, quota=4, numbers=[1, 2, 3, 4]))
    built.up().good()
    assert len(world.names(Route)) == 8
    built.program(program(version=2))
    built.up().good()


def test_no_secret_is_in_the_state_or_in_what_is_printed_in_plain(built: Project) -> None:
    seed = built.pulumi("stack", "output", "seed", "--show-secrets").good().text.strip()
    assert len(seed) == 44

    built.program(program(version=2, port=24))
    shown = built.up("--diff", "--debug").good().text

    assert seed not in shown
    assert built.files_that_hold(seed) == []
    assert built.files_that_hold("#cloud-config") == []
    inputs = built.resource("Machine", "a1")["inputs"]
    assert len(inputs["userData"]) == 64
    assert "ciphertext" in inputs["seed"]
