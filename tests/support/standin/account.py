"""An Alibaba Cloud account in one file: what stand-ins make there, the HTTP fake shows.

Each item is held as the API's Describe actions show it, in the API's own field names and nested
lists, under its kind and id. What the fields are, beside Status where the API has one:

    region            RegionId, LocalName
    zone              ZoneId, RegionId, LocalName, AvailableResourceCreation{ResourceTypes[]},
                      AvailableInstanceTypes{InstanceTypes[]}, AvailableDiskCategories{
                      DiskCategories[]}; of this file: SoldOut[], NoSpot[] (instance types)
    instance_type     InstanceTypeId, CpuArchitecture (X86, ARM), CpuCoreCount, MemorySize,
                      JumboFrameSupport
    image             ImageId, Architecture (x86_64, arm64), Status, OSType, Platform, OSNameEn,
                      ImageOwnerAlias, CreationTime, Size, IsSupportCloudinit
    vpc               VpcId, RegionId, CidrBlock, SecondaryCidrBlocks{SecondaryCidrBlock[]}, Status,
                      CenStatus ("Attached" or ""), RouterTableIds{RouterTableIds[]}, Tags*
    vswitch           VSwitchId, VpcId, ZoneId, CidrBlock, AvailableIpAddressCount, Status,
                      RouteTable{RouteTableId, RouteTableType}, Tags*
    route_table       RouteTableId, VpcId, RouteTableType (System, Custom), Status,
                      VSwitchIds{VSwitchId[]}, Tags*
    route_entry       RouteEntryId, RouteTableId, DestinationCidrBlock, Type (System, Custom),
                      Status, NextHops{NextHop[{NextHopType, NextHopId}]}
    security_group    SecurityGroupId, SecurityGroupName, SecurityGroupType (normal, enterprise),
                      VpcId, InnerAccessPolicy (Accept, Drop), Tags, Permissions{Permission[{
                      Direction (ingress, egress), IpProtocol (TCP, UDP, ICMP, ALL), PortRange
                      ("22/22", "-1/-1"), Policy (Accept, Drop), Priority, SourceCidrIp,
                      SourceGroupId, DestCidrIp, DestGroupId, Description}]}
    instance          InstanceId, InstanceName, InstanceType, ImageId, ZoneId, RegionId, Status
                      (Running, Stopped...), SpotStrategy, DeletionProtection,
                      VpcAttributes{VpcId, VSwitchId, PrivateIpAddress{IpAddress[]}},
                      SecurityGroupIds{SecurityGroupId[]}, Tags
    network_interface NetworkInterfaceId, InstanceId, Type (Primary, Secondary), VpcId, VSwitchId,
                      PrivateIpAddress, SourceDestCheck, SecurityGroupIds{SecurityGroupId[]}, Tags
    eip               AllocationId, IpAddress, Status, InstanceId, Tags*
    nat_gateway       NatGatewayId, VpcId, Status, NatGatewayPrivateInfo{VswitchId},
                      SnatTableIds{SnatTableId[]}, Tags*
    snat_entry        SnatEntryId, SnatTableId, SourceVSwitchId, SnatIp, Status
    key_pair          KeyPairName, KeyPairFingerPrint, Tags
    quota             ProductCode, QuotaActionCode, QuotaName, TotalQuota, Dimensions
    attribute         AttributeName, Value: of DescribeAccountAttributes
    peering           InstanceId, Status (Activated...), Vpc{VpcId, Ipv4Cidrs[]},
                      AcceptingVpc{VpcId, Ipv4Cidrs[]}, RegionId, AcceptingRegionId

Tags* are of products beside ECS: `vpc_tags`; all others are `ecs_tags`.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

Item = dict[str, Any]
Kinds = dict[str, dict[str, Item]]

KINDS: Final = (
    *("region", "zone", "instance_type", "image", "vpc", "vswitch", "route_table", "route_entry"),
    *("security_group", "instance", "network_interface", "eip", "nat_gateway", "snat_entry"),
    *("key_pair", "quota", "attribute", "peering"),
)
REGION: Final = "eu-central-1"
X86_IMAGE: Final = "debian_12_11_x64_20G_alibase_20250630.vhd"
ARM_IMAGE: Final = "debian_12_11_arm64_20G_alibase_20250630.vhd"
DISKS: Final = ("cloud_essd", "cloud_auto", "cloud_ssd", "cloud_efficiency")


class Account:
    """An account in a folder, which several processes may read and change at once."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._items = folder / "account.json"
        self._lock = folder / "account.lock"
        self._log = folder / "actions.log"

    @contextmanager
    def open(self) -> Iterator[Kinds]:
        """All items by kind and id, for this caller alone; what is changed is kept at the end.

        An error in the block leaves the account as it was.
        """
        with self._lock.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            kinds = self._read()
            yield kinds
            written = self._items.with_suffix(".new")
            written.write_text(json.dumps(kinds))
            written.replace(self._items)

    def look(self) -> Kinds:
        """All items as they are now; changes are not kept."""
        return self._read()

    def record(self, action: str) -> None:
        """Note that an action such as "vpc:CreateVpc" was asked of the API."""
        line = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(line, f"{action}\n".encode())
        finally:
            os.close(line)

    def calls(self) -> list[str]:
        """Every recorded action, in order, with repeats."""
        return self._log.read_text().split() if self._log.exists() else []

    def seed(self) -> None:
        """Fill in what a healthy and empty account shows."""
        with self.open() as kinds:
            for kind, items in _healthy():
                kinds[kind].update(items)

    def _read(self) -> Kinds:
        held: Kinds = json.loads(self._items.read_text()) if self._items.exists() else {}
        return {**{kind: {} for kind in KINDS}, **held}


def ecs_tags(tags: Mapping[str, str]) -> Item:
    """Tags as ECS shows them."""
    return {"Tag": [{"TagKey": key, "TagValue": value} for key, value in tags.items()]}


def vpc_tags(tags: Mapping[str, str]) -> Item:
    """Tags as VPC, EIP and NAT gateways show them."""
    return {"Tag": [{"Key": key, "Value": value} for key, value in tags.items()]}


def tags_of(item: Mapping[str, Any]) -> dict[str, str]:
    """An item's tags, whichever product it belongs to."""
    listed = (item.get("Tags") or {}).get("Tag") or []
    return {t.get("TagKey", t.get("Key")): t.get("TagValue", t.get("Value")) for t in listed}


def _healthy() -> Iterator[tuple[str, dict[str, Item]]]:
    yield "region", {REGION: {"RegionId": REGION, "LocalName": "Germany (Frankfurt)"}}
    yield "instance_type", {name: _type(name, *facts) for name, facts in _TYPES.items()}
    yield "zone", {zone: _zone(zone) for zone in (f"{REGION}{letter}" for letter in "abc")}
    yield "image", {image["ImageId"]: image for image in _images()}
    yield "quota", {name: _quota(name, *facts) for name, facts in _QUOTAS.items()}
    yield "attribute", {name: {"AttributeName": name, "Value": v} for name, v in _LIMITS.items()}


# Processor, cores, GiB, and whether it has jumbo frames.
_TYPES: Final = {
    "ecs.g8i.large": ("X86", 2, 8.0, True),
    "ecs.g8i.xlarge": ("X86", 4, 16.0, True),
    "ecs.g8y.large": ("ARM", 2, 8.0, True),
    "ecs.g7.large": ("X86", 2, 8.0, True),
    "ecs.g6.large": ("X86", 2, 8.0, False),
    "ecs.c6.large": ("X86", 2, 4.0, False),
    "ecs.t6-c1m1.large": ("X86", 2, 2.0, False),
    "ecs.t5-lc1m1.small": ("X86", 1, 1.0, False),
}

# Name: product, the opaque code of Quota Center, and the documented default.
_QUOTAS: Final = {
    f"vpc_quota_instances_num_{REGION}": ("vpc", "q_p4qr71", 10),
    "vpc_quota_vswitches_num": ("vpc", "q_b7klmn", 150),
    "vpc_quota_route_tables_num": ("vpc", "q_e1mq5l", 9),
    "vpc_quota_route_entrys_num": ("vpc", "q_f3v09z", 200),
    "eip_quota_instances_num": ("eip", "q_9o2n4w", 20),
}

_LIMITS: Final = {
    "max-postpaid-instance-vcpu-count": "100",
    "used-postpaid-instance-vcpu-count": "0",
    "max-spot-instance-vcpu-count": "100",
    "used-spot-instance-vcpu-count": "0",
}


def _type(name: str, processor: str, cores: int, memory: float, jumbo: bool) -> Item:
    return {
        "InstanceTypeId": name,
        "CpuArchitecture": processor,
        "CpuCoreCount": cores,
        "MemorySize": memory,
        "JumboFrameSupport": jumbo,
    }


def _zone(zone: str) -> Item:
    return {
        "ZoneId": zone,
        "RegionId": REGION,
        "LocalName": f"Frankfurt Zone {zone[-1].upper()}",
        "AvailableResourceCreation": {"ResourceTypes": ["VSwitch", "IoOptimized", "Instance"]},
        "AvailableInstanceTypes": {"InstanceTypes": list(_TYPES)},
        "AvailableDiskCategories": {"DiskCategories": list(DISKS)},
        "SoldOut": [],
        "NoSpot": [],
    }


def _images() -> Iterator[Item]:
    for name, made in ((X86_IMAGE, "2025-07-01"), (ARM_IMAGE, "2025-07-01")):
        yield _image(name, made)
    yield _image("debian_12_10_x64_20G_alibase_20250401.vhd", "2025-04-02")
    yield _image("debian_11_11_x64_20G_alibase_20250820.vhd", "2025-08-21")
    yield _image("ubuntu_24_04_x64_20G_alibase_20250901.vhd", "2025-09-02")


def _image(name: str, made: str) -> Item:
    system, major, minor, processor, *_ = name.split("_")
    return {
        "ImageId": name,
        "ImageName": name,
        "Architecture": "arm64" if processor == "arm64" else "x86_64",
        "Status": "Available",
        "OSType": "linux",
        "Platform": system.capitalize(),
        "OSNameEn": f"{system.capitalize()} {major}.{minor} 64 bit",
        "ImageOwnerAlias": "system",
        "CreationTime": f"{made}T08:00:00Z",
        "Size": 20,
        "IsSupportCloudinit": True,
    }


def _quota(name: str, product: str, code: str, total: float) -> Item:
    return {
        "ProductCode": product,
        "QuotaActionCode": code,
        "QuotaName": name,
        "QuotaCategory": "CommonQuota",
        "TotalQuota": total,
        "Dimensions": {"regionId": REGION},
    }
