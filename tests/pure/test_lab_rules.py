from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, ip_network

import pytest

from components.errors import LabError, QuotaExceeded
from lab import records, rules
from lab.model import Machine, Route, RouteTable, Rule, SecurityGroup, Spec, Vpc, VSwitch
from lab.state import State


def net(text: str) -> IPv4Network:
    return ip_network(text)  # type: ignore[return-value]


VPC = Vpc(cidr=net("10.92.0.0/16"), containers=net("10.222.0.0/16"), quota=2)
TABLE = RouteTable(name="main")
VSWITCH = VSwitch(name="va", zone="a", cidr=net("10.92.1.0/24"), table="main")
GROUP = SecurityGroup(name="web")
MACHINE = Machine(name="a1", vswitch="va", address=IPv4Address("10.92.1.11"), groups=("web",))


def holding(*specs: Spec) -> State:
    state = State()
    for spec in specs:
        rules.check_put(spec, state)
        records.keep(state, spec)
    return state


def everything() -> State:
    return holding(VPC, TABLE, VSWITCH, GROUP, MACHINE)


def refusal(spec: Spec, state: State) -> str:
    with pytest.raises(LabError) as caught:
        rules.check_put(spec, state)
    return str(caught.value)


def route(state: State, third: int, machine: str = "a1") -> Route:
    machine_id = state.machines[machine].id
    return Route(table="main", destination=net(f"10.222.{third}.0/24"), machine_id=machine_id)


def test_a_full_table_names_the_table_the_count_the_quota_and_the_next_step() -> None:
    state = everything()
    for third in (1, 2):
        records.keep(state, route(state, third))
    with pytest.raises(QuotaExceeded) as caught:
        rules.check_put(route(state, 3), state)
    assert str(caught.value) == (
        "route table main: no entry is left for 10.222.3.0/24: found 2 entries, wanted at most 2,"
        " the quota; raise fairway:lab.route_quota (in a cloud: ask for more), or plan fewer hosts"
    )


def test_an_entry_that_a_full_table_holds_already_may_change_its_machine() -> None:
    state = everything()
    for third in (1, 2):
        records.keep(state, route(state, third))
    other = Machine(name="a2", vswitch="va", address=IPv4Address("10.92.1.12"))
    records.keep(state, other)
    rules.check_put(route(state, 1, "a2"), state)


def test_entries_of_gone_machines_count_for_the_quota() -> None:
    state = everything()
    for third in (1, 2):
        records.keep(state, route(state, third))
    gone = route(state, 3)
    records.drop(state, Machine, "a1")
    records.keep(state, replace(MACHINE, name="a2"))
    with pytest.raises(QuotaExceeded):
        rules.check_put(replace(gone, machine_id=state.machines["a2"].id), state)


def test_an_entry_towards_an_unknown_machine_is_refused() -> None:
    state = everything()
    assert "no machine with the id 'a1-old'" in refusal(
        replace(route(state, 1), machine_id="a1-old"), state
    )


def test_the_vpcs_own_addresses_cannot_be_routed() -> None:
    state = everything()
    assert "cannot be routed elsewhere" in refusal(
        replace(route(state, 1), destination=net("10.92.7.0/24")), state
    )


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (replace(VSWITCH, name="vb", cidr=net("10.99.0.0/24")), "outside the VPC"),
        (replace(VSWITCH, name="vb", cidr=net("10.92.1.128/25")), "overlaps vSwitch 'va'"),
        (replace(VSWITCH, name="vb", table="other"), "no route table 'other'"),
        (replace(VSWITCH, zone="b"), "cannot change in place"),
        (replace(VPC, cidr=net("10.93.0.0/16")), "cannot change in place"),
        (replace(VPC, mtu=9001), "cannot change in place"),
        (replace(VPC, mtu=68), "no link carries this MTU"),
        (replace(VPC, containers=net("10.92.128.0/17")), "overlaps the VPC"),
        (replace(VPC, uplink=net("10.76.92.0/31")), "too small"),
        (replace(MACHINE, name="a2"), "belongs to machine 'a1'"),
        (replace(MACHINE, name="a2", address=IPv4Address("10.92.1.1")), "not one for machines"),
        (replace(MACHINE, name="a2", address=IPv4Address("10.92.2.9")), "not one for machines"),
        (replace(MACHINE, groups=("db",)), "no security group 'db'"),
        (replace(MACHINE, name="Up_1"), "cannot be used"),
        (replace(MACHINE, name="router"), "cannot be used"),
        (SecurityGroup(name="db", rules=(Rule(direction="in", source="x"),)), "group 'x'"),
        (
            replace(GROUP, rules=(Rule(direction="in", source="web", ports=(1, 2)),)),
            "only tcp and udp have ports",
        ),
        (
            replace(
                GROUP, rules=(Rule(direction="in", source="web", protocol="tcp", ports=(9, 2)),)
            ),
            "no range of ports",
        ),
    ],
)
def test_what_a_cloud_refuses_is_refused_with_a_reason(spec: Spec, words: str) -> None:
    assert words in refusal(spec, everything())


def test_a_group_may_name_itself_as_source() -> None:
    rules.check_put(replace(GROUP, rules=(Rule(direction="in", source="web"),)), everything())


def test_nothing_can_stand_without_a_vpc() -> None:
    assert "put the Vpc first" in refusal(TABLE, State())


def test_a_failed_zone_takes_no_new_machine_and_keeps_its_old_ones() -> None:
    state = everything()
    state.failed_zones.add("a")
    new = replace(MACHINE, name="a2", address=IPv4Address("10.92.1.12"))
    assert "python -m lab restore zone a" in refusal(new, state)
    rules.check_put(MACHINE, state)


@pytest.mark.parametrize(
    ("kind", "name", "users"),
    [
        (Vpc, "vpc", "a1, va, main, web"),
        (RouteTable, "main", "va"),
        (VSwitch, "va", "a1"),
        (SecurityGroup, "web", "a1"),
    ],
)
def test_what_is_in_use_is_not_deleted_and_its_users_are_named(
    kind: type[Spec], name: str, users: str
) -> None:
    with pytest.raises(LabError, match="still in use") as caught:
        rules.check_delete(kind, name, everything())
    assert caught.value.found == f"used by {users}"


def test_a_group_that_another_names_as_source_is_in_use() -> None:
    state = everything()
    records.keep(state, SecurityGroup(name="db", rules=(Rule(direction="in", source="web"),)))
    records.drop(state, Machine, "a1")
    assert rules.users_of(SecurityGroup, "web", state) == ["db"]


def test_what_needs_a_new_machine_is_named() -> None:
    with pytest.raises(LabError, match="a change of image, user_data"):
        rules.check_same_machine(replace(MACHINE, image="sid", user_data="x"), MACHINE)
    rules.check_same_machine(replace(MACHINE, groups=(), source_dest_check=False), MACHINE)
