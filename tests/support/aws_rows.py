"""The stand-in's types in this process, over a moto server: no engine and no lab."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from provider.wire import Values
from tests.support.aws_account import ENVIRON
from tests.support.aws_project import aws_account
from tests.support.standin.aws_addresses import Eip
from tests.support.standin.aws_api import Api
from tests.support.standin.aws_gateways import InternetGateway
from tests.support.standin.aws_groups import SecurityGroup
from tests.support.standin.aws_instance import Instance
from tests.support.standin.aws_kind import AwsKind, Cloud
from tests.support.standin.aws_moto import IMAGE, REGION
from tests.support.standin.aws_tables import RouteTable, RouteTableAssociation
from tests.support.standin.aws_vpc import Subnet, Vpc
from tests.support.standin.kind import Refused
from tests.support.standin.place import Nowhere, Place


class Rows:
    """A VPC with a subnet, a gateway and one instance, made by the types themselves."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.vpc = self.make(Vpc, cidrBlock="10.94.0.0/16")
        self.subnet = self.make(Subnet, **self.in_subnet("10.94.0.0/24"))
        self.group = self.make(SecurityGroup, name="hosts", vpcId=self.vpc)
        self.table = self.make(RouteTable, vpcId=self.vpc)
        self.make(RouteTableAssociation, subnetId=self.subnet, routeTableId=self.table)
        self.gateway = self.make(InternetGateway, vpcId=self.vpc)
        self.host = self.make(Instance, **self.instance())
        self.interface = self.outputs(Instance, self.host)["primaryNetworkInterfaceId"]
        self.address = self.make(Eip, domain="vpc")

    def make(self, kind: type[AwsKind], **inputs: Any) -> str:
        """Make it as the server does: checked, and with a name."""
        it = kind(self.cloud)
        faults = it.faults(inputs)
        assert not faults, faults
        return it.create("it", it.completed("it", {}, inputs)).id

    def outputs(self, kind: type[AwsKind], name: str, **outputs: Any) -> Values:
        found = kind(self.cloud).read(name, outputs)
        assert found is not None
        return found

    def in_subnet(self, cidr: str) -> Values:
        return {"vpcId": self.vpc, "cidrBlock": cidr, "availabilityZone": f"{REGION}a"}

    def instance(self, number: int = 11, **more: Any) -> Values:
        return {
            "ami": IMAGE,
            "instanceType": "m7i.large",
            "subnetId": self.subnet,
            "privateIp": f"10.94.0.{number}",
            "vpcSecurityGroupIds": [self.group],
            **more,
        }

    def route(self, destination: str, **more: Any) -> Values:
        hop = more or {"networkInterfaceId": self.interface}
        return {"routeTableId": self.table, "destinationCidrBlock": destination, **hop}

    def rule(self, **more: Any) -> Values:
        usual = {"securityGroupId": self.group, "ipProtocol": "tcp", "fromPort": 22, "toPort": 22}
        return {**usual, "cidrIpv4": "10.0.0.0/8", **more}

    def refusal(self, kind: type[AwsKind], **inputs: Any) -> str:
        """AWS's code for what it does not make."""
        with pytest.raises(Refused) as caught:
            self.make(kind, **inputs)
        return caught.value.code


@contextmanager
def rows(folder: Path, place: Place | None = None) -> Iterator[Rows]:
    """A fresh account with small quotas, in which something stands."""
    with aws_account() as account, mock.patch.dict(os.environ, ENVIRON):
        cloud = Cloud(
            api=Api(account.endpoint, REGION, folder),
            unseen=Api(account.endpoint, REGION),
            place=place or Nowhere(),
            routes=3,
            rules=3,
            patience=0.0,
        )
        yield Rows(cloud)
