from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from components.errors import LabError, QuotaExceeded
from lab import names, namespaces
from lab.model import Machine, Route, RouteTable, Status, Vpc, VSwitch
from tests.support.bare_lab import Town, connects, listening, net, town


@pytest.fixture(scope="module")
def three() -> Iterator[Town]:
    with town("t2r", "a1", "b1", "c1") as made:
        yield made


def state_of(town: Town, table: str, host: str) -> str:
    held = town.lab.get(Route, town.route(table, host).name)
    assert held is not None
    return held.status.state


def test_hosts_and_containers_of_three_zones_reach_each_other(three: Town) -> None:
    for source in ("a1", "a1.c", "b1.c"):
        for target in ("b1", "b1.c", "c1", "c1.c"):
            assert three.reaches(source, target), f"{source} -> {target}"


def test_two_machines_of_one_vswitch_meet_only_through_the_router(three: Town) -> None:
    for host in ("a2", "a3"):
        three.add(host)
    try:
        assert three.reaches("a1", "a2")
        _proxy_arp("a1", "0")  # the router no longer answers for the neighbours
        assert not three.reaches("a1", "a3")
    finally:
        _proxy_arp("a1", "1")
        for host in ("a2", "a3"):
            three.lab.delete(Machine, host)


def _proxy_arp(machine: str, value: str) -> None:
    settings = {f"net/ipv4/conf/{names.port(machine)}/proxy_arp": value}
    namespaces.within(names.router("t2r"), lambda: namespaces.set_sysctls(settings))


def test_an_entry_that_one_zones_table_lacks_cuts_that_zone_off_in_both_directions() -> None:
    with town("t2m", "a1", "b1", "c1") as made:
        made.lab.delete(Route, made.route("c", "a1").name)
        assert made.reaches("b1.c", "a1.c")
        assert not made.reaches("c1.c", "a1.c")
        assert not made.reaches("a1.c", "c1.c")  # the answer does not find its way back
        assert made.lab.lookup("c", made.inner("a1")).kind == "none"


def test_the_longest_prefix_wins(three: Town) -> None:
    wide = Route(
        table="a",
        destination=net(f"10.222.{three.base}.0/17"),
        machine_id=three.route("a", "c1").machine_id,
    )
    three.lab.put(wide)
    try:
        assert three.reaches("a1.c", "b1.c")
        assert three.lab.lookup("a", three.inner("b1")).machine == "b1"
        assert three.lab.lookup("a", IPv4Address(int(three.inner("b1")) + 5 * 256)).machine == "c1"
    finally:
        three.lab.delete(Route, wide.name)


def test_an_entry_of_a_stopped_machine_is_a_black_hole_and_no_shorter_prefix_takes_over() -> None:
    with town("t2h", "a1", "b1", "c1") as made:
        wide = replace(made.route("a", "c1"), destination=made.containers)
        made.lab.put(wide)
        made.container("c1", made.inner("b1"))  # who would answer if packets fell through
        made.lab.fail_machine("b1")
        assert made.lab.lookup("a", made.inner("b1")).state == "blackhole"
        assert state_of(made, "a", "b1") == "blackhole"
        from_ns, source = made.where("a1.c")
        to_ns, _ = made.where("c1.c")
        with listening(to_ns, made.inner("b1"), 7000):
            assert not connects(from_ns, source, made.inner("b1"), 7000)


def test_a_machine_that_comes_back_carries_its_entries_again(three: Town) -> None:
    three.lab.fail_machine("b1")
    assert state_of(three, "a", "b1") == "blackhole"
    three.lab.restore_machine("b1")
    three.container("b1")
    assert three.reaches("a1.c", "b1.c")
    assert state_of(three, "a", "b1") == "active"


def test_entries_of_a_replaced_machine_wait_for_its_new_id() -> None:
    with town("t2i", "a1", "b1") as made:
        old = made.route("a", "b1")
        made.lab.delete(Machine, "b1")
        made.add("b1")
        new = made.route("a", "b1")
        assert new.machine_id != old.machine_id
        assert made.lab.put(old).state == "blackhole"
        assert not made.reaches("a1.c", "b1.c")
        assert made.lab.put(new).state == "active"
        made.lab.put(made.route("b", "b1"))
        assert made.reaches("a1.c", "b1.c")
        assert len(made.lab.entries("a")) == 2


def test_a_full_table_refuses_the_next_entry_and_keeps_the_others() -> None:
    with town("t2q", "a1", "b1", quota=2) as made:
        extra = replace(made.route("a", "b1"), destination=made.cidr("c7"))
        with pytest.raises(QuotaExceeded, match=r"route table a.*2 entries.*at most 2"):
            made.lab.put(extra)
        made.lab.fail_machine("b1")
        with pytest.raises(QuotaExceeded):
            made.lab.put(extra)  # a black hole still counts
        assert made.lab.get(Route, extra.name) is None
        made.lab.put(replace(made.vpc, quota=3))
        assert made.lab.put(extra).state == "blackhole"


def test_a_vswitch_changes_its_table_in_place(three: Town) -> None:
    three.lab.put(RouteTable(name="empty"))
    vswitch = VSwitch(name="a", zone="a", cidr=three.subnet("a"), table="empty")
    three.lab.put(vswitch)
    try:
        assert not three.reaches("a1.c", "b1.c")
        assert three.reaches("a1", "b1")  # addresses of the VPC need no entry
    finally:
        three.lab.put(replace(vswitch, table="a"))
        three.lab.delete(RouteTable, "empty")
    assert three.reaches("a1.c", "b1.c")


def test_the_gateway_answers_and_an_address_of_nobody_does_not(three: Town) -> None:
    nobody = three.lab.lookup("a", IPv4Address(int(three.address("a1")) + 99))
    assert (nobody.kind, nobody.state) == ("local", "blackhole")
    held = three.lab.get(VSwitch, "a")
    assert held is not None
    assert held.status == Status(id=held.status.id, state="ready")


def test_putting_the_same_again_changes_nothing(three: Town) -> None:
    before = three.lab._store.path.read_bytes()
    boots = dict(three.machines.boots)
    held = three.lab.get(Machine, "a1")
    assert held is not None
    three.lab.put(three.vpc)
    assert three.lab.put(held.spec).id == held.status.id
    three.lab.put(three.route("a", "b1"))
    assert three.lab.sync() == ()
    assert three.lab._store.path.read_bytes() == before
    assert three.machines.boots == boots


def test_a_vpc_with_machines_in_it_is_not_deleted(three: Town) -> None:
    with pytest.raises(LabError, match="still in use"):
        three.lab.delete(Vpc, "vpc")
    assert three.reaches("a1", "b1")
