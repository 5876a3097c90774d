"""alicloud:vpc/network and switch."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network
from typing import ClassVar, Final

from lab.model import RouteTable as LabTable
from lab.model import Vpc as LabVpc
from lab.model import VSwitch as LabSwitch
from provider.wire import Values
from tests.support.standin.account import Item, Kinds, vpc_tags
from tests.support.standin.alicloud_items import (
    ROUTES,
    at,
    forget,
    known,
    named,
    needs,
    new_id,
    now,
    quota,
    shown,
)
from tests.support.standin.alicloud_kind import AlicloudKind, Life
from tests.support.standin.alicloud_tables import new_table, system_entries
from tests.support.standin.alicloud_vpc_rules import IN_SWITCH, bad_vpc, check_switch, users_of
from tests.support.standin.kind import Refused
from tests.support.standin.table import Table

# 8500 for every machine: what the VPC carries. A real instance without jumbo frames has 1500.
MTU: Final = 8500


class Network(AlicloudKind):
    """A VPC; a system table comes with it."""

    token = "alicloud:vpc/network:Network"
    held_as = "vpc"
    life = Life(
        create="vpc:CreateVpc vpc:TagResources",
        read="vpc:DescribeVpcAttribute vpc:DescribeRouteTableList vpc:ListTagResources",
        update="vpc:ModifyVpcAttribute vpc:TagResources vpc:UnTagResources",
        delete="vpc:DeleteVpc vpc:DescribeVpcAttribute",
    )
    args = Table(
        replace="is_default user_cidrs",
        update="cidr_block description dns_hostname_status dry_run enable_ipv6 force_delete"
        " ipv4_cidr_mask ipv4_ipam_pool_id resource_group_id system_route_table_description"
        " system_route_table_name system_route_table_route_propagation_enable tags vpc_name",
        computed="cidr_block dns_hostname_status is_default resource_group_id user_cidrs"
        " system_route_table_route_propagation_enable",
        shapes={
            "flag": "is_default dry_run enable_ipv6 force_delete"
            " system_route_table_route_propagation_enable",
            "number": "ipv4_cidr_mask",
            "list": "user_cidrs",
            "map": "tags",
        },
        one_of={"dns_hostname_status": "ENABLED DISABLED"},
    ).args()
    lengths: ClassVar = {"vpcName": (1, 128), "description": (1, 256)}

    def rules(self, inputs: Values) -> Sequence[str]:
        told = bad_vpc(inputs["cidrBlock"]) if known(inputs, "cidrBlock") else []
        return [*super().rules(inputs), *told]

    def outputs(self) -> tuple[str, ...]:
        shown = ("createTime", "ipv6CidrBlocks", "regionId", "routeTableId", "routerId", "status")
        return (*shown, "routerTableId")

    def make(self, inputs: Values) -> str:
        vpc, table = new_id("vpc"), new_id("vtb")
        with self.cloud.account.open() as kinds:
            if len(kinds["vpc"]) >= quota(
                kinds, f"vpc_quota_instances_num_{self.cloud.region}", 10
            ):
                raise Refused("QuotaExceeded.Vpc", "VPC quota exceeded.")
            kinds["vpc"][vpc] = {
                "VpcId": vpc,
                "RegionId": self.cloud.region,
                "CidrBlock": inputs.get("cidrBlock", "172.16.0.0/12"),
                "SecondaryCidrBlocks": {"SecondaryCidrBlock": []},
                "Status": "Available",
                "CenStatus": "",
                "CreationTime": now(),
                "VRouterId": new_id("vrt"),
                "RouterTableIds": {"RouterTableIds": [table]},
                **named(inputs, "VpcName", "vpcName", vpc_tags),
            }
            kinds["route_table"][table] = new_table(table, vpc, "System", {})
            entries = quota(kinds, ROUTES, 200)
            cidr = IPv4Network(kinds["vpc"][vpc]["CidrBlock"])
        with self.building(vpc) as place:
            place.vpc(cidr, quota=entries, mtu=MTU)
            place.table(table)
        return vpc

    def show(self, item: Item, outputs: Values) -> Values:
        system = item["RouterTableIds"]["RouterTableIds"][0]
        return {
            "cidrBlock": item["CidrBlock"],
            "createTime": item["CreationTime"],
            "ipv6CidrBlocks": [],
            "regionId": item["RegionId"],
            "routeTableId": system,
            "routerTableId": system,
            "routerId": item["VRouterId"],
            "status": item["Status"],
            **shown(item, outputs, "VpcName", "vpcName"),
        }

    def alter(self, id: str, old: Values, new: Values) -> None:  # noqa: A002 - the engine's word
        with self.cloud.account.open() as kinds:
            if old.get("cidrBlock") != new.get("cidrBlock") and users_of(kinds, id):
                raise Refused("OperationDenied.VpcInUse", "A VPC in use keeps its CIDR block.")
            kinds["vpc"][id] |= named(new, "VpcName", "vpcName", vpc_tags)

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        with self.cloud.account.open() as kinds:
            for what in users_of(kinds, id):
                raise Refused(f"DependencyViolation.{what}", "The VPC still has dependents.")
        for table in self.item(id)["RouterTableIds"]["RouterTableIds"]:
            self.cloud.place.drop(LabTable, table)
        self.cloud.place.drop(LabVpc, "vpc")
        with self.cloud.account.open() as kinds:
            self.unmake(id, kinds)

    def unmake(self, id: str, kinds: Kinds) -> None:  # noqa: A002 - as above
        super().unmake(id, kinds)
        forget(kinds, "route_table", "VpcId", id)

    def built(self, id: str, item: Item) -> bool:  # noqa: A002 - as above
        return self.cloud.place.holds(LabVpc, "vpc")


class Switch(AlicloudKind):
    """A vSwitch in one zone; it has the system table until another is attached."""

    token = "alicloud:vpc/switch:Switch"
    held_as = "vswitch"
    life = Life(
        create="vpc:CreateVSwitch vpc:TagResources",
        read="vpc:DescribeVSwitchAttributes vpc:ListTagResources",
        update="vpc:ModifyVSwitchAttribute vpc:TagResources vpc:UnTagResources",
        delete="vpc:DeleteVSwitch vpc:DescribeVSwitchAttributes",
    )
    # The provider's own schema requires none of these; its code does, unless it is a default one.
    args = Table(
        required="cidr_block vpc_id zone_id",
        replace="cidr_block is_default vpc_id zone_id",
        update="description enable_ipv6 ipv6_cidr_block_mask tags vswitch_name vpc_ipv6_cidr_block",
        computed="is_default enable_ipv6",
        shapes={"flag": "is_default enable_ipv6", "number": "ipv6_cidr_block_mask", "map": "tags"},
    ).args()
    lengths: ClassVar = {"vswitchName": (1, 128), "description": (1, 256)}

    def rules(self, inputs: Values) -> Sequence[str]:
        cidr = inputs["cidrBlock"]
        good = not known(inputs, "cidrBlock") or 16 <= IPv4Network(cidr).prefixlen <= 29
        told = [] if good else [f"argument 'cidrBlock': {cidr} has no mask of 16 to 29 bits"]
        return [*super().rules(inputs), *told]

    def outputs(self) -> tuple[str, ...]:
        return ("createTime", "ipv6CidrBlock", "status")

    def make(self, inputs: Values) -> str:
        switch = new_id("vsw")
        with self.cloud.account.open() as kinds:
            vpc = needs(kinds, "vpc", inputs["vpcId"], "InvalidVpcId.NotFound")
            check_switch(kinds, vpc, inputs)
            system = vpc["RouterTableIds"]["RouterTableIds"][0]
            cidr = IPv4Network(inputs["cidrBlock"])
            kinds["vswitch"][switch] = {
                "VSwitchId": switch,
                "VpcId": vpc["VpcId"],
                "ZoneId": inputs["zoneId"],
                "CidrBlock": str(cidr),
                "AvailableIpAddressCount": cidr.num_addresses - 4,
                "Status": "Available",
                "CreationTime": now(),
                "RouteTable": {"RouteTableId": system, "RouteTableType": "System"},
                **named(inputs, "VSwitchName", "vswitchName", vpc_tags),
            }
            kinds["route_table"][system]["VSwitchIds"]["VSwitchId"].append(switch)
            system_entries(kinds, vpc["VpcId"])
        with self.building(switch) as place:
            place.subnet(switch, zone=inputs["zoneId"], cidr=cidr, table=system)
        return switch

    def show(self, item: Item, outputs: Values) -> Values:
        return {
            "cidrBlock": item["CidrBlock"],
            "vpcId": item["VpcId"],
            "zoneId": item["ZoneId"],
            "createTime": item["CreationTime"],
            "ipv6CidrBlock": "",
            "status": item["Status"],
            **shown(item, outputs, "VSwitchName", "vswitchName"),
        }

    def alter(self, id: str, old: Values, new: Values) -> None:  # noqa: A002 - the engine's word
        with self.cloud.account.open() as kinds:
            kinds["vswitch"][id] |= named(new, "VSwitchName", "vswitchName", vpc_tags)

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        with self.cloud.account.open() as kinds:
            for kind, what, path in IN_SWITCH:
                if any(at(item, *path) == id for item in kinds[kind].values()):
                    raise Refused(f"DependencyViolation{what}", f"vSwitch {id} is still used.")
        self.cloud.place.drop(LabSwitch, id)
        with self.cloud.account.open() as kinds:
            self.unmake(id, kinds)

    def unmake(self, id: str, kinds: Kinds) -> None:  # noqa: A002 - as above
        item = kinds["vswitch"].pop(id)
        for table in kinds["route_table"].values():
            attached = table["VSwitchIds"]["VSwitchId"]
            table["VSwitchIds"]["VSwitchId"] = [one for one in attached if one != id]
        system_entries(kinds, item["VpcId"])

    def built(self, id: str, item: Item) -> bool:  # noqa: A002 - as above
        return self.cloud.place.holds(LabSwitch, id)
