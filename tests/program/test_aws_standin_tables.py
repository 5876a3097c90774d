"""The stand-in for AWS is held to the provider's schema: arguments, faults of a plan, changes."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from provider.wire import UNKNOWN, Values
from tests.support.aws_rows import Rows, rows
from tests.support.standin.aws_addresses import Eip, EipAssociation
from tests.support.standin.aws_gateways import InternetGateway, NatGateway
from tests.support.standin.aws_groups import SecurityGroup, lab_rules
from tests.support.standin.aws_iam import InstanceProfile, Role, RolePolicyAttachment
from tests.support.standin.aws_instance import Instance
from tests.support.standin.aws_key_pair import KeyPair
from tests.support.standin.aws_kind import AwsKind
from tests.support.standin.aws_main import KINDS
from tests.support.standin.aws_routes import Route
from tests.support.standin.aws_rules import SecurityGroupEgressRule, SecurityGroupIngressRule
from tests.support.standin.aws_tables import RouteTable, RouteTableAssociation
from tests.support.standin.aws_vpc import Subnet, Vpc


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rows]:
    with rows(tmp_path_factory.mktemp("standin")) as made:
        yield made


def sdk(token: str) -> tuple[type, type]:
    """The SDK's classes of a type: the resource, and its arguments."""
    _, path, name = token.split(":")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of other types in the module
        module: Any = import_module(f"pulumi_aws.{path.split('/')[0]}")
        return getattr(module, name), getattr(module, f"{name}Args")


def names_of(kind: type) -> set[str]:
    """The properties of a class of the SDK, in the engine's spelling."""
    own = {"id", "urn", "pulumi_resource_name", "pulumi_resource_type"}
    found = inspect.getmembers(kind, lambda member: isinstance(member, property))
    return {getattr(p.fget, "_pulumi_name", name) for name, p in found} - own


def required_of(args: type) -> set[str]:
    """The arguments that the SDK's own class does not let out."""
    wanted = inspect.signature(args.__init__).parameters.values()  # type: ignore[misc]
    names = {p.name for p in wanted if p.default is inspect.Parameter.empty} - {"self", "__self__"}
    found = dict(inspect.getmembers(args, lambda member: isinstance(member, property)))
    return {getattr(found[name].fget, "_pulumi_name", name) for name in names}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_arguments_and_outputs_are_those_of_the_sdk(kind: type[AwsKind], account: Rows) -> None:
    resource, args = sdk(kind.token)
    assert set(kind.args) == names_of(args)
    assert set(kind(account.cloud).outputs()) | set(kind.args) == names_of(resource)
    assert {name for name, arg in kind.args.items() if arg.required} >= required_of(args)


# -- what a plan is told already


@pytest.mark.parametrize(
    ("kind", "inputs", "fault"),
    [
        (Vpc, {"cidrBlock": "10.94.0.1/16"}, "host bits set"),
        (Vpc, {"cidrBlock": "10.0.0.0/8"}, "/16 to /28"),
        (Vpc, {"cidrBlock": "10.94.0.0/16", "cidr": "x"}, "unexpected argument 'cidr'"),
        (Vpc, {"cidrBlock": "10.94.0.0/16", "tags": {"aws:mine": "x"}}, "no tag's key"),
        (Subnet, {"cidrBlock": "10.94.0.0/24"}, "missing required argument 'vpcId'"),
        (Route, {"routeTableId": "rtb-1"}, "exactly one of destinationCidrBlock"),
        (RouteTableAssociation, {"routeTableId": "rtb-1"}, "exactly one of gatewayId, subnetId"),
        (NatGateway, {"connectivityType": "private", "allocationId": "x"}, "not supported"),
        (EipAssociation, {"allocationId": "x"}, "'instanceId' or"),
        (SecurityGroup, {"name": "sg-mine"}, "must not begin"),
        (Role, {"assumeRolePolicy": "no policy"}, "invalid JSON policy"),
    ],
)
def test_the_plan_is_told_what_is_wrong(
    account: Rows, kind: type[AwsKind], inputs: Values, fault: str
) -> None:
    assert fault in "; ".join(kind(account.cloud).faults(inputs))


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"ipProtocol": "-1"}, "have no ports"),
        ({"toPort": None}, "wanted with TCP and UDP"),
        ({"toPort": 21}, "larger than"),
        ({"cidrIpv6": "::/0"}, "exactly one of cidrIpv4"),
        ({"cidrIpv4": "10.0.0.1/8"}, "host bits set"),
    ],
)
def test_a_rule_that_aws_does_not_know_is_a_fault_of_the_plan(
    account: Rows, more: Values, fault: str
) -> None:
    inputs = {name: value for name, value in account.rule(**more).items() if value is not None}
    assert fault in "; ".join(SecurityGroupIngressRule(account.cloud).faults(inputs))


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"metadataOptions": {"httpPutResponseHopLimit": 65}}, "1 to 64"),
        ({"metadataOptions": {"httpTokens": "maybe"}}, "optional, required"),
        ({"rootBlockDevice": {"volumeType": "gp2", "throughput": 125}}, "not for gp2"),
        ({"userData": "x", "userDataBase64": "eA=="}, "conflicts with"),
        ({"userDataBase64": "no base64"}, "must be base64"),
        ({"vpcSecurityGroupIds": []}, "at least one"),
        ({"launchTemplate": {}}, "does not know it"),
        ({"sourceDestCheck": "no"}, "flag wanted, str found"),
    ],
)
def test_an_instance_that_aws_does_not_know_is_a_fault_of_the_plan(
    account: Rows, more: Values, fault: str
) -> None:
    assert fault in "; ".join(Instance(account.cloud).faults(account.instance(**more)))


# -- what follows from a change

REPLACED, UPDATED, SAME = "replace", "update", ""
CHANGES: list[tuple[type[AwsKind], Values, Values, str]] = [
    (Vpc, {"cidrBlock": "a"}, {"cidrBlock": "b"}, REPLACED),
    (Vpc, {"enableDnsHostnames": True}, {}, SAME),
    (Vpc, {"tags": {"a": "b"}}, {}, UPDATED),
    (Subnet, {"vpcId": "a"}, {"vpcId": UNKNOWN}, REPLACED),
    (Subnet, {}, {"mapPublicIpOnLaunch": True}, UPDATED),
    (InternetGateway, {"vpcId": "a"}, {"vpcId": "b"}, UPDATED),
    (NatGateway, {"subnetId": "a"}, {"subnetId": "b"}, REPLACED),
    (Eip, {"instance": "a"}, {"instance": "b"}, UPDATED),
    (EipAssociation, {"instanceId": "a"}, {"instanceId": "b"}, REPLACED),
    (Route, {"gatewayId": "a"}, {"natGatewayId": "b"}, UPDATED),
    (Route, {"networkInterfaceId": "a"}, {"networkInterfaceId": "b"}, UPDATED),
    (Route, {"destinationCidrBlock": "a"}, {"destinationCidrBlock": "b"}, REPLACED),
    (RouteTable, {"vpcId": "a"}, {"vpcId": "b"}, REPLACED),
    (RouteTableAssociation, {"routeTableId": "a"}, {"routeTableId": "b"}, UPDATED),
    (RouteTableAssociation, {"subnetId": "a"}, {"subnetId": "b"}, REPLACED),
    (SecurityGroup, {"description": "a"}, {"description": "b"}, REPLACED),
    (SecurityGroupIngressRule, {"cidrIpv4": "a"}, {"cidrIpv4": "b"}, UPDATED),
    (SecurityGroupIngressRule, {"cidrIpv4": "a"}, {"referencedSecurityGroupId": "b"}, REPLACED),
    (SecurityGroupEgressRule, {"toPort": 1}, {"toPort": 2}, UPDATED),
    (KeyPair, {"publicKey": "a"}, {"publicKey": "b"}, REPLACED),
    (Role, {"assumeRolePolicy": '{"a":1}'}, {"assumeRolePolicy": '{ "a": 1 }'}, SAME),
    (Role, {"description": "a"}, {"description": "b"}, UPDATED),
    (Role, {"name": "a"}, {"name": "b"}, REPLACED),
    (InstanceProfile, {"role": "a"}, {"role": "b"}, UPDATED),
    (RolePolicyAttachment, {"policyArn": "a"}, {"policyArn": "b"}, REPLACED),
    (Instance, {"ami": "a"}, {"ami": "b"}, REPLACED),
    (Instance, {"instanceType": "m7i.large"}, {"instanceType": "t3.nano"}, UPDATED),
    (Instance, {"instanceType": "m7i.large"}, {"instanceType": "m7g.large"}, REPLACED),
    (Instance, {"userDataBase64": "a"}, {"userDataBase64": "b"}, UPDATED),
    (Instance, {"vpcSecurityGroupIds": ["a", "b"]}, {"vpcSecurityGroupIds": ["b", "a"]}, SAME),
    (Instance, {"rootBlockDevice": {"volumeSize": 8}}, {"rootBlockDevice": {}}, UPDATED),
    (Instance, {"rootBlockDevice": {"encrypted": True}}, {"rootBlockDevice": {}}, REPLACED),
    (Instance, {"sourceDestCheck": True}, {"sourceDestCheck": False}, UPDATED),
    (Instance, {"privateIp": "a"}, {"privateIp": "b"}, REPLACED),
    (Instance, {"privateIp": "a"}, {}, SAME),
]


@pytest.mark.parametrize(("kind", "old", "new", "change"), CHANGES)
def test_a_change_updates_or_replaces_as_the_provider_does(
    account: Rows, kind: type[AwsKind], old: Values, new: Values, change: str
) -> None:
    touched = {n for n in old.keys() | new.keys() if old.get(n) != new.get(n)}
    expected = dict.fromkeys(touched, change) if change else {}
    assert kind(account.cloud).changes(old, new) == expected


def test_user_data_replaces_an_instance_where_the_program_says_so(account: Rows) -> None:
    old, new = ({"userDataBase64": e, "userDataReplaceOnChange": True} for e in ("a", "b"))
    assert Instance(account.cloud).changes(old, new) == {"userDataBase64": "replace"}


def test_the_lab_is_given_the_rules_that_it_knows() -> None:
    usual = {"IsEgress": False, "FromPort": -1, "ToPort": -1}
    rows = [
        {**usual, "IpProtocol": "6", "FromPort": 22, "ToPort": 23, "CidrIpv4": "10.0.0.0/8"},
        {**usual, "IpProtocol": "icmp", "ReferencedGroupInfo": {"GroupId": "sg-1"}},
        {**usual, "IpProtocol": "-1", "CidrIpv4": "0.0.0.0/0", "IsEgress": True},
        {**usual, "IpProtocol": "-1", "CidrIpv6": "::/0"},
        {**usual, "IpProtocol": "50", "CidrIpv4": "10.0.0.0/8"},
    ]
    told = [
        (r.direction, r.protocol, r.ports, r.source if isinstance(r.source, str) else str(r.source))
        for r in lab_rules(rows)
    ]
    assert told == [
        ("in", "tcp", (22, 23), "10.0.0.0/8"),
        ("in", "icmp", None, "sg-1"),
        ("out", "any", None, "0.0.0.0/0"),
    ]
