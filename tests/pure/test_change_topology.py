"""The network before a change, undone from the engine's steps, and each host's story."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

import pytest

from components.change.story import stories
from components.change.topology import UNKNOWN, Side, Topology, standing, topology
from components.plan import Plan, make_plan
from tests.support.environments import by_prefixes, environment
from tests.support.previewed import CLUSTER, Steps, change, foreseen, question, steps

SIX = make_plan(environment())
ALL = {(zone, slot.name) for zone in "abc" for slot in SIX.slots}


def planned(**hosts: int) -> Plan:
    """The plan with other numbers of workers by zone."""

    def edit(wanted: dict[str, Any]) -> None:
        wanted["pools"][1]["hosts"] = hosts

    return make_plan(environment(edit))


def with_zone_d() -> Plan:
    def edit(wanted: dict[str, Any]) -> None:
        zone = {"name": "d", "subnet": "10.97.48.0/20", "containers": "10.227.192.0/18"}
        wanted["network"]["zones"].append(zone)
        wanted["pools"][1]["hosts"]["d"] = 1

    return make_plan(environment(edit))


def seen(before: Plan, after: Plan, told: Steps | None = None) -> Topology:
    return change(before, after, steps(before, after, {}) if told is None else told).topology


def names(side: Side) -> set[str]:
    return {slot.name for slot in side.plan.slots}


def test_where_nothing_changes_both_sides_are_the_plan() -> None:
    same = seen(SIX, SIX)

    assert names(same.before) == names(same.after) == {slot.name for slot in SIX.slots}
    assert same.before.entries == same.after.entries == ALL
    assert (same.zones, same.entries) == ({}, {})


def test_a_host_that_comes_and_one_that_goes_are_on_one_side_each_with_their_entries() -> None:
    pair = seen(SIX, planned(a=2, b=1))

    assert names(pair.before) - names(pair.after) == {"c10"}
    assert names(pair.after) - names(pair.before) == {"a11"}
    assert pair.entries == {
        **{(zone, "a11"): "added" for zone in "abc"},
        **{(zone, "c10"): "removed" for zone in "abc"},
    }
    gone = pair.before.plan.slot("c10")
    assert (gone.role, str(gone.containers)) == ("worker", "10.227.138.0/24")


def test_a_host_that_is_replaced_is_on_both_sides_and_its_entries_move() -> None:
    pair = seen(SIX, SIX, steps(SIX, SIX, {"b10": ("trixie", "sid")}))

    assert pair.before.entries == pair.after.entries == ALL
    assert pair.entries == {(zone, "b10"): "moved" for zone in "abc"}


def test_a_new_zone_brings_a_table_with_every_entry() -> None:
    pair = seen(SIX, with_zone_d())

    assert pair.zones == {"d": "made"}
    assert {slot for zone, slot in pair.entries if zone == "d"} == names(pair.after)
    assert {slot for zone, slot in pair.entries if zone != "d"} == {"d10"}
    assert set(pair.entries.values()) == {"added"}


def test_a_zone_that_goes_is_told_as_far_as_the_steps_know_it() -> None:
    pair = seen(with_zone_d(), SIX)

    assert pair.zones == {"d": "removed"}
    (zone,) = [zone for zone in pair.before.plan.network.zones if zone.name == "d"]
    assert zone.subnet == IPv4Network("10.97.48.0/20")
    assert zone.containers == UNKNOWN
    assert ("d", "a1") in pair.before.entries


def test_an_entry_that_was_deleted_by_hand_is_missing_before_in_its_table_alone() -> None:
    inputs = {"destination": "10.227.138.0/24"}
    repair = {
        "op": "update",
        "urn": f"{CLUSTER}lab:Route::c10",
        "diffReasons": ["tables"],
        "oldState": {"inputs": {**inputs, "tables": ["table-a", "table-c"]}},
        "newState": {"inputs": {**inputs, "tables": ["table-a", "table-b", "table-c"]}},
    }
    pair = seen(SIX, SIX, [repair])

    assert pair.before.entries == ALL - {("b", "c10")}
    assert pair.entries == {("b", "c10"): "added"}


def test_a_container_range_that_changes_is_the_former_one_before() -> None:
    moved = replace(SIX.slot("c10"), containers=IPv4Network("10.227.139.0/24"))
    after = replace(SIX, slots=(*SIX.slots[:-1], moved))
    pair = seen(SIX, after, steps(SIX, after, {"c10": ("trixie", "trixie")}))

    assert str(pair.before.plan.slot("c10").containers) == "10.227.138.0/24"
    assert str(pair.after.plan.slot("c10").containers) == "10.227.139.0/24"


def test_a_stack_that_goes_from_tables_to_prefixes_loses_its_entries() -> None:
    after = make_plan(environment(by_prefixes))
    told = steps(SIX, after, {slot.name: ("trixie", "trixie") for slot in SIX.slots})
    for each in told:
        if ":Route::" in each["urn"]:
            each |= {"op": "delete", "newState": {}}
    pair = seen(SIX, after, told)

    assert (pair.before.plan.network.routing, pair.after.plan.network.routing) == (
        "tables",
        "prefixes",
    )
    assert str(pair.before.plan.network.containers) == "10.227.0.0/16"
    assert pair.before.entries == ALL
    assert not pair.after.entries
    assert pair.entries == dict.fromkeys(ALL, "removed")
    assert str(pair.before.plan.slot("b10").containers) == "10.227.74.0/24"


def test_a_stack_that_goes_from_prefixes_to_tables_has_no_entry_before() -> None:
    inside = make_plan(environment(by_prefixes))
    told = steps(inside, SIX, {slot.name: ("trixie", "trixie") for slot in SIX.slots})
    for each in told:
        if ":Route::" in each["urn"]:
            each |= {"op": "create", "oldState": {}}
    pair = seen(inside, SIX, told)

    assert pair.before.plan.network.containers is None
    assert not pair.before.entries
    assert pair.entries == dict.fromkeys(ALL, "added")


def test_with_prefixes_both_sides_have_hosts_and_no_entry() -> None:
    inside = make_plan(environment(by_prefixes))
    same = seen(inside, inside)

    assert same.before.plan.network.ranges == inside.network.ranges
    assert (same.before.entries, same.after.entries, same.entries) == (frozenset(), frozenset(), {})
    assert names(same.before) == names(same.after)


def test_before_the_first_up_nothing_is_there() -> None:
    none = replace(SIX, slots=(), routes=(), network=replace(SIX.network, zones=()))
    pair = change(None, SIX, steps(none, SIX, {})).topology

    assert names(pair.before) == set()
    assert pair.before.plan.network.zones == ()
    assert pair.before.entries == frozenset()
    assert set(pair.zones.values()) == {"made"}


def test_a_host_that_stands_without_a_proof_is_there_before() -> None:
    """An `up` that failed half way left its hosts, and nothing that says which."""
    told = steps(planned(a=1, b=1), SIX, {})
    pair = topology(SIX, foreseen(None, SIX, told), (), {})

    assert names(pair.before) == {slot.name for slot in SIX.slots} - {"c10"}


def test_a_host_that_a_failed_up_removed_is_on_no_side_though_the_state_still_asks_for_it() -> None:
    pair = seen(SIX, planned(a=1, b=1), [])

    assert names(pair.before) == names(pair.after) == {"a1", "b1", "c1", "a10", "b10"}
    assert pair.entries == {}


def test_a_host_that_goes_is_removed_even_where_its_machine_went_before() -> None:
    after = planned(a=1, b=1)
    left = [step for step in steps(SIX, after, {}) if "lab:Machine" not in step["urn"]]
    made = change(SIX, after, left)

    assert made.hosts == {"c10": "removed"}
    assert made.stories["c10"].startswith("c10 is removed.")


def test_the_tables_of_the_clouds_are_named_by_their_zones() -> None:
    told = [
        {
            "op": "delete",
            "urn": f"{CLUSTER}aws:ec2/route:Route::{table}::c10",
            "oldState": {"inputs": {"destinationCidrBlock": "10.227.138.0/24"}},
        }
        for table in ("a", "public")
    ]

    pair = seen(SIX, SIX, told)
    assert pair.entries == {("a", "c10"): "removed"}


def test_what_the_state_knows_of_hosts_is_read_with_their_roles() -> None:
    stood = standing(question(SIX), {"a1": "manager"})

    assert [slot.name for slot in stood] == [slot.name for slot in SIX.slots]
    assert {slot.name for slot in stood if slot.role == "manager"} == {"a1"}


def test_a_story_says_why_what_is_away_and_what_the_entries_do() -> None:
    after = planned(a=2, b=1)
    replaced = {"b10": ("trixie", "sid")}
    made = change(SIX, after, steps(SIX, after, replaced), volumes={"b10": ("pgdata",)})

    assert made.stories["b10"] == (
        "b10 is replaced, for image (trixie → sid)."
        " Data lost with the machine of b10: volumes pgdata."
        " Paths away: all to and from b10 (10.227.74.0/24), for the time a machine takes to boot."
        " Its route entry moves to the next machine, and leads nowhere until that is there,"
        " in the tables of zones a, b, c."
    )
    assert (
        made.stories["a11"]
        == "a11 is new. Its route entry is added in the tables of zones a, b, c."
    )
    assert made.stories["c10"].startswith("c10 is removed. Paths gone: all to and from c10")
    assert set(made.stories) == {"a11", "b10", "c10"}


def test_a_host_to_which_only_entries_change_stays() -> None:
    made = change(SIX, with_zone_d(), steps(SIX, with_zone_d(), {}))

    assert made.stories["a1"] == (
        "a1 stays as it is. Its route entry is added in the table of zone d."
    )
    assert made.hosts == {"d10": "made"}
    assert not any(line.text.startswith("hosts changed") for line in made.meaning.lines)


@pytest.mark.parametrize(
    "value",
    ["[secret]", "04da6b54-80e4-46f7-96ec-b56ff0331ba9", "x" * 41, "a\nb", ["a"], None],
)
def test_a_value_that_is_masked_unknown_or_long_is_not_shown(value: object) -> None:
    told = steps(SIX, SIX, {"b10": ("trixie", "sid")})
    for step in told:
        if "lab:Machine" in step["urn"]:
            step["newState"]["inputs"]["image"] = value
    read = foreseen(SIX, SIX, told)
    made = change(SIX, SIX, told)

    story = stories(read, made.meaning, made.topology)["b10"]
    assert story.startswith("b10 is replaced, for image. ")
