"""What the stand-in for Alibaba Cloud refuses, and its tables against the provider's own SDK."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from provider.wire import UNKNOWN, Values
from tests.support.alicloud_bench import Town
from tests.support.bench_project import ROOT
from tests.support.standin.account import ARM_IMAGE, Account
from tests.support.standin.alicloud_kind import AlicloudKind, Cloud, Tasks
from tests.support.standin.alicloud_main import KINDS
from tests.support.standin.kind import Refused
from tests.support.standin.place import Nowhere

SDK = ROOT / ".venv/lib/python3.11/site-packages/pulumi_alicloud"


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path / "account")


def _twice(town: Town) -> None:
    town.entry()
    town.entry(nexthopId=town.instance("10.95.0.12"))


def _over_quota(town: Town) -> None:
    town.quota("vpc_quota_route_entrys_num", 1)
    town.entry()
    town.entry("10.225.2.0/24", nexthopId=town.instance("10.95.0.12"))


def _snat_elsewhere(town: Town) -> None:
    town.nat()
    (gateway,) = town.account.look()["nat_gateway"].values()
    table = gateway["SnatTableIds"]["SnatTableId"][0]
    town.make("SnatEntry", snatTableId=table, snatIp="198.51.100.9", sourceVswitchId=town.switch)


def _bound_twice(town: Town) -> None:
    address, host = town.make("EipAddress"), town.instance()
    for _ in range(2):
        town.make("EipAssociation", allocationId=address, instanceId=host)


def _sold_out(town: Town) -> None:
    with town.account.open() as kinds:
        kinds["zone"]["eu-central-1a"]["SoldOut"] = ["ecs.g7.large"]
    town.instance()


def _same_rule(town: Town) -> None:
    town.rule(cidrIp="10.0.0.0/8")
    town.rule(cidrIp="10.0.0.0/8", description="again")


def _used_by_entry(town: Town) -> None:
    town.entry(nexthopId=(host := town.instance()))
    town.delete("Instance", host)


def _member(town: Town) -> None:
    town.instance()
    town.delete("SecurityGroup", town.group)


def _source_of_another(town: Town) -> None:
    other = town.make("SecurityGroup", vpcId=town.vpc)
    town.rule(sourceSecurityGroupId=other)
    town.delete("SecurityGroup", other)


def _bound(town: Town) -> None:
    address = town.make("EipAddress")
    town.make("EipAssociation", allocationId=address, instanceId=town.instance())
    town.delete("EipAddress", address)


def _gateway_with_address(town: Town) -> None:
    gateway, address = town.nat(), town.make("EipAddress")
    told = {"allocationId": address, "instanceId": gateway, "instanceType": "Nat"}
    town.make("EipAssociation", **told)
    town.delete("NatGateway", gateway)


def _attached(town: Town) -> None:
    town.make("RouteTableAttachment", routeTableId=town.table, vswitchId=town.switch)
    town.delete("RouteTable", town.table)


def _occupied(town: Town) -> None:
    town.instance()
    town.delete("Switch", town.switch)


def _spare(town: Town, cidr: str) -> str:
    return town.make("Switch", **town.in_zone("b"), cidrBlock=cidr)


Act = Callable[[Town], object]
REFUSALS: dict[str, tuple[Act, str]] = {
    "a vSwitch outside its VPC": (
        lambda town: _spare(town, "10.96.0.0/20"),
        "InvalidParameter",
    ),
    "a vSwitch over another": (
        lambda town: _spare(town, "10.95.8.0/24"),
        "InvalidCidrBlock.Overlapped",
    ),
    "a vSwitch in no zone": (
        lambda town: town.make(
            "Switch", vpcId=town.vpc, zoneId="eu-central-1z", cidrBlock="10.95.16.0/20"
        ),
        "InvalidZoneId.NotFound",
    ),
    "an address of another vSwitch": (
        lambda town: town.instance("10.95.16.11"),
        "InvalidPrivateIpAddress",
    ),
    "the first address": (lambda town: town.instance("10.95.0.0"), "InvalidPrivateIpAddress"),
    "the third last address": (
        lambda town: town.instance("10.95.15.253"),
        "InvalidPrivateIpAddress",
    ),
    "an address that is in use": (
        lambda town: [town.instance(), town.instance()],
        "InvalidPrivateIpAddress.Duplicated",
    ),
    "an image that is not there": (
        lambda town: town.instance(imageId="debian_1.vhd"),
        "InvalidImageId.NotFound",
    ),
    "an image for other processors": (
        lambda town: town.instance(imageId=ARM_IMAGE),
        "ImageNotSupportInstanceType",
    ),
    "a type that nobody has": (
        lambda town: town.instance(instanceType="ecs.none.large"),
        "InvalidInstanceType.ValueNotSupported",
    ),
    "a type that is sold out": (_sold_out, "OperationDenied.NoStock"),
    "large frames of a plain type": (
        lambda town: town.instance(instanceType="ecs.g6.large", enableJumboFrame=True),
        "InvalidParameter.JumboFrame",
    ),
    "too much user data": (
        lambda town: town.instance(userData="#" * (16 * 1024 + 1)),
        "InvalidUserData.SizeExceeded",
    ),
    "a key pair that is not there": (
        lambda town: town.instance(keyName="none"),
        "InvalidKeyPairName.NotFound",
    ),
    "an ed25519 key": (
        lambda town: town.make("KeyPair", keyPairName="op", publicKey="ssh-ed25519 AAAA op"),
        "InvalidPublicKey",
    ),
    "an entry twice": (_twice, "RouterEntryConflict.Duplicated"),
    "an entry too many": (_over_quota, "QuotaExceeded.RouteEntry"),
    "an entry within a vSwitch": (lambda town: town.entry("10.95.1.0/24"), "InvalidCidrBlock"),
    "an entry to no instance": (
        lambda town: town.entry(nexthopId="i-none"),
        "InvalidNextHopId.NotFound",
    ),
    "a rule twice": (_same_rule, "InvalidPermission.Duplicated"),
    "an address bound twice": (_bound_twice, "InvalidAssociation.Duplicated"),
    "translation to a foreign address": (_snat_elsewhere, "InvalidIp.NotInNatgw"),
    "release of a next hop": (_used_by_entry, "DependencyViolation.RouteEntry"),
    "release of a bound address": (_bound, "IncorrectEipStatus"),
    "deletion of a group with members": (_member, "DependencyViolation"),
    "deletion of a group that is a source": (_source_of_another, "DependencyViolation"),
    "deletion of a gateway with an address": (
        _gateway_with_address,
        "DependencyViolation.EIPS",
    ),
    "deletion of an attached table": (_attached, "DependencyViolation.VSwitch"),
    "deletion of a vSwitch with an instance": (_occupied, "DependencyViolation"),
    "deletion of a VPC with a vSwitch": (
        lambda town: town.delete("Network", town.vpc),
        "DependencyViolation.VSwitch",
    ),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_the_api_refuses(town: Town, what: str) -> None:
    act, code = REFUSALS[what]

    with pytest.raises(Refused) as refused:
        act(town)

    assert refused.value.code == code


FAULTS: dict[str, tuple[str, Values, str]] = {
    "an argument nobody knows": ("Network", {"vpcNam": "x"}, "unexpected argument 'vpcNam'"),
    "a missing argument": ("RouteTable", {}, "missing required argument 'vpcId'"),
    "a VPC that is too small": ("Network", {"cidrBlock": "10.95.0.0/29"}, "mask of 8 to 28"),
    "a VPC of the cloud's own": ("Network", {"cidrBlock": "100.64.0.0/16"}, "100.64.0.0/10"),
    "a name that is too long": ("Network", {"vpcName": "x" * 129}, "1 to 128 wanted"),
    "a tag of the cloud's own": ("Network", {"tags": {"acs:x": "y"}}, "is no tag's key"),
    "an entry into the cloud's own": (
        "VpcRouteEntry",
        {"routeTableId": "vtb-1", "destinationCidrBlock": "100.64.1.0/24"},
        "is in 100.64.0.0/10",
    ),
    "an old kind of gateway": (
        "NatGateway",
        {"vpcId": UNKNOWN, "vswitchId": UNKNOWN, "natType": "Normal"},
        "'Normal' is none of",
    ),
    "two sources": (
        "SecurityGroupRule",
        {
            "securityGroupId": UNKNOWN,
            "type": "ingress",
            "ipProtocol": "all",
            "cidrIp": "10.0.0.0/8",
            "sourceSecurityGroupId": "sg-1",
        },
        "conflicts with 'cidrIp'",
    ),
    "ports of what has none": (
        "SecurityGroupRule",
        {
            "securityGroupId": UNKNOWN,
            "type": "ingress",
            "ipProtocol": "icmp",
            "cidrIp": "10.0.0.0/8",
            "portRange": "22/22",
        },
        "argument 'portRange'",
    ),
    "an instance without an image": (
        "Instance",
        {"instanceType": "ecs.g7.large", "vswitchId": UNKNOWN, "securityGroups": [UNKNOWN]},
        "missing required argument 'imageId'",
    ),
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_plan_already_shows(tmp_path: Path, what: str) -> None:
    name, inputs, told = FAULTS[what]
    cloud = Cloud(Account(tmp_path), Nowhere(), Tasks(0), "eu-central-1")
    (kind,) = [each(cloud) for each in KINDS if each.__name__ == name]

    assert told in " ".join(kind.faults(inputs))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_tables_have_the_arguments_of_the_provider_s_own_sdk(kind: type[AlicloudKind]) -> None:
    module, name = re.fullmatch(r"alicloud:(\w+)/\w+:(\w+)", kind.token).groups()  # type: ignore[union-attr]
    file = re.sub(r"(?<=[a-z])([A-Z])|(?<=VPC)R", lambda found: f"_{found[0]}", name).lower()
    text = (SDK / module / f"{file}.py").read_text()

    assert set(kind.args) == _arguments(text, f"{name}Args")
    assert f"'{kind.token}'" in text


def _arguments(text: str, name: str) -> set[str]:
    """The inputs of a resource that are not deprecated, as the engine spells them."""
    (found,) = [n for n in ast.parse(text).body if isinstance(n, ast.ClassDef) and n.name == name]
    properties = [
        (each.name, " ".join(map(ast.unparse, each.decorator_list)))
        for each in found.body
        if isinstance(each, ast.FunctionDef)
    ]
    return {
        (re.findall(r"name='(\w+)'", marks) or [name])[0]
        for name, marks in properties
        if "pulumi.getter" in marks and "deprecated" not in marks
    }
