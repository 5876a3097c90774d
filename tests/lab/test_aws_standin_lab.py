"""What the stand-in for AWS makes of its resources in the lab, with bare machines."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from socket import AF_INET

import pytest

from lab import names, namespaces
from lab.lab import Lab
from lab.model import Machine
from lab.model import Route as LabRoute
from lab.model import Vpc as LabVpc
from lab.netlink import LOOPBACK, netlink
from lab.place import MachineSpec
from provider.wire import Values
from tests.support.aws_rows import Rows, rows
from tests.support.bare_lab import PATIENCE, BareMachines, connects, listening
from tests.support.standin.aws_addresses import EipAssociation
from tests.support.standin.aws_instance import Instance
from tests.support.standin.aws_moto import IMAGE
from tests.support.standin.aws_routes import Route
from tests.support.standin.aws_rules import SecurityGroupEgressRule, SecurityGroupIngressRule
from tests.support.standin.in_lab import InLab
from tests.support.standin.public import PublicAddresses

LAB, UPLINK = "t7r", IPv4Network("10.76.94.0/30")
USER_DATA = "#cloud-config\nhostname: b1\n"
PORT = 7044


@dataclass(frozen=True)
class World:
    """An account with two hosts that may talk, and the lab that was made of it."""

    account: Rows
    lab: Lab
    other: str  # the second host
    started: list[MachineSpec]

    def reaches(self, source: IPv4Address, target: IPv4Address, *, at: str, to: str) -> bool:
        with listening(names.namespace(LAB, to), target, PORT):
            return connects(names.namespace(LAB, at), source, target, PORT)


def host(number: int) -> IPv4Address:
    return IPv4Address(f"10.94.0.{number}")


def container(number: int) -> IPv4Address:
    return IPv4Address(f"10.224.{number}.2")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    started: list[MachineSpec] = []
    machines = BareMachines()
    machines.on_start = started.append
    ranges = {"containers": IPv4Network("10.224.0.0/16"), "uplink": UPLINK}
    place = InLab(LAB, **ranges, images={IMAGE: "trixie"}, machines=machines)
    lab = Lab.open(LAB, machines=machines)
    try:
        with rows(tmp_path_factory.mktemp("standin"), place) as account:
            packed = base64.b64encode(USER_DATA.encode()).decode()
            other = account.make(
                Instance, **account.instance(12, sourceDestCheck=False, userDataBase64=packed)
            )
            account.make(SecurityGroupEgressRule, **any_rule(account, "0.0.0.0/0"))
            yield World(account, lab, other, started)
    finally:
        PublicAddresses(LAB, UPLINK).close_all()
        lab.sweep()


def any_rule(account: Rows, cidr: str) -> Values:
    return {"securityGroupId": account.group, "ipProtocol": "-1", "cidrIpv4": cidr}


def give(instance: str, address: IPv4Address) -> None:
    """Put a container on a host."""

    def add() -> None:
        with netlink() as ip:
            ip.addr("replace", index=LOOPBACK, address=str(address), prefixlen=32)

    namespaces.within(names.namespace(LAB, instance), add)


def is_led(public: IPv4Address) -> bool:
    """Whether this computer has a way of its own to a public address."""
    with netlink() as ip:
        return str(public) in {route.get("dst") for route in ip.get_routes(family=AF_INET)}


def arrives(public: IPv4Address, instance: str, address: IPv4Address) -> bool:
    """Send a packet from this computer; tells whether the machine gets it."""

    def bound() -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.settimeout(PATIENCE)
        made.bind((str(address), PORT))
        return made

    with (
        namespaces.within(names.namespace(LAB, instance), bound) as waiting,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        sender.sendto(b"hello", (str(public), PORT))
        try:
            return waiting.recv(16) == b"hello"
        except TimeoutError:
            return False


def test_an_instance_boots_with_exactly_the_user_data_it_was_given(world: World) -> None:
    told = {spec.name: spec for spec in world.started}
    assert told[world.other].user_data == USER_DATA
    assert told[world.other].image == "trixie"
    assert told[world.account.host].user_data == ""


def test_the_vpc_is_as_wide_as_awss(world: World) -> None:
    held = world.lab.get(LabVpc, "vpc")
    assert held is not None
    assert (held.spec.mtu, held.spec.quota) == (9001, 3)


def test_packets_pass_by_the_groups_rules_alone(world: World) -> None:
    account = world.account
    there = {"at": account.host, "to": world.other}
    assert not world.reaches(host(11), host(12), **there)

    made = account.make(SecurityGroupIngressRule, **account.rule(fromPort=PORT, toPort=PORT))
    assert world.reaches(host(11), host(12), **there)

    SecurityGroupIngressRule(account.cloud).delete(made, {"securityGroupId": account.group})
    assert not world.reaches(host(11), host(12), **there)


def test_a_group_without_egress_rules_lets_nothing_out(world: World) -> None:
    account = world.account
    rule = SecurityGroupIngressRule
    inward = account.make(rule, **account.rule(fromPort=PORT, toPort=PORT))
    (row,) = [
        row
        for row in account.cloud.unseen.rows("ec2:DescribeSecurityGroupRules", "SecurityGroupRules")
        if row["GroupId"] == account.group and row["IsEgress"]
    ]
    outputs = {"securityGroupId": account.group}
    SecurityGroupEgressRule(account.cloud).delete(row["SecurityGroupRuleId"], outputs)
    try:
        assert not world.reaches(host(11), host(12), at=account.host, to=world.other)
    finally:
        account.make(SecurityGroupEgressRule, **any_rule(account, "0.0.0.0/0"))
        rule(account.cloud).delete(inward, outputs)


def test_containers_are_reached_by_entries_and_without_the_check_alone(world: World) -> None:
    account = world.account
    inward = account.make(SecurityGroupIngressRule, **any_rule(account, "10.0.0.0/8"))
    for number, instance in ((1, account.host), (2, world.other)):
        give(instance, container(number))
    hops = {
        number: account.outputs(Instance, instance)["primaryNetworkInterfaceId"]
        for number, instance in ((1, account.host), (2, world.other))
    }
    entries = {
        number: account.route(f"10.224.{number}.0/24", networkInterfaceId=hop)
        for number, hop in hops.items()
    }
    made = {number: account.make(Route, **inputs) for number, inputs in entries.items()}
    there = {"at": account.host, "to": world.other}
    assert not world.reaches(container(1), container(2), **there)  # the first host is checked

    seen = account.instance(11)
    Instance(account.cloud).update(account.host, seen, {**seen, "sourceDestCheck": False})
    assert world.reaches(container(1), container(2), **there)

    Route(account.cloud).delete(made[2], entries[2])
    assert not world.reaches(container(1), container(2), **there)
    Route(account.cloud).delete(made[1], entries[1])
    SecurityGroupIngressRule(account.cloud).delete(inward, {"securityGroupId": account.group})


def test_an_entry_that_was_lost_in_the_lab_is_lost_in_the_account(world: World) -> None:
    account = world.account
    inputs = account.route("10.224.7.0/24")
    made = account.make(Route, **inputs)
    assert account.outputs(Route, made, **inputs)["instanceId"] == account.host

    world.lab.delete(LabRoute, f"{account.table}/10.224.7.0/24")

    assert Route(account.cloud).read(made, inputs) is None
    again = account.make(Route, **inputs)  # and is no more in the way
    Route(account.cloud).delete(again, inputs)


def test_a_public_address_leads_this_computer_to_the_machine(world: World) -> None:
    account = world.account
    rule = account.make(SecurityGroupIngressRule, **any_rule(account, str(UPLINK)))
    bound = {"allocationId": account.address, "instanceId": account.host}
    made = account.make(EipAssociation, **bound)
    public = IPv4Address(account.outputs(EipAssociation, made)["publicIp"])
    assert is_led(public)
    assert arrives(public, account.host, host(11))
    EipAssociation(account.cloud).delete(made, bound)
    assert not is_led(public)
    account.cloud.place.withdraw(public)  # once more, as after an interrupted run
    SecurityGroupIngressRule(account.cloud).delete(rule, {"securityGroupId": account.group})


def test_a_machine_that_is_off_is_a_stopped_instance_and_one_that_is_gone_none(
    world: World,
) -> None:
    account = world.account
    lost = account.make(Instance, **account.instance(13))

    world.lab.fail_machine(lost)
    assert account.outputs(Instance, lost)["instanceState"] == "stopped"

    world.lab.delete(Machine, lost)
    assert Instance(account.cloud).read(lost, {}) is None
    # Its address is free for the next one.
    again = account.make(Instance, **account.instance(13))
    Instance(account.cloud).delete(again, {})
    assert world.lab.get(Machine, again) is None
