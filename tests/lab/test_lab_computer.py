"""What a lab does to the computer that it stands on, and that nothing of it stays."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from components.errors import LabConflict, LabError
from lab import names, namespaces
from lab.lab import Lab
from lab.model import Machine, Route, RouteTable, SecurityGroup, Vpc, VSwitch
from tests.support.bare_lab import PATIENCE, Town, connects, listening, town
from tests.support.computer import (
    WORLD,
    WORLD_ADDRESS,
    assert_same,
    changes,
    on_its_own_computer,
    snapshot,
)

OUTSIDE = IPv4Address(WORLD_ADDRESS)
NEIGHBOUR_WAY = ("ip", "-n", WORLD, "route", "add", "10.92.0.0/17", "via", "198.51.100.2")


def by_hand(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def computer_reaches(address: IPv4Address) -> bool:
    with socket.socket() as client:
        client.settimeout(PATIENCE)
        return client.connect_ex((str(address), 7000)) == 0


def reaches_outside(made: Town, end: str) -> bool:
    namespace, address = made.where(end)
    with listening(WORLD, OUTSIDE, 7000):
        return connects(namespace, address, OUTSIDE, 7000)


@on_its_own_computer
def test_down_leaves_the_computer_as_it_was() -> None:
    before = snapshot()
    made = Town("t2x", uplink=True).build("a1", "b1").route_all("a1", "b1")
    assert changes(before)
    made.lab.down()
    assert_same(before)
    made.lab.down()
    assert_same(before)


@on_its_own_computer
def test_deleting_everything_one_by_one_leaves_the_computer_as_it_was() -> None:
    before = snapshot()
    made = Town("t2x", uplink=True).build("a1", "b1").route_all("a1", "b1")
    for kind in (Route, Machine, SecurityGroup, VSwitch, RouteTable, Vpc):
        for held in made.lab.all(kind):
            made.lab.delete(kind, held.spec.name)
            made.lab.delete(kind, held.spec.name)
    assert_same(before)


@on_its_own_computer
def test_looking_at_a_lab_that_does_not_exist_creates_nothing() -> None:
    before = snapshot()
    lab = Lab.open("t2x")
    assert lab.get(Machine, "a1") is None
    assert lab.all(Route) == ()
    lab.delete(Machine, "a1")
    assert lab.sync() == ()
    assert lab.counters() == {}
    assert lab.sweep() == ()
    assert_same(before)


@on_its_own_computer
def test_two_labs_stand_side_by_side_and_one_goes_without_the_other() -> None:
    before = snapshot()
    with town("t2x", "a1", "b1", uplink=True) as one:
        between = snapshot()
        with town("t2x-b", "a1", "b1", half=1, uplink=True) as two:
            assert Lab.names() == ("t2x", "t2x-b")
            assert one.reaches("a1.c", "b1.c")
            assert two.reaches("a1.c", "b1.c")
            namespace, address = one.where("a1")
            with listening(*two.where("a1"), 7000):
                assert not connects(namespace, address, two.address("a1"), 7000)
        assert_same(between)
        assert one.reaches("a1.c", "b1.c")
        assert reaches_outside(one, "a1")
    assert_same(before)


@on_its_own_computer
def test_hosts_reach_the_outside_by_nat_and_the_computer_reaches_hosts() -> None:
    with town("t2x", "a1", uplink=True) as made:
        assert reaches_outside(made, "a1")
        with listening(*made.where("a1"), 7000):
            assert computer_reaches(made.address("a1"))
        with listening(*made.where("a1.c"), 7000):
            assert computer_reaches(made.inner("a1"))


@on_its_own_computer
def test_a_container_without_its_hosts_masquerade_does_not_reach_the_outside() -> None:
    with town("t2x", "a1", uplink=True) as made:
        assert not reaches_outside(made, "a1.c")


@on_its_own_computer
def test_a_neighbour_of_the_computer_does_not_get_in() -> None:
    with town("t2x", "a1", uplink=True) as made:
        by_hand(*NEIGHBOUR_WAY)
        with listening(*made.where("a1"), 7000):
            assert not connects(WORLD, OUTSIDE, made.address("a1"), 7000)


@on_its_own_computer
def test_a_computer_whose_docker_drops_what_is_forwarded_lets_the_lab_out() -> None:
    by_hand("iptables", "-P", "FORWARD", "DROP")
    by_hand("iptables", "-N", "DOCKER-USER")
    by_hand("iptables", "-A", "FORWARD", "-j", "DOCKER-USER")
    before = snapshot()
    with town("t2x", "a1", uplink=True) as made:
        assert names.uplink("t2x") in by_hand("iptables", "-S", "DOCKER-USER")
        assert reaches_outside(made, "a1")
        made.lab.put(made.vpc)
        assert by_hand("iptables", "-S", "DOCKER-USER").count(names.uplink("t2x")) == 2
    assert_same(before)


@on_its_own_computer
def test_a_computer_that_drops_without_docker_lets_the_lab_out() -> None:
    by_hand("iptables", "-P", "FORWARD", "DROP")
    before = snapshot()
    with town("t2x", "a1", uplink=True) as made:
        assert reaches_outside(made, "a1")
    assert_same(before)


@on_its_own_computer
def test_a_route_of_the_computer_that_overlaps_stops_the_lab_before_it_changes_anything() -> None:
    by_hand("ip", "route", "add", "10.222.77.0/24", "via", WORLD_ADDRESS, "table", "51820")
    before = snapshot()
    made = Town("t2x", uplink=True)
    with pytest.raises(LabConflict, match=r"10\.222\.77\.0/24 dev outer \(table 51820\)"):
        made.lab.put(made.vpc)
    assert_same(before)


@on_its_own_computer
def test_a_lab_without_an_uplink_changes_no_route_of_the_computer() -> None:
    before = snapshot()
    with town("t2x", "a1", "b1") as made:
        during = snapshot()
        assert made.reaches("a1.c", "b1.c")
    same = ("routes", "links", "nft", "settings", "rules")
    assert [during[what] for what in same] == [before[what] for what in same]
    assert_same(before)


def swept_after(break_it: Callable[[Town], object]) -> None:
    before = snapshot()
    made = Town("t2x", uplink=True).build("a1", "b1").route_all("a1", "b1")
    break_it(made)
    found = Lab("t2x", made.machines).sweep()
    assert any("router" in thing for thing in found)
    assert_same(before)
    assert Lab("t2x", made.machines).sweep() == ()


@on_its_own_computer
def test_a_sweep_needs_no_records() -> None:
    swept_after(lambda made: made.lab._store.remove())


@on_its_own_computer
def test_a_sweep_takes_namespaces_that_no_machine_owns() -> None:
    def orphan(made: Town) -> None:
        made.machines.ids.clear()
        made.lab._store.remove()

    swept_after(orphan)


@on_its_own_computer
def test_a_sweep_of_a_lab_with_broken_records_works_and_all_else_names_it() -> None:
    def break_it(made: Town) -> None:
        made.lab._store.path.write_text("{")
        for use in (lambda: Lab.open("t2x"), lambda: made.lab.put(made.vpc), made.lab.sync):
            with pytest.raises(LabError, match="python -m lab sweep --lab t2x"):
                use()

    swept_after(break_it)


@on_its_own_computer
def test_a_sweep_leaves_a_lab_with_a_longer_name_alone() -> None:
    with town("t2x-b", "a1", "b1") as other:
        made = Town("t2x", half=1).build("a1")
        made.lab._store.remove()
        made.lab.sweep()
        assert other.reaches("a1.c", "b1.c")
        assert not namespaces.exists(names.router("t2x"))


@on_its_own_computer
def test_after_a_reboot_open_builds_all_again_and_what_failed_stays_failed() -> None:
    made = Town("t2x", uplink=True).build("a1", "b1", "c1").route_all("a1", "b1", "c1")
    made.lab.fail_machine("b1")
    made.lab.fail_zone("c")
    reboot()
    assert Lab.open("t2x", recover=False, machines=made.machines).was_rebooted()
    lab = Lab.open("t2x", machines=made.machines)
    assert not lab.was_rebooted()
    states = {held.spec.name: held.status.state for held in lab.all(Machine)}
    assert states == {"a1": "running", "b1": "failed", "c1": "failed"}
    assert lab.sync() == ()
    lab.restore_all()
    for host in ("a1", "b1", "c1"):
        made.container(host)
    assert made.reaches("a1.c", "b1.c")
    assert made.reaches("c1.c", "a1.c")
    lab.down()


def reboot() -> None:
    """Take away what does not outlive a reboot: namespaces, links, rules, and the boot's id."""
    for name in namespaces.names():
        if name != WORLD:
            namespaces.remove(name)
    by_hand("nft", "flush", "ruleset")
    by_hand("sysctl", "-qw", "net.ipv4.conf.outer.forwarding=0")
    identity = Path("/run/fairway/boot_id")
    identity.write_text("11111111-2222-3333-4444-555555555555\n")
    by_hand("mount", "--bind", str(identity), "/proc/sys/kernel/random/boot_id")
