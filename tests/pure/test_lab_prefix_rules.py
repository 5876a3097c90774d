from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from components.errors import LabError
from lab import rules, tables
from lab.model import Machine, Prefixes, Vpc, VSwitch
from lab.state import MachineRecord, State


def net(text: str) -> IPv4Network:
    return IPv4Network(text)


def held(*prefixes: str, address: str = "10.92.1.11") -> Prefixes:
    return Prefixes(address=IPv4Address(address), prefixes=tuple(map(net, prefixes)))


@pytest.fixture
def state() -> State:
    """Two vSwitches, machine a1, and a prefix of an interface 10.92.1.12."""
    made = State(vpc=Vpc(cidr=net("10.92.0.0/16")), tables={"t": 1001})
    for index, zone in enumerate("ab", start=1):
        cidr = net(f"10.92.{index}.0/24")
        made.vswitches[zone] = VSwitch(name=zone, zone=zone, cidr=cidr, table="t")
    spec = Machine(name="a1", vswitch="a", address=IPv4Address("10.92.1.11"))
    made.machines["a1"] = MachineRecord(spec=spec, id="a1-1")
    other = held("10.92.1.128/28", address="10.92.1.12")
    made.prefixes[other.name] = other
    return made


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (held("10.92.1.144/28", address="10.92.9.11"), "in no vSwitch.*10.92.9.11"),
        (held("10.92.1.128/27"), "another width.*10.92.1.128/27.*/28"),
        (held("10.92.2.128/28"), "outside vSwitch 'a'.*10.92.2.128/28"),
        (held("10.92.1.144/28", "10.92.1.144/28"), "named twice"),
        (held("10.92.1.128/28"), "belongs to 10.92.1.12"),
        (held("10.92.1.0/28"), "is taken"),
        (held("10.92.1.240/28"), "is taken: 10.92.1.255"),
    ],
)
def test_what_ec2_would_refuse_is_refused_with_the_reason(
    state: State, spec: Prefixes, words: str
) -> None:
    with pytest.raises(LabError, match=words):
        rules.check_put(spec, state)


def test_prefixes_of_ones_own_may_be_put_again_and_grow(state: State) -> None:
    rules.check_put(held("10.92.1.128/28", "10.92.1.144/28", address="10.92.1.12"), state)


def test_a_machine_cannot_have_an_address_of_a_prefix(state: State) -> None:
    spec = replace(state.machines["a1"].spec, name="a2", address=IPv4Address("10.92.1.130"))
    with pytest.raises(LabError, match=r"in a prefix of 10\.92\.1\.12"):
        rules.check_put(spec, state)


def test_a_vswitch_in_which_prefixes_lie_is_not_deleted(state: State) -> None:
    del state.machines["a1"]
    with pytest.raises(LabError, match=r"used by prefixes of 10\.92\.1\.12"):
        rules.check_delete(VSwitch, "a", state)
    rules.check_delete(VSwitch, "b", state)


def test_a_vpc_without_a_container_range_has_no_hole_for_one(state: State) -> None:
    planned = tables.lines(state, ())
    assert {line.destination for line in planned} == {net("10.92.0.0/16"), net("0.0.0.0/0")}
