"""What the stand-in for Alibaba Cloud builds, shows and records, without an engine."""

from __future__ import annotations

import base64
import gzip
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from lab.model import Machine, Rule
from provider.wire import Values
from tests.support.alicloud_bench import Town
from tests.support.patience import LONG
from tests.support.standin.kind import Refused


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path / "account")


def test_two_changes_of_entries_at_once_are_a_conflict_and_one_after_the_other_are_none(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, other_refused = town.instance(), threading.Event()

    def make(number: int) -> str:
        try:
            return town.entry(f"10.225.{number}.0/24", nexthopId=host)
        except Refused as refused:
            other_refused.set()
            return refused.code

    # The first is under way until the other has been answered; where both are let in, not for ever.
    monkeypatch.setattr(town.place, "route", lambda *_: other_refused.wait(LONG))

    with ThreadPoolExecutor(2) as pool:
        ended = sorted(pool.map(make, (1, 2)), reverse=True)
    assert ended[0].startswith(town.table)
    assert ended[1] == "TaskConflict"
    assert make(3).startswith(town.table)


def test_a_table_shows_the_cloud_s_own_entries_and_a_gateway_s_in_the_system_table(
    town: Town,
) -> None:
    gateway = town.nat()

    kinds = town.account.look()
    (system,) = kinds["vpc"][town.vpc]["RouterTableIds"]["RouterTableIds"]
    shown = {
        (entry["RouteTableId"], entry["DestinationCidrBlock"]): entry["Type"]
        for entry in kinds["route_entry"].values()
    }
    assert shown == {
        (system, "10.95.0.0/20"): "System",
        (town.table, "10.95.0.0/20"): "System",
        (system, "0.0.0.0/0"): "Custom",
    }
    town.delete("NatGateway", gateway)
    assert town.account.look()["nat_gateway"] == {}


@pytest.mark.parametrize(
    "told",
    [
        "#cloud-config\n{}\n",
        base64.b64encode(b"#cloud-config\n{}\n").decode(),
        base64.b64encode(gzip.compress(b"#cloud-config\n{}\n")).decode(),
    ],
)
def test_a_machine_boots_with_the_text_that_its_cloud_init_would_read(
    town: Town, told: str
) -> None:
    host = town.instance(userData=told)

    (built,) = town.place.instances
    assert built.id == host
    assert built.user_data == "#cloud-config\n{}\n"
    assert built.subnet == town.switch
    assert built.address == IPv4Address("10.95.0.11")
    assert built.groups == (town.group,)


@pytest.mark.parametrize("asked", [True, False, None])
def test_the_source_destination_check_is_off_unless_it_is_asked_for(
    town: Town, asked: bool | None
) -> None:
    told = town.host(sourceDestCheck=asked)
    town.make("Instance", **{name: value for name, value in told.items() if value is not None})

    (built,) = town.place.instances
    assert built.source_dest_check is bool(asked)


@pytest.mark.parametrize(
    ("changed", "did"),
    [
        ({"imageId": "ubuntu_24_04_x64_20G_alibase_20250901.vhd"}, ["drop Machine"]),
        ({"privateIp": "10.95.0.12"}, ["drop Machine"]),
        ({"userData": "#cloud-config\nhostname: other\n"}, ["drop Machine"]),
        ({"instanceType": "ecs.g6.large"}, ["restart"]),
        ({"instanceName": "other"}, []),
    ],
)
def test_an_update_in_place_swaps_the_machine_under_the_instance(
    town: Town, changed: Values, did: list[str]
) -> None:
    host = town.instance()
    kind = town.kinds["Instance"]
    outputs = {**town.host(), **(kind.read(host, {}) or {})}

    kind.update(host, outputs, town.host(**changed))

    assert town.place.did == did
    first, last = town.place.instances
    assert first.id == last.id == host
    assert (first != last) == (did == ["drop Machine"])


def test_a_swapped_machine_is_reached_by_its_entries_and_its_public_address_again(
    town: Town,
) -> None:
    host, address = town.instance(), town.make("EipAddress")
    town.make("EipAssociation", allocationId=address, instanceId=host)
    outputs = {**town.host(), **(town.kinds["Instance"].read(host, {}) or {})}

    town.kinds["Instance"].update(host, outputs, town.host("10.95.0.12"))

    assert town.place.did == [
        "publish 198.51.100.1 10.95.0.11",
        "drop Machine",
        "publish 198.51.100.1 10.95.0.12",
    ]


def test_a_group_becomes_the_lab_s_rules_into_its_members(town: Town) -> None:
    town.rule(cidrIp="10.225.0.0/16", ipProtocol="all", portRange="-1/-1")
    town.rule(sourceSecurityGroupId=town.group, portRange="2377/2377")
    town.rule(type="egress", cidrIp="0.0.0.0/0", ipProtocol="all", portRange="-1/-1")

    open_, swarm = town.place.rules[town.group]

    assert (str(open_.source), open_.protocol, open_.ports) == ("10.225.0.0/16", "any", None)
    assert (swarm.source, swarm.protocol, swarm.ports) == (town.group, "tcp", (2377, 2377))


def test_rules_that_are_made_all_at_once_are_all_in_the_lab(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    note, slow = town.place.group, iter((0.2, 0.1))

    def group(name: str, rules: Iterable[Rule]) -> None:
        time.sleep(next(slow, 0))  # the first that looked would be the last to build
        note(name, rules)

    monkeypatch.setattr(town.place, "group", group)
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(lambda port: town.rule(cidrIp="10.0.0.0/8", portRange=f"{port}/{port}"), PORTS)
        )

    assert {rule.ports for rule in town.place.rules[town.group]} == {(p, p) for p in PORTS}


PORTS = (21, 22, 23, 24)


def test_members_reach_each_other_where_the_inner_policy_accepts(town: Town) -> None:
    group = town.make("SecurityGroup", vpcId=town.vpc, innerAccessPolicy="Accept")

    (rule,) = town.place.rules[group]

    assert rule.source == group


def test_every_operation_records_what_the_provider_would_ask(town: Town) -> None:
    host = town.instance()
    town.kinds["Instance"].read(host, {})
    town.delete("Instance", host)

    calls = town.account.calls()

    assert {"vpc:CreateVpc", "vpc:CreateVSwitch", "ecs:CreateSecurityGroup"} <= set(calls)
    assert calls.index("ecs:RunInstances") < calls.index("ecs:DeleteInstance")


def test_a_swapped_disk_is_recorded_as_one_and_a_new_name_is_not(town: Town) -> None:
    host = town.instance()
    kind = town.kinds["Instance"]
    outputs = {**town.host(), **(kind.read(host, {}) or {})}

    kind.update(host, outputs, town.host(instanceName="other"))
    assert "ecs:ReplaceSystemDisk" not in town.account.calls()
    kind.update(host, outputs, town.host(imageId="ubuntu_24_04_x64_20G_alibase_20250901.vhd"))
    assert "ecs:ReplaceSystemDisk" in town.account.calls()


def test_a_machine_that_is_gone_is_an_instance_that_is_gone(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = town.instance()
    monkeypatch.setattr(town.place, "holds", lambda kind, name: kind is not Machine)

    assert town.kinds["Instance"].read(host, {}) is None
    assert town.account.look()["network_interface"] == {}


MAKES: dict[str, tuple[str, Callable[[Town], object]]] = {
    "a VPC": ("vpc", lambda town: town.make("Network", cidrBlock="10.96.0.0/16")),
    "a vSwitch": (
        "subnet",
        lambda town: town.make("Switch", **town.in_zone("b"), cidrBlock="10.95.16.0/20"),
    ),
    "a table": ("table", lambda town: town.make("RouteTable", vpcId=town.vpc)),
    "a group": ("group", lambda town: town.make("SecurityGroup", vpcId=town.vpc)),
    "a rule": ("group", lambda town: town.rule(cidrIp="10.0.0.0/8")),
    "an instance": ("instance", lambda town: town.instance("10.95.0.12")),
    "an entry": ("route", lambda town: town.entry(nexthopId="i-there")),
}


@pytest.mark.parametrize("what", MAKES)
def test_what_the_lab_cannot_build_is_not_in_the_account_either(
    town: Town, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    verb, make = MAKES[what]
    with town.account.open() as kinds:
        kinds["instance"]["i-there"] = {"VpcAttributes": {"VpcId": town.vpc}}
    before = town.account.look()

    def fails(*arguments: object, **more: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(town.place, verb, fails)
    with pytest.raises(OSError, match="no room"):
        make(town)

    after = town.account.look()
    assert {**after, "user_data": {}} == {**before, "user_data": {}}
