"""alicloud:vpc/routeTable and routeTableAttachment."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import ClassVar

from lab.model import RouteTable as LabTable
from provider.wire import Values
from tests.support.standin.account import Item, Kinds, vpc_tags
from tests.support.standin.alicloud_items import (
    forget,
    named,
    needs,
    new_id,
    now,
    quota,
    shown,
)
from tests.support.standin.alicloud_kind import AlicloudKind, Life
from tests.support.standin.kind import Refused
from tests.support.standin.table import Table


class RouteTable(AlicloudKind):
    """A custom route table."""

    token = "alicloud:vpc/routeTable:RouteTable"
    held_as = "route_table"
    life = Life(
        create="vpc:CreateRouteTable vpc:TagResources",
        read="vpc:DescribeRouteTableList vpc:ListTagResources",
        update="vpc:ModifyRouteTableAttributes vpc:TagResources vpc:UnTagResources",
        delete="vpc:DeleteRouteTable vpc:DescribeRouteTableList",
    )
    args = Table(
        required="vpc_id",
        replace="associate_type vpc_id",
        update="description route_propagation_enable route_table_name tags",
        computed="associate_type route_propagation_enable",
        shapes={"flag": "route_propagation_enable", "map": "tags"},
        one_of={"associate_type": "VSwitch Gateway"},
    ).args()
    lengths: ClassVar = {"routeTableName": (1, 128), "description": (1, 256)}

    def outputs(self) -> tuple[str, ...]:
        return ("createTime", "resourceGroupId", "status")

    def make(self, inputs: Values) -> str:
        table = new_id("vtb")
        with self.cloud.account.open() as kinds:
            vpc = needs(kinds, "vpc", inputs["vpcId"], "InvalidVpcId.NotFound")["VpcId"]
            others = [t for t in kinds["route_table"].values() if t["VpcId"] == vpc]
            if len(others) - 1 >= quota(kinds, "vpc_quota_route_tables_num", 9):
                raise Refused("QuotaExceeded.RouteTable", "Route table quota exceeded.")
            kinds["route_table"][table] = new_table(table, vpc, "Custom", inputs)
            system_entries(kinds, vpc)
        with self.building(table) as place:
            place.table(table)
        return table

    def show(self, item: Item, outputs: Values) -> Values:
        return {
            "vpcId": item["VpcId"],
            "createTime": item["CreationTime"],
            "resourceGroupId": "",
            "status": item["Status"],
            **shown(item, outputs, "RouteTableName", "routeTableName"),
        }

    def alter(self, id: str, old: Values, new: Values) -> None:  # noqa: A002 - the engine's word
        with self.cloud.account.open() as kinds:
            kinds["route_table"][id] |= named(new, "RouteTableName", "routeTableName", vpc_tags)

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        with self.cloud.account.open() as kinds:
            entries = [e for e in kinds["route_entry"].values() if e["RouteTableId"] == id]
            if kinds["route_table"][id]["VSwitchIds"]["VSwitchId"]:
                raise Refused("DependencyViolation.VSwitch", f"{id} is attached to a vSwitch.")
            if any(entry["Type"] == "Custom" for entry in entries):
                raise Refused("DependencyViolation.RouteEntry", f"{id} has entries of its own.")
        self.cloud.place.drop(LabTable, id)
        with self.cloud.account.open() as kinds:
            self.unmake(id, kinds)

    def unmake(self, id: str, kinds: Kinds) -> None:  # noqa: A002 - as above
        super().unmake(id, kinds)
        forget(kinds, "route_entry", "RouteTableId", id)

    def built(self, id: str, item: Item) -> bool:  # noqa: A002 - as above
        return self.cloud.place.holds(LabTable, id)


class RouteTableAttachment(AlicloudKind):
    """Which table a vSwitch's packets go by. Both ends show it; it is no item of its own."""

    token = "alicloud:vpc/routeTableAttachment:RouteTableAttachment"
    held_as = "route_table"
    life = Life(
        create="vpc:AssociateRouteTable",
        read="vpc:DescribeRouteTableList",
        delete="vpc:UnassociateRouteTable vpc:DescribeRouteTableList",
    )
    args = Table(required="route_table_id vswitch_id", replace="route_table_id vswitch_id").args()

    def outputs(self) -> tuple[str, ...]:
        return ("status",)

    def make(self, inputs: Values) -> str:
        table, switch = inputs["routeTableId"], inputs["vswitchId"]
        with self.cloud.account.open() as kinds:
            into = needs(kinds, "route_table", table, "InvalidRouteTableId.NotFound")
            held = needs(kinds, "vswitch", switch, "InvalidVSwitchId.NotFound")
            if held["VpcId"] != into["VpcId"]:
                raise Refused("InvalidVSwitchId.NotFound", f"{switch} is in another VPC.")
            if held["RouteTable"]["RouteTableType"] != "System":
                raise Refused("InvalidOperation.AlreadyAssociated", f"{switch} has a custom table.")
        self._move(switch, table)
        return f"{table}:{switch}"

    def _move(self, switch: str, table: str) -> None:
        with self.cloud.account.open() as kinds:
            held, into = kinds["vswitch"][switch], kinds["route_table"][table]
            kinds["route_table"][held["RouteTable"]["RouteTableId"]]["VSwitchIds"][
                "VSwitchId"
            ].remove(switch)
            into["VSwitchIds"]["VSwitchId"].append(switch)
            kind = into["RouteTableType"]
            held["RouteTable"] = {"RouteTableId": table, "RouteTableType": kind}
        cidr = IPv4Network(held["CidrBlock"])
        self.cloud.place.subnet(switch, zone=held["ZoneId"], cidr=cidr, table=table)

    def item(self, id: str) -> Item:  # noqa: A002 - the engine's word
        return {}

    def show(self, item: Item, outputs: Values) -> Values:
        return {"status": "Available"}

    def read(self, id: str, outputs: Values) -> Values | None:  # noqa: A002 - as above
        self._record(outputs, "read")
        return self.show({}, outputs) if self._attached(id) else None

    def delete(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        self._record(outputs, "delete")
        if self._attached(id):
            self.take(id, outputs)

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        kinds = self.cloud.account.look()
        table, switch = id.split(":")
        vpc = kinds["vpc"][kinds["route_table"][table]["VpcId"]]
        self._move(switch, vpc["RouterTableIds"]["RouterTableIds"][0])

    def _attached(self, id: str) -> bool:  # noqa: A002 - as above
        table, switch = id.split(":")
        held = self.cloud.account.look()["vswitch"].get(switch)
        return held is not None and held["RouteTable"]["RouteTableId"] == table


def system_entries(kinds: Kinds, vpc: str) -> None:
    """Give each table of a VPC the cloud's own entries: one for each vSwitch."""
    tables = [t["RouteTableId"] for t in kinds["route_table"].values() if t["VpcId"] == vpc]
    switches = [s for s in kinds["vswitch"].values() if s["VpcId"] == vpc]
    old = kinds["route_entry"]
    kinds["route_entry"] = {
        key: entry
        for key, entry in old.items()
        if entry["RouteTableId"] not in tables or entry["Type"] != "System"
    }
    for table in tables:
        for switch in switches:
            key = f"{table}:{switch['CidrBlock']}"
            kinds["route_entry"][key] = old.get(key) or {
                "RouteEntryId": new_id("rte"),
                "RouteTableId": table,
                "DestinationCidrBlock": switch["CidrBlock"],
                "Type": "System",
                "Status": "Available",
                "NextHops": {"NextHop": [{"NextHopType": "local", "NextHopId": ""}]},
            }


def new_table(table: str, vpc: str, kind: str, inputs: Values) -> Item:
    return {
        "RouteTableId": table,
        "VpcId": vpc,
        "RouteTableType": kind,
        "Status": "Available",
        "CreationTime": now(),
        "VSwitchIds": {"VSwitchId": []},
        **named(inputs, "RouteTableName", "routeTableName", vpc_tags),
    }
