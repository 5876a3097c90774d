"""Reachability on paper: plans without a fault, faults with their rule, and a thousand hosts."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest

from components.clouds.lab import rules as lab_rules
from components.clouds.rules import into_hosts
from components.environment import CloudSettings, read_environment
from components.plan import Plan, make_plan
from components.reach import Question, Rule, World, reach
from components.reach.planned import HOSTS, of_allowed, planned
from components.reach.survey import survey
from components.reach.trace import led
from tests.support.stage import config


def plan_of(cloud: str) -> tuple[Plan, Any]:
    environment = read_environment(config(cloud, workers="ab"), stack="t6", source="x")
    return make_plan(environment), environment.settings


def of_lab(told: list[dict[str, Any]]) -> tuple[Rule, ...]:
    """The lab's rules, as its resource takes them, as the model's."""
    return tuple(
        Rule(
            direction=each["direction"],
            peer=IPv4Network(each["source"]) if "/" in each["source"] else each["source"],
            protocol=each["protocol"],
        )
        for each in told
    )


def world_of(cloud: str) -> World:
    plan, settings = plan_of(cloud)
    if isinstance(settings, CloudSettings):
        return planned(plan, of_allowed(into_hosts(plan, settings)))
    return planned(plan, of_lab(lab_rules(plan, settings.uplink)))


@pytest.fixture
def world() -> World:
    return world_of("aws")


def inner(world: World, host: str) -> IPv4Address:
    return world.hosts[host].containers[5]


def asked(world: World, source: str, target: str, port: int | None = 5432) -> Question:
    return Question(source=inner(world, source), target=inner(world, target), port=port)


def without(world: World, table: str, host: str) -> World:
    entries = {c: hop for c, hop in world.tables[table].items() if hop != host}
    return replace(world, tables={**world.tables, table: entries})


def with_host(world: World, name: str, **changes: Any) -> World:
    return replace(world, hosts={**world.hosts, name: replace(world.hosts[name], **changes)})


@pytest.mark.parametrize("cloud", ["lab", "aws", "alicloud"])
def test_in_a_planned_network_nothing_is_broken(cloud: str) -> None:
    world = world_of(cloud)

    assert survey(world) == ()
    assert reach(world, asked(world, "a1", "c1")).arrives


def test_a_missing_entry_names_the_table_and_stops_the_answer_as_well(world: World) -> None:
    broken = without(world, "c", "b1")

    there = reach(broken, asked(world, "c1", "b1"))
    back = reach(broken, asked(world, "b1", "c1"))

    assert there == back
    assert (there.cause, there.where) == ("route-missing", "route table c (zone c)")
    (found,) = survey(broken)
    assert str(found).startswith("zone c to containers of b1: route table c (zone c): no entry")


def test_an_entry_to_a_machine_that_is_gone_is_a_black_hole(world: World) -> None:
    gone = replace(world, hosts={n: h for n, h in world.hosts.items() if n != "b10"})
    entries = {**world.tables["a"], world.hosts["b1"].containers: "b10"}

    verdict = reach(replace(gone, tables={**world.tables, "a": entries}), asked(world, "a1", "b1"))

    assert verdict.cause == "black-hole"


def test_the_most_specific_entry_decides(world: World) -> None:
    part = IPv4Network((int(inner(world, "b1")), 32))
    entries = {**world.tables["a"], part: "c1"}
    bent = replace(world, tables={**world.tables, "a": entries})

    verdict = reach(bent, asked(world, "a1", "b1"))

    assert verdict.cause == "route-wrong-hop"
    assert str(part) in verdict.why
    other = replace(asked(world, "a1", "b1"), target=inner(world, "b1") + 1)
    assert reach(bent, other).arrives


def test_a_check_that_is_on_stops_containers_and_not_the_host(world: World) -> None:
    on = with_host(world, "b1", source_dest_check=True)
    host = replace(asked(world, "a1", "b1"), target=world.hosts["b1"].address)

    assert reach(on, asked(world, "a1", "b1")).cause == "source-dest-check"
    assert reach(on, asked(world, "b1", "a1")).cause == "source-dest-check"
    assert reach(on, host).arrives


def test_a_group_as_a_source_does_not_let_containers_in(world: World) -> None:
    members = replace(world, groups={HOSTS: (Rule(direction="in", peer=HOSTS),)})

    verdict = reach(members, asked(world, "a1", "b1"))

    assert verdict.cause == "security-group"
    assert verdict.why == f"no rule lets tcp 5432 in from {inner(world, 'a1')}"
    (found,) = survey(members)
    assert found.paths == "containers of group hosts to containers of group hosts"


def test_a_host_that_is_down_is_named_once(world: World) -> None:
    (found,) = survey(with_host(world, "b1", running=False))

    assert str(found) == ("everything to and from containers of b1: b1: its machine does not run")


def test_two_containers_of_one_host_need_no_route(world: World) -> None:
    nothing = replace(world, tables={name: {} for name in world.tables})
    here = Question(source=inner(world, "a1"), target=inner(world, "a1") + 1, port=80)

    assert reach(nothing, here).arrives


def test_an_address_of_nobody_is_told_as_such(world: World) -> None:
    nobody = Question(source=inner(world, "a1"), target=IPv4Address("192.0.2.1"))

    assert reach(world, nobody).cause == "no-such-address"


def test_what_a_survey_asks_grows_with_hosts_and_tables_and_not_with_pairs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_entries: list[str] = []

    def counted(world: World, source: Any, target: Any) -> Any:
        asked_entries.append(target.host.name)
        return led(world, source, target)

    monkeypatch.setattr("components.reach.survey.led", counted)

    survey(world)

    assert len(asked_entries) <= len(world.hosts) * len(world.tables)
