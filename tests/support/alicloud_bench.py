"""The types of the stand-in for Alibaba Cloud without an engine, over a place that takes notes."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from lab.model import Rule
from provider.wire import Values
from tests.support.standin.account import X86_IMAGE, Account
from tests.support.standin.alicloud_kind import Cloud, Tasks
from tests.support.standin.alicloud_main import KINDS
from tests.support.standin.place import Instance, Nowhere


class Noting(Nowhere):
    """Builds nothing, and notes what it was told."""

    def __init__(self) -> None:
        self.instances: list[Instance] = []
        self.rules: dict[str, tuple[Rule, ...]] = {}
        self.did: list[str] = []

    def instance(self, instance: Instance) -> None:
        self.instances.append(instance)

    def group(self, group: str, rules: Iterable[Rule]) -> None:
        self.rules[group] = tuple(rules)

    def drop(self, kind: type, name: str) -> None:
        self.did.append(f"drop {kind.__name__}")

    def restart(self, instance: str) -> None:
        self.did.append("restart")

    def publish(self, public: IPv4Address, private: IPv4Address) -> None:
        self.did.append(f"publish {public} {private}")


class Town:
    """A VPC with a vSwitch, a table and a group, and all types to make more with."""

    def __init__(self, folder: Path) -> None:
        self.place = Noting()
        self.account = Account(folder)
        self.account.seed()
        cloud = Cloud(self.account, self.place, Tasks(0.05), "eu-central-1")
        self.kinds = {kind.__name__: kind(cloud) for kind in KINDS}
        self.vpc = self.make("Network", cidrBlock="10.95.0.0/16")
        self.switch = self.make("Switch", **self.in_zone("a"), cidrBlock="10.95.0.0/20")
        self.table = self.make("RouteTable", vpcId=self.vpc)
        self.group = self.make("SecurityGroup", vpcId=self.vpc, innerAccessPolicy="Drop")

    def make(self, kind: str, **inputs: Any) -> str:
        made = self.kinds[kind]
        assert made.faults(inputs) == []
        return made.create("x", inputs).id

    def in_zone(self, letter: str) -> Values:
        return {"vpcId": self.vpc, "zoneId": f"eu-central-1{letter}"}

    def instance(self, address: str = "10.95.0.11", **more: Any) -> str:
        return self.make("Instance", **self.host(address, **more))

    def host(self, address: str = "10.95.0.11", **more: Any) -> Values:
        return {
            "vswitchId": self.switch,
            "imageId": X86_IMAGE,
            "instanceType": "ecs.g7.large",
            "securityGroups": [self.group],
            "privateIp": address,
            "userData": "#cloud-config\n{}\n",
            **more,
        }

    def entry(self, cidr: str = "10.225.1.0/24", *, table: str = "", **hop: Any) -> str:
        hop = hop or {"nexthopId": self.instance()}
        table = table or self.table
        return self.make("VpcRouteEntry", routeTableId=table, destinationCidrBlock=cidr, **hop)

    def nat(self) -> str:
        return self.make("NatGateway", vpcId=self.vpc, vswitchId=self.switch)

    def rule(self, **more: Any) -> str:
        told = {"type": "ingress", "ipProtocol": "tcp", "portRange": "22/22", **more}
        return self.make("SecurityGroupRule", securityGroupId=self.group, **told)

    def quota(self, name: str, total: int) -> None:
        with self.account.open() as kinds:
            kinds["quota"][name]["TotalQuota"] = total

    def delete(self, kind: str, id: str) -> None:  # noqa: A002 - the engine's word
        self.kinds[kind].delete(id, {})
