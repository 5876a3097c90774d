"""Verify where interfaces are given what containers have: a missing prefix is the first fault."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

import pytest

from components.plan.slots import prefixes
from components.verify.compare import Wanted, compare
from components.verify.diagnose import explain
from components.verify.model import Check, Deviation, Held, Outcome, Target
from components.verify.report import Line
from components.verify.sentence import sentence
from components.verify.way import Sight
from tests.support import verify_world
from tests.support.verify_world import FACTS, HOSTS, PROBES, TARGETS, FakeView, good_entry

# The world of tables, with all of its addresses inside one VPC.
INSIDE = replace(FACTS, vpc=IPv4Network("10.0.0.0/8"))
A1, A2, B1 = HOSTS


def without(host: Target, *numbers: int) -> tuple[IPv4Network, ...]:
    return tuple(each for n, each in enumerate(prefixes(host.containers)) if n not in numbers)


def lost(source: str, target: str) -> Outcome:
    address = str(PROBES[target].address)
    check = Check(
        source=source, place="container", kind="tcp", target=target, address=address, port=80
    )
    return Outcome(check=check, word="lost", detail="timed out")


def sight(view: FakeView) -> Sight:
    return replace(verify_world.sight(view), network=INSIDE)


@pytest.mark.parametrize(("source", "target"), [("a1", "b1"), ("b1", "a1")])
def test_a_missing_prefix_stops_what_is_for_its_containers_and_what_they_send(
    source: str, target: str
) -> None:
    view = FakeView(delivered={"b1": without(B1, 0)}, checked=set(TARGETS))
    fault = explain(lost(source, target), sight(view))
    assert (fault.cause, fault.where) == ("prefix-missing", "interface of b1")
    assert fault.short == "interface of b1 lacks prefix 10.225.3.0/28"


def test_a_prefix_that_another_host_has_names_it() -> None:
    (first, *_) = prefixes(B1.containers)
    view = FakeView(delivered={"b1": without(B1, 0), "a2": (*prefixes(A2.containers), first)})
    fault = explain(lost("a1", "b1"), sight(view))
    assert fault.cause == "prefix-wrong-host"
    assert fault.short == "interface of b1 lacks prefix 10.225.3.0/28, which a2 has"


def test_neither_a_table_without_entries_nor_a_check_that_is_on_is_blamed() -> None:
    view = FakeView(entries={("a", "b1"): None, ("b", "a1"): None}, checked=set(TARGETS))
    assert explain(lost("a1", "b1"), sight(view)).cause == "unexplained"


def test_the_sentence_names_the_host_its_range_and_its_prefix() -> None:
    fault = explain(lost("a1", "b1"), sight(FakeView(delivered={"b1": without(B1, 0, 2)})))
    lines = [
        Line(
            name=host.name,
            zone=host.zone,
            container=str(PROBES[host.name].address),
            containers=str(host.containers),
        )
        for host in HOSTS
    ]
    assert sentence(fault, (), lines).startswith(
        "b1 (10.225.3.0/24): interface of b1 lacks prefixes 10.225.3.0/28, 10.225.3.32/28; "
    )


def held(**changes: Any) -> Held:
    """A cloud in which all is well; its tables hold nothing for containers."""
    whole = FakeView().held()
    all_well = {
        "entries": {"table-a": (), "table-b": ()},
        "checked": frozenset(TARGETS),
        "prefixes": {host.name: prefixes(host.containers) for host in HOSTS},
    }
    return replace(whole, **{**all_well, **changes})


def compared(shown: Held) -> list[Deviation]:
    wanted = Wanted(
        hosts=HOSTS, ranges=INSIDE.ranges, by_prefixes=True, rules=frozenset(), one_piece=True
    )
    return [*compare(wanted, shown)]


def given(**changes: tuple[IPv4Network, ...]) -> Held:
    return held(prefixes={**held().prefixes, **changes})


def test_a_cloud_that_delivers_what_is_planned_has_no_deviation() -> None:
    assert compared(held()) == []


def test_a_prefix_that_no_probe_felt_is_named_too() -> None:
    (found,) = compared(given(b1=without(B1, 7)))
    assert (found.kind, found.where) == ("prefix-missing", "interface of b1")
    assert (found.found, found.wanted) == (
        "it lacks prefix 10.225.3.112/28",
        "the prefixes of 10.225.3.0/24",
    )


def test_a_prefix_of_nobodys_containers_is_foreign() -> None:
    stray = IPv4Network("10.225.9.0/28")
    (found,) = compared(given(b1=(*prefixes(B1.containers), stray)))
    assert (found.kind, found.found) == ("prefix-foreign", "it has prefix 10.225.9.0/28")


def test_a_prefix_that_another_host_has_is_told_at_both() -> None:
    moved = prefixes(B1.containers)[7]
    found = compared(given(b1=without(B1, 7), a2=(*prefixes(A2.containers), moved)))
    assert [(each.kind, each.about) for each in found] == [
        ("prefix-foreign", "a2"),
        ("prefix-wrong-host", "b1"),
    ]


def test_a_check_that_is_off_is_told() -> None:
    (found,) = compared(held(checked=frozenset({"a1", "a2"})))
    assert (found.kind, found.where) == ("source-dest-check", "b1")
    assert found.found == "the source/destination check is off"


def test_an_entry_for_containers_is_nobodys_plan() -> None:
    (found,) = compared(held(entries={"table-a": (good_entry(B1),), "table-b": ()}))
    assert (found.kind, found.wanted) == ("foreign-entry", "nothing in 10.225.0.0/16 at all")


def test_a_host_that_has_no_machine_is_told_once() -> None:
    shown = held(machines={"a1": "running", "a2": "running"}, prefixes={}, checked=frozenset())
    assert [each.kind for each in compared(shown) if each.about == "b1"] == ["host-down"]
