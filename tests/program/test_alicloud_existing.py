"""What the preflight finds in a VPC that the user names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.standin.account import Kinds
from tests.support.standin.alicloud_api import AlicloudApi
from tests.support.standin.alicloud_changes import AccountChange, gone, item, told
from tests.support.standin.alicloud_scene import (
    GATE,
    VPC,
    Wanted,
    check,
    entry,
    existing,
    faked,
    machine,
    stack,
    stand,
)


@pytest.fixture(autouse=True)
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AlicloudApi]:
    with faked(tmp_path, monkeypatch) as fake:
        stand(fake.account, stack(), theirs=True)
        yield fake


def stranger(kinds: Kinds, name: str = "i-theirs", address: str = "10.97.0.200") -> None:
    machine(
        kinds,
        name,
        zone="eu-central-1a",
        switch="vsw-a",
        address=address,
        kind="ecs.g6.large",
        group=GATE,
        tagged={"team": "others"},
    )


def stray(kinds: Kinds) -> None:
    stranger(kinds)
    entry(kinds, "vtb-b", "10.227.0.0/24", "i-theirs")


def taken(kinds: Kinds) -> None:
    stranger(kinds, address="10.97.0.11")


def extra_switch(kinds: Kinds) -> None:
    kinds["vswitch"]["vsw-x"] = {
        **kinds["vswitch"]["vsw-a"],
        "VSwitchId": "vsw-x",
        "CidrBlock": "10.227.9.0/24",
    }


def crowd(kinds: Kinds) -> None:
    for number in range(195):
        entry(kinds, "vtb-c", f"192.168.{number}.0/24", "vpn-1", "VpnGateway")


def test_a_vpc_that_is_as_the_configuration_says_is_fine() -> None:
    assert told(check(existing)) == []


def test_what_we_have_put_into_it_is_no_strangers(fake: AlicloudApi) -> None:
    with fake.account.open() as kinds:
        for kind in ("vpc", "vswitch", "route_table"):
            kinds[kind].clear()
    stand(fake.account, stack())
    with fake.account.open() as kinds:
        for name in "abc":
            kinds["vswitch"][f"vsw-{name}"]["AvailableIpAddressCount"] = 0

    assert told(check(existing)) == []


@pytest.mark.parametrize(
    ("account", "words"),
    [
        (gone("vpc", VPC), "existing.vpc: there is no such VPC: found vpc-own"),
        (
            item("vpc", VPC, CidrBlock="10.0.0.0/8"),
            "network.vpc: is no range of vpc-own: found 10.97.0.0/16, wanted one of 10.0.0.0/8",
        ),
        (
            gone("vswitch", "vsw-b"),
            "existing.subnets.b: there is no such vSwitch: found vsw-b, wanted one of vsw-a,",
        ),
        (
            gone("vswitch", "vsw-public-a"),
            "existing.public.a: there is no such vSwitch: found vsw-public-a",
        ),
        (
            item("vswitch", "vsw-b", ZoneId="eu-central-1c"),
            "existing.subnets.b: vsw-b is in another zone: found eu-central-1c",
        ),
        (
            item("vswitch", "vsw-b", CidrBlock="10.97.16.0/24"),
            "vsw-b has another range than fairway:network.zones.b.subnet: found 10.97.16.0/24",
        ),
        (
            item("vswitch", "vsw-b", RouteTable={"RouteTableId": "vtb-a"}),
            "vsw-b has another route table than existing.tables.b: found vtb-a, wanted vtb-b",
        ),
        (
            item("vswitch", "vsw-b", AvailableIpAddressCount=1),
            "vsw-b has too few addresses left: found 1, wanted 2 for new hosts",
        ),
        (
            gone("route_table", "vtb-c"),
            "existing.tables.c: there is no such route table: found vtb-c",
        ),
        (
            stray,
            (
                "existing.tables.b: holds an entry of somebody else for our containers: "
                "found 10.227.0.0/24 to i-theirs in vtb-b"
            ),
        ),
        (
            extra_switch,
            (
                "network.containers: overlaps a vSwitch of the VPC: "
                "found 10.227.0.0/16 and 10.227.9.0/24 of vsw-x"
            ),
        ),
        (
            taken,
            "existing.subnets: the address of a1 is taken: found 10.97.0.11 at eni-i-theirs",
        ),
        (
            crowd,
            (
                "entries of the route table of zone c: found 201 needed, "
                "with what stands already, wanted at most 200"
            ),
        ),
    ],
)
def test_each_cause_has_its_finding(account: AccountChange, words: str, fake: AlicloudApi) -> None:
    with fake.account.open() as kinds:
        account(kinds)

    messages = told(check(existing))

    assert len(messages) == 1, messages
    assert words in messages[0]


def test_an_entry_that_a_lost_machine_left_behind_is_no_strangers(fake: AlicloudApi) -> None:
    with fake.account.open() as kinds:
        entry(kinds, "vtb-a", "10.227.1.0/24", "i-of-yesterday")

    assert told(check(existing)) == []


def test_an_entry_of_ours_for_a_host_that_leaves_is_no_strangers(fake: AlicloudApi) -> None:
    stand(fake.account, stack())

    def smaller(wanted: Wanted) -> None:
        existing(wanted)
        wanted["pools"][1]["hosts"] = {"a": 1}

    assert told(check(smaller)) == []


def test_zones_may_share_a_table(fake: AlicloudApi) -> None:
    def shared(wanted: Wanted) -> None:
        existing(wanted)
        wanted["alicloud"]["existing"]["tables"]["b"] = "vtb-a"

    with fake.account.open() as kinds:
        item("vswitch", "vsw-b", RouteTable={"RouteTableId": "vtb-a"})(kinds)
        stranger(kinds)
        entry(kinds, "vtb-a", "10.227.0.0/24", "i-theirs")

    (message,) = told(check(shared))

    assert "existing.tables.a: holds an entry of somebody else" in message


@pytest.mark.parametrize(
    "action",
    [
        "ecs:DescribeNetworkInterfaces",
        "vpc:DescribeRouteEntryList",
        "vpc:DescribeRouteTableList",
        "vpc:DescribeVSwitches",
        "vpcpeer:ListVpcPeerConnections",
    ],
)
def test_a_look_that_is_denied_could_not_be_done_and_is_no_fault(
    action: str, fake: AlicloudApi
) -> None:
    fake.deny.add(action)

    found = check(existing)

    assert found.faults == []
    (unchecked,) = found.unchecked
    assert f"could not be checked: found no right to {action}" in str(unchecked)
