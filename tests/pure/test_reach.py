"""Reachability on paper: plans without a fault, faults with their rule, and a thousand hosts."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from itertools import product
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from components.clouds.lab import rules as lab_rules
from components.clouds.rules import into_hosts
from components.environment import CloudSettings, read_environment
from components.plan import Plan, make_plan
from components.plan.slots import prefixes
from components.reach import Question, Rule, World, reach
from components.reach.planned import HOSTS, of_allowed, planned
from components.reach.survey import survey
from components.reach.trace import led
from tests.support.environments import by_prefixes
from tests.support.properties import patiently
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


@pytest.fixture
def inside() -> World:
    return _inside()


def _inside() -> World:
    """Containers in the VPC, two prefixes for each host, and no entry for any."""
    wanted = config("aws", workers="ab")
    by_prefixes(wanted)
    environment = read_environment(wanted, stack="t6", source="x")
    assert isinstance(environment.settings, CloudSettings)
    plan = make_plan(environment)
    return planned(plan, of_allowed(into_hosts(plan, environment.settings)))


def given(world: World, prefix: IPv4Network, host: str) -> World:
    """The same with a prefix at that host's interface, at none's for ""."""
    assert world.prefixes is not None
    others = {each: held for each, held in world.prefixes.items() if each != prefix}
    return replace(world, prefixes=others | ({prefix: host} if host else {}))


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


def test_with_prefixes_everything_arrives_with_no_entry_and_the_check_on(inside: World) -> None:
    assert set().union(*inside.tables.values()) == set()
    assert all(host.source_dest_check for host in inside.hosts.values())
    assert survey(inside) == ()
    assert reach(inside, asked(inside, "a1", "c1")).arrives


def test_a_missing_prefix_stops_its_own_addresses_both_ways_and_no_others(inside: World) -> None:
    lost, left = prefixes(inside.hosts["b1"].containers)
    broken = given(inside, lost, "")

    there = reach(broken, replace(asked(inside, "a1", "b1"), target=lost[3]))
    back = reach(broken, replace(asked(inside, "b1", "a1"), source=lost[3]))

    assert there == back
    assert (there.cause, there.where) == ("prefix-missing", "interface of b1")
    assert f"it lacks prefix {lost}" in there.why
    assert reach(broken, replace(asked(inside, "a1", "b1"), target=left[3])).arrives
    (found,) = survey(broken)
    assert found.paths == "everything to and from containers of b1 in 1 of its prefixes"
    assert found.verdict == there


def test_a_prefix_at_another_interface_is_told_with_who_has_it(inside: World) -> None:
    first, _ = prefixes(inside.hosts["b1"].containers)
    (found,) = survey(given(inside, first, "c1"))

    assert found.verdict.cause == "prefix-wrong-host"
    assert found.verdict.why.endswith("is given to c1")


def test_an_entry_for_an_address_of_the_vpc_comes_before_its_prefix(inside: World) -> None:
    bent = replace(inside, tables={**inside.tables, "a": {inside.hosts["b1"].containers: "c1"}})

    assert reach(bent, asked(inside, "a1", "b1")).cause == "route-wrong-hop"
    assert reach(bent, asked(inside, "c1", "b1")).arrives
    (found,) = survey(bent)
    assert found.paths == "zone a to containers of b1"


@patiently
@hypothesis.given(data=st.data())
def test_what_a_survey_finds_is_what_the_paths_one_by_one_show(data: st.DataObject) -> None:
    world = _inside()
    assert world.prefixes is not None
    kept = data.draw(st.lists(st.sampled_from(sorted(world.prefixes)), unique=True))
    hosts = data.draw(st.lists(st.sampled_from([*sorted(world.hosts), ""]), min_size=len(kept)))
    for prefix, host in zip(kept, hosts, strict=False):
        world = given(world, prefix, host)
    down = data.draw(st.sampled_from([*world.hosts, ""]))
    world = with_host(world, down, running=False) if down else world

    ends = [prefix[3] for host in world.hosts.values() for prefix in prefixes(host.containers)]
    works = all(
        reach(world, Question(source=one, target=other, port=80)).arrives
        for one, other in product(ends, repeat=2)
    )
    assert works == (survey(world) == ())


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
