"""What a hand changes behind the lab's back is seen as drift, and mended by a put or a sync."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from lab import filter as nftables
from lab import names, namespaces
from lab.model import Machine, Route, RouteTable, SecurityGroup, Spec, Status, Vpc, VSwitch
from tests.support.bare_lab import Town, town

LAB = "t2d"


@pytest.fixture(scope="module")
def shared() -> Iterator[Town]:
    with town(LAB, "a1", "b1", "c1", uplink=True) as made:
        yield made


@pytest.fixture
def lab(shared: Town) -> Iterator[Town]:
    yield shared
    shared.lab.sync()
    for host in ("a1", "b1", "c1"):
        shared.container(host)


def by_hand(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


def in_router(*words: str) -> None:
    by_hand("ip", "-n", names.router(LAB), *words)


def status(town: Town, kind: type[Spec], name: str) -> Status:
    held = town.lab.get(kind, name)
    assert held is not None
    return held.status


def table_number(town: Town, table: str) -> str:
    return status(town, RouteTable, table).id


def test_a_route_deleted_by_hand_is_missing_and_a_put_brings_it_back(lab: Town) -> None:
    route = lab.route("a", "b1")
    in_router("route", "del", str(route.destination), "table", table_number(lab, "a"))
    assert not lab.reaches("a1.c", "b1.c")
    assert status(lab, Route, route.name).state == "missing"
    assert lab.lab.lookup("a", lab.inner("b1")).state == "missing"
    assert status(lab, Route, lab.route("c", "b1").name).state == "active"
    assert lab.lab.put(route).state == "active"
    assert lab.reaches("a1.c", "b1.c")


def test_an_entry_and_its_black_hole_deleted_by_hand_are_missing_too(lab: Town) -> None:
    route = lab.route("a", "b1")
    for _ in range(2):
        in_router("route", "del", str(route.destination), "table", table_number(lab, "a"))
    assert status(lab, Route, route.name).state == "missing"
    lab.lab.put(route)
    assert status(lab, Route, route.name).state == "active"


def test_an_entry_led_astray_by_hand_names_where_it_leads(lab: Town) -> None:
    route = lab.route("a", "b1")
    address, port = str(lab.address("c1")), names.port("c1")
    way = ["via", address, "dev", port, "onlink", "table", table_number(lab, "a")]
    in_router("route", "replace", str(route.destination), *way)
    seen = status(lab, Route, route.name)
    assert (seen.state, seen.faults) == ("drifted", ("it leads to c1",))
    lab.lab.put(route)
    assert status(lab, Route, route.name).state == "active"
    assert lab.reaches("a1.c", "b1.c")


def test_a_route_added_by_hand_is_no_part_of_the_lab_and_goes(lab: Town) -> None:
    in_router("route", "add", "blackhole", "203.0.113.0/24", "table", table_number(lab, "a"))
    assert status(lab, RouteTable, "a").state == "drifted"
    assert any("203.0.113.0/24" in fault for fault in lab.lab.sync())
    assert status(lab, RouteTable, "a").state == "ready"


def test_rules_flushed_by_hand_are_drift_of_every_group_and_come_back(lab: Town) -> None:
    lab.lab.put(SecurityGroup(name="closed"))
    held = lab.lab.get(Machine, "b1")
    assert held is not None
    lab.lab.put(replace(held.spec, groups=("closed",)))
    try:
        assert not lab.reaches("a1", "b1")
        nftables.within_router(LAB, "flush", "ruleset")
        assert lab.reaches("a1", "b1")  # the hand opened it
        assert status(lab, SecurityGroup, "closed").state == "drifted"
        assert status(lab, Machine, "b1").faults
        lab.lab.put(SecurityGroup(name="closed"))
        assert status(lab, SecurityGroup, "closed").state == "ready"
        assert not lab.reaches("a1", "b1")
    finally:
        lab.lab.put(held.spec)
        lab.lab.delete(SecurityGroup, "closed")


@pytest.mark.parametrize(
    "words",
    [
        ("add", "element", "ip", "vpc", "checked", '{ "m-a1" }'),
        ("insert", "rule", "ip", "vpc", "in_a1", "drop"),
        ("flush", "chain", "ip", "vpc", "groups"),
        ("add", "table", "ip", "foreign"),
    ],
)
def test_any_change_to_the_rules_is_noticed(lab: Town, words: tuple[str, ...]) -> None:
    nftables.within_router(LAB, *words)
    assert status(lab, SecurityGroup, "open").state == "drifted"
    assert lab.lab.sync() == ("the security rules had been changed by hand",)
    assert status(lab, SecurityGroup, "open").state == "ready"


def test_packets_that_are_counted_are_no_drift(lab: Town) -> None:
    held = lab.lab.get(Machine, "a1")
    assert held is not None
    lab.lab.put(replace(held.spec, source_dest_check=True))
    try:
        assert not lab.reaches("a1.c", "b1.c")
        assert lab.lab.counters()["a1"].source
        assert status(lab, SecurityGroup, "open").state == "ready"
    finally:
        lab.lab.put(held.spec)


def test_a_gateway_removed_by_hand_is_found(lab: Town) -> None:
    gateway = str(lab.subnet("a").network_address + 1)
    in_router("addr", "del", f"{gateway}/32", "dev", "lo")
    assert status(lab, VSwitch, "a").faults == (f"its gateway {gateway} is missing",)
    assert lab.lab.sync() == (f"{gateway} was missing",)


def test_a_policy_rule_removed_by_hand_is_found(lab: Town) -> None:
    in_router("rule", "del", "iif", names.port("a1"))
    assert status(lab, Vpc, "vpc").state == "drifted"
    lab.lab.put(lab.vpc)
    assert status(lab, Vpc, "vpc").state == "ready"
    assert lab.reaches("a1.c", "b1.c")


@pytest.mark.parametrize(
    ("hand", "words"),
    [
        (lambda: by_hand("ip", "link", "del", names.uplink(LAB)), "uplink"),
        (lambda: by_hand("ip", "route", "del", "10.222.0.0/17"), "10.222.0.0/17"),
        (lambda: by_hand("nft", "delete", "table", "ip", names.nft_table(LAB)), "nft table"),
    ],
)
def test_a_broken_uplink_is_found_and_mended(
    lab: Town, hand: Callable[[], None], words: str
) -> None:
    hand()
    seen = status(lab, Vpc, "vpc")
    assert seen.state == "drifted"
    assert any(words in fault for fault in seen.faults)
    lab.lab.put(lab.vpc)
    assert status(lab, Vpc, "vpc") == Status(id=seen.id, state="ready")


def test_a_lost_router_is_missing_and_is_built_again_under_running_machines(lab: Town) -> None:
    boots = dict(lab.machines.boots)
    namespaces.remove(names.router(LAB))
    for kind, name in ((Vpc, "vpc"), (RouteTable, "a"), (VSwitch, "a"), (SecurityGroup, "open")):
        assert status(lab, kind, name).state == "missing"
    assert status(lab, Route, lab.route("a", "b1").name).state == "missing"
    assert "its link to the router is missing" in status(lab, Machine, "a1").faults
    lab.lab.put(lab.vpc)
    assert lab.machines.boots == boots
    assert lab.reaches("a1.c", "b1.c")
    assert lab.lab.sync() == ()


def test_a_machine_that_died_is_stopped_and_a_put_boots_it_with_its_id(lab: Town) -> None:
    held = lab.lab.get(Machine, "a1")
    assert held is not None
    lab.machines.kill(LAB, "a1")
    assert status(lab, Machine, "a1").state == "stopped"
    again = lab.lab.put(held.spec)
    assert (again.state, again.id) == ("running", held.status.id)
    lab.container("a1")
    assert lab.reaches("a1.c", "b1.c")
