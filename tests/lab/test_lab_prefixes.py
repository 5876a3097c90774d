"""Prefixes of interfaces in the real router: delivered without an entry, known to the check."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from lab import names, show
from lab.model import Machine, Prefixes, Status, Vpc
from tests.support.bare_lab import Town, connects, listening, net

LAB = "t27b"
INNER = {"a1": "10.92.1.130", "a2": "10.92.1.162", "b1": "10.92.2.146"}
HELD = {
    "a1": ("10.92.1.128/28", "10.92.1.144/28"),
    "a2": ("10.92.1.160/28",),
    "b1": ("10.92.2.128/28", "10.92.2.144/28"),
}


def prefixes(town: Town, host: str) -> Prefixes:
    return Prefixes(address=town.address(host), prefixes=tuple(map(net, HELD[host])))


@pytest.fixture(scope="module")
def shared() -> Iterator[Town]:
    made = Town(LAB)
    made.vpc = replace(made.vpc, containers=None)
    try:
        made.build()
        for host, inner in INNER.items():
            made.lab.put(prefixes(made, host))
            made.add(host, source_dest_check=True)
            made.container(host, IPv4Address(inner))
        yield made
    finally:
        made.lab.sweep()


@pytest.fixture
def town(shared: Town) -> Iterator[Town]:
    yield shared
    shared.lab.restore_all()
    for host, inner in INNER.items():
        shared.lab.put(prefixes(shared, host))
        shared.container(host, IPv4Address(inner))


def reaches(town: Town, source: str, target: str) -> bool:
    """Tell whether the container of one machine opens a connection to that of another."""
    from_, to = (names.namespace(LAB, host) for host in (source, target))
    with listening(to, IPv4Address(INNER[target]), 7000):
        return connects(from_, IPv4Address(INNER[source]), IPv4Address(INNER[target]), 7000)


def status(town: Town, host: str) -> Status:
    held = town.lab.get(Prefixes, str(town.address(host)))
    assert held is not None
    return held.status


def in_router(*words: str) -> None:
    subprocess.run(["ip", "-n", names.router(LAB), *words], check=True, capture_output=True)


@pytest.mark.parametrize(("source", "target"), [("a1", "b1"), ("b1", "a1"), ("a1", "a2")])
def test_containers_reach_each_other_with_the_check_on_and_no_entry(
    town: Town, source: str, target: str
) -> None:
    assert reaches(town, source, target)
    assert town.lab.entries(source[0]) == ()


def test_the_check_drops_a_source_that_is_in_another_machines_prefix(town: Town) -> None:
    town.container("a2", IPv4Address("10.92.1.131"))
    with listening(names.namespace(LAB, "b1"), IPv4Address(INNER["b1"]), 7000):
        foreign = IPv4Address("10.92.1.131")
        namespace = names.namespace(LAB, "a2")
        assert not connects(namespace, foreign, IPv4Address(INNER["b1"]), 7000)
    assert town.lab.counters()["a2"].source


def test_a_prefix_that_is_taken_away_is_delivered_no_more(town: Town) -> None:
    held = prefixes(town, "b1")
    town.lab.put(replace(held, prefixes=held.prefixes[:1]))
    assert not reaches(town, "a1", "b1")
    assert town.lab.prefixes()["b1"] == held.prefixes[:1]
    town.lab.put(held)
    assert reaches(town, "a1", "b1")


def test_a_prefix_that_a_hand_deletes_is_named_and_no_fault_of_the_vpc(town: Town) -> None:
    in_router("route", "del", "10.92.2.144/28", "table", "50")
    seen = status(town, "b1")
    assert (seen.state, seen.faults) == ("drifted", ("prefix 10.92.2.144/28 is missing",))
    vpc = town.lab.get(Vpc, "vpc")
    assert vpc is not None
    assert vpc.status.faults == ()
    assert town.lab.prefixes()["b1"] == (net("10.92.2.128/28"),)
    town.lab.put(prefixes(town, "b1"))
    assert status(town, "b1").state == "active"


def test_a_prefix_that_a_hand_leads_astray_names_who_gets_it(town: Town) -> None:
    way = ["via", str(town.address("a1")), "dev", names.port("a1"), "onlink", "table", "50"]
    in_router("route", "replace", "10.92.2.144/28", *way)
    assert status(town, "b1").faults == ("prefix 10.92.2.144/28 leads to a1",)
    town.lab.sync()
    assert reaches(town, "a1", "b1")


def test_prefixes_of_a_machine_that_is_off_are_a_black_hole_and_come_back_with_it(
    town: Town,
) -> None:
    town.lab.fail_machine("b1")
    assert (status(town, "b1").state, status(town, "b1").faults) == ("blackhole", ())
    assert town.lab.prefixes()["b1"] == tuple(map(net, HELD["b1"]))
    assert town.lab.lookup("a", IPv4Address(INNER["b1"])).state == "blackhole"
    town.lab.restore_machine("b1")
    town.container("b1", IPv4Address(INNER["b1"]))
    assert reaches(town, "a1", "b1")


def test_the_next_machine_with_the_address_has_the_prefixes(town: Town) -> None:
    town.lab.delete(Machine, "b1")
    town.add("b1", source_dest_check=True)
    town.container("b1", IPv4Address(INNER["b1"]))
    assert reaches(town, "a1", "b1")


def test_prefixes_that_are_deleted_leave_no_route(town: Town) -> None:
    town.lab.delete(Prefixes, str(town.address("b1")))
    assert not reaches(town, "a1", "b1")
    assert town.lab.prefixes()["b1"] == ()


def test_the_lab_shows_what_is_delivered_to_a_machine_and_what_is_not(town: Town) -> None:
    seen = show.overview(town.lab)
    assert seen.is_sound
    assert "10.92.2.128/27" in show.as_text(seen)
    assert show.as_json(seen)["prefixes"]["b1"] == [*HELD["b1"]]
    in_router("route", "del", "10.92.2.144/28", "table", "50")
    assert show.overview(town.lab).faults == (
        f"prefixes of {town.address('b1')}: prefix 10.92.2.144/28 is missing",
    )
