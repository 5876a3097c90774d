"""alicloud:ecs/eipAddress and eipAssociation: a public address that leads to an instance."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address
from typing import ClassVar, Final

from provider.wire import Values
from tests.support.standin.account import Item, Kinds, vpc_tags
from tests.support.standin.alicloud_items import known, named, needs, new_id, now, quota, shown
from tests.support.standin.alicloud_kind import AlicloudKind, Life
from tests.support.standin.kind import Refused
from tests.support.standin.place import public_addresses
from tests.support.standin.table import Table

_BOUND: Final = {"EcsInstance": "instance", "Nat": "nat_gateway"}
_MOST: Final = {"PayByTraffic": 200, "PayByBandwidth": 500}  # Mbit/s


class EipAddress(AlicloudKind):
    """A public address. What it is bound to is another resource."""

    token = "alicloud:ecs/eipAddress:EipAddress"
    held_as = "eip"
    life = Life(
        create="vpc:AllocateEipAddress vpc:TagResources",
        read="vpc:DescribeEipAddresses vpc:ListTagResources",
        update="vpc:ModifyEipAddressAttribute vpc:TagResources vpc:UnTagResources",
        delete="vpc:ReleaseEipAddress vpc:DescribeEipAddresses",
        also={"deletionProtection": "vpc:DeletionProtection"},
    )
    args = Table(
        replace="allocation_id high_definition_monitor_log_status internet_charge_type ip_address"
        " isp netmode payment_type public_ip_address_pool_id security_protection_types zone",
        update="activity_id address_name auto_pay bandwidth deletion_protection description"
        " log_project log_store mode period pricing_cycle resource_group_id tags",
        computed="allocation_id high_definition_monitor_log_status internet_charge_type ip_address"
        " isp payment_type zone bandwidth deletion_protection mode resource_group_id address_name",
        shapes={
            "flag": "auto_pay deletion_protection",
            "number": "period",
            "list": "security_protection_types",
            "map": "tags",
        },
        one_of={
            "high_definition_monitor_log_status": "OFF ON",
            "internet_charge_type": "PayByBandwidth PayByTraffic",
            "mode": "NAT BINDED MULTI_BINDED",
            "netmode": "public",
            "payment_type": "Subscription PayAsYouGo PrePaid PostPaid",
            "pricing_cycle": "Month Year",
        },
    ).args()
    lengths: ClassVar = {"addressName": (1, 128), "description": (2, 256)}

    def rules(self, inputs: Values) -> Sequence[str]:
        told = list(super().rules(inputs))
        most = _MOST[inputs.get("internetChargeType", "PayByBandwidth")]
        if known(inputs, "bandwidth") and not 1 <= int(inputs["bandwidth"]) <= most:
            told.append(f"argument 'bandwidth': 1 to {most} wanted")
        return told

    def outputs(self) -> tuple[str, ...]:
        return ("createTime", "status", "ipAddress", "allocationId")

    def make(self, inputs: Values) -> str:
        address = new_id("eip")
        with self.cloud.account.open() as kinds:
            if len(kinds["eip"]) >= quota(kinds, "eip_quota_instances_num", 20):
                raise Refused("QuotaExceeded.Eip", "Elastic IP address quota exceeded.")
            taken = {held["IpAddress"] for held in kinds["eip"].values()}
            kinds["eip"][address] = {
                "AllocationId": address,
                "IpAddress": next(one for one in public_addresses() if one not in taken),
                "Status": "Available",
                "InstanceId": "",
                "InstanceType": "",
                "AllocationTime": now(),
                **_address(inputs),
            }
        return address

    def show(self, item: Item, outputs: Values) -> Values:
        return {
            "allocationId": item["AllocationId"],
            "ipAddress": item["IpAddress"],
            "status": item["Status"],
            "createTime": item["AllocationTime"],
            "bandwidth": item["Bandwidth"],
            "deletionProtection": item["DeletionProtection"],
            **shown(item, outputs, "Name", "addressName"),
        }

    def alter(self, id: str, old: Values, new: Values) -> None:  # noqa: A002 - the engine's word
        with self.cloud.account.open() as kinds:
            kinds["eip"][id] |= _address(new)

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        with self.cloud.account.open() as kinds:
            item = kinds["eip"][id]
            if item["DeletionProtection"]:
                raise Refused("InvalidOperation.DeletionProtection", f"{id} is protected.")
            if item["InstanceId"]:
                raise Refused("IncorrectEipStatus", f"{id} is bound to {item['InstanceId']}.")
            del kinds["eip"][id]


class EipAssociation(AlicloudKind):
    """A public address at work; it is no item of its own."""

    token = "alicloud:ecs/eipAssociation:EipAssociation"
    held_as = "eip"
    life = Life(
        create="vpc:AssociateEipAddress",
        read="vpc:DescribeEipAddresses",
        update="vpc:UnassociateEipAddress vpc:AssociateEipAddress",
        delete="vpc:UnassociateEipAddress vpc:DescribeEipAddresses",
    )
    args = Table(
        required="allocation_id instance_id",
        replace="allocation_id instance_id instance_type private_ip_address vpc_id",
        update="force mode",
        computed="instance_type private_ip_address vpc_id mode",
        shapes={"flag": "force"},
        one_of={
            "mode": "NAT MULTI_BINDED BINDED",
            "instance_type": "Nat SlbInstance EcsInstance NetworkInterface HaVip IpAddress",
        },
    ).args()

    def make(self, inputs: Values) -> str:
        address, instance = inputs["allocationId"], inputs["instanceId"]
        kind = inputs.get("instanceType", "EcsInstance")
        if kind not in _BOUND:
            raise AssertionError(f"this stand-in binds no address to {kind}")
        with self.cloud.account.open() as kinds:
            item = needs(kinds, "eip", address, "InvalidAllocationId.NotFound")
            needs(kinds, _BOUND[kind], instance, "InvalidInstanceId.NotFound")
            if item["InstanceId"]:
                raise Refused("InvalidAssociation.Duplicated", f"{address} is bound already.")
            others = [e for e in kinds["eip"].values() if e["InstanceId"] == instance]
            if kind == "EcsInstance" and others:
                raise Refused("InvalidAssociation.Duplicated", f"{instance} has an address.")
            item |= {"InstanceId": instance, "InstanceType": kind, "Status": "InUse"}
            private = _private(kinds, instance)
        if private:
            self.cloud.place.publish(IPv4Address(item["IpAddress"]), private)
        return f"{address}:{instance}"

    def item(self, id: str) -> Item:  # noqa: A002 - the engine's word
        address, instance = id.split(":")
        held = self.cloud.account.look()["eip"].get(address, {})
        return held if held.get("InstanceId") == instance else {}

    def show(self, item: Item, outputs: Values) -> Values:
        return {"instanceType": item["InstanceType"]}

    def read(self, id: str, outputs: Values) -> Values | None:  # noqa: A002 - as above
        self._record(outputs, "read")
        item = self.item(id)
        return self.show(item, outputs) if item else None

    def alter(self, id: str, old: Values, new: Values) -> None:  # noqa: A002 - as above
        """What changes in place here has no effect that shows."""

    def delete(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        self._record(outputs, "delete")
        if self.item(id):
            self.take(id, outputs)

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        address = id.split(":", maxsplit=1)[0]
        with self.cloud.account.open() as kinds:
            item = kinds["eip"][address]
            if any(e["SnatIp"] == item["IpAddress"] for e in kinds["snat_entry"].values()):
                raise Refused("InvalidIpStatus.HasBeenUsedBySnatTable", f"{address} is in use.")
            led = item["InstanceType"] == "EcsInstance"
            item |= {"InstanceId": "", "InstanceType": "", "Status": "Available"}
        if led:
            self.cloud.place.withdraw(IPv4Address(item["IpAddress"]))


def _address(inputs: Values) -> Item:
    return {
        "Bandwidth": str(inputs.get("bandwidth", "5")),
        "InternetChargeType": inputs.get("internetChargeType", "PayByBandwidth"),
        "DeletionProtection": bool(inputs.get("deletionProtection")),
        **named(inputs, "Name", "addressName", vpc_tags),
    }


def _private(kinds: Kinds, instance: str) -> IPv4Address | None:
    held = kinds["instance"].get(instance)
    if held is None:
        return None
    return IPv4Address(held["VpcAttributes"]["PrivateIpAddress"]["IpAddress"][0])
