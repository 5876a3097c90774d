"""What is asked of Alibaba Cloud's API, and how each product wants to be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """How a product is asked. `form` products read their parameters from the body alone."""

    version: str
    host: str
    form: bool = False
    regional: bool = True  # takes RegionId


PRODUCTS: Final = {
    "sts": Product(version="2015-04-01", host="sts.aliyuncs.com", regional=False),
    "ecs": Product(version="2014-05-26", host="ecs.{region}.aliyuncs.com"),
    "vpc": Product(version="2016-04-28", host="vpc.{region}.aliyuncs.com"),
    "vpcpeer": Product(version="2022-01-01", host="vpcpeer.aliyuncs.com", form=True),
    "quotas": Product(version="2020-05-10", host="quotas.aliyuncs.com", form=True, regional=False),
}

# Where a host is not what the pattern gives; the list of regions must not need a right region.
_HOSTS: Final = {
    "ecs:DescribeRegions": "ecs.aliyuncs.com",
    "ecs.cn-hangzhou.aliyuncs.com": "ecs-cn-hangzhou.aliyuncs.com",
    "vpc.cn-hangzhou.aliyuncs.com": "vpc.aliyuncs.com",
}


@dataclass(frozen=True, slots=True)
class Listing:
    """Where an action's items are, and the largest page it gives."""

    path: tuple[str, ...]
    size: str  # the parameter for the page's size
    most: int

    @property
    def numbered(self) -> bool:
        """Pages have numbers; else each names the next one by a token."""
        return self.size == "PageSize"


LISTS: Final = {
    "ecs:DescribeImages": Listing(("Images", "Image"), "PageSize", 100),
    "ecs:DescribeInstances": Listing(("Instances", "Instance"), "MaxResults", 100),
    "ecs:DescribeInstanceTypes": Listing(("InstanceTypes", "InstanceType"), "MaxResults", 1600),
    "ecs:DescribeNetworkInterfaces": Listing(
        ("NetworkInterfaceSets", "NetworkInterfaceSet"), "MaxResults", 500
    ),
    "ecs:DescribeSecurityGroupAttribute": Listing(
        ("Permissions", "Permission"), "MaxResults", 1000
    ),
    "ecs:DescribeSecurityGroups": Listing(("SecurityGroups", "SecurityGroup"), "MaxResults", 100),
    "quotas:ListProductQuotas": Listing(("Quotas",), "MaxResults", 100),
    "vpc:DescribeEipAddresses": Listing(("EipAddresses", "EipAddress"), "PageSize", 100),
    "vpc:DescribeRouteEntryList": Listing(("RouteEntrys", "RouteEntry"), "MaxResult", 100),
    "vpc:DescribeRouteTableList": Listing(
        ("RouterTableList", "RouterTableListType"), "PageSize", 50
    ),
    "vpc:DescribeVSwitches": Listing(("VSwitches", "VSwitch"), "PageSize", 50),
    "vpc:DescribeVpcs": Listing(("Vpcs", "Vpc"), "PageSize", 50),
    "vpcpeer:ListVpcPeerConnections": Listing(("VpcPeerConnects",), "MaxResults", 100),
}

# Everything that is asked: what a RAM policy allows, beside what pulumi-alicloud asks.
ACTIONS: Final = frozenset(LISTS) | {
    "ecs:DescribeAccountAttributes",
    "ecs:DescribeAvailableResource",
    "ecs:DescribeRegions",
    "ecs:DescribeZones",
    "ecs:ModifyInstanceAttribute",
    "ecs:RunInstances",
    "sts:GetCallerIdentity",
    "vpc:CreateVpc",
}


def host_of(action: str, region: str) -> str:
    """The host that answers an action such as "vpc:DescribeVpcs" in a region."""
    plain = PRODUCTS[action.partition(":")[0]].host.format(region=region)
    return _HOSTS.get(action) or _HOSTS.get(plain) or plain
