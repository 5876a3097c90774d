"""aws:ec2/routeTable and routeTableAssociation."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import ClassVar

from lab.model import RouteTable as LabTable
from provider.wire import Values
from tests.support.standin.aws_api import Api, Row, filters
from tests.support.standin.aws_asked import main_table, subnet_row
from tests.support.standin.aws_kind import AwsKind, Cloud, Rules, arn, differs
from tests.support.standin.kind import Refused
from tests.support.standin.table import Table


class RouteTable(AwsKind):
    """A table; its entries are resources of their own."""

    token = "aws:ec2/routeTable:RouteTable"
    tagged = "route-table"
    more = "arn ownerId"
    args = Table(
        required="vpc_id",
        replace="vpc_id region",
        update="propagating_vgws routes tags",
        computed="propagating_vgws routes region",
        shapes={"list": "propagating_vgws routes", "map": "tags"},
    ).args()

    def rules(self, inputs: Values) -> Rules:
        if inputs.get("routes") or inputs.get("propagatingVgws"):
            return ["'routes': this stand-in knows entries as aws:ec2/route:Route alone"]
        return []

    def make(self, name: str, inputs: Values) -> str:
        words = {"VpcId": inputs["vpcId"], **self.tag_words(inputs)}
        table = str(self.api.ask("ec2:CreateRouteTable", **words)["RouteTable"]["RouteTableId"])
        with self.building(table, inputs) as place:
            place.table(table)
        return table

    def look(self, id: str, outputs: Values) -> Row | None:  # noqa: A002 - the engine's word
        return self.api.one("ec2:DescribeRouteTables", "RouteTables", RouteTableIds=[id])

    def show(self, row: Row, outputs: Values) -> Values:
        return {
            "arn": arn("ec2", self.api.region, f"route-table/{row['RouteTableId']}"),
            "ownerId": row["OwnerId"],
            "region": self.api.region,
            "vpcId": row["VpcId"],
        }

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        with self.cloud.lock:
            for link in (self.look(id, outputs) or {}).get("Associations", ()):
                unlink(self.cloud, link["RouteTableAssociationId"], link["SubnetId"])
            self.api.ask("ec2:DeleteRouteTable", RouteTableId=id)
        self.place.drop(LabTable, id)


class RouteTableAssociation(AwsKind):
    """Which table a subnet sends its packets by. AWS gives every change a new id of its own."""

    token = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    args = Table(
        required="route_table_id",
        replace="gateway_id subnet_id region",
        update="route_table_id",
        computed="region",
    ).args()
    exclusive: ClassVar = (frozenset({"gatewayId", "subnetId"}),)

    def rules(self, inputs: Values) -> Rules:
        if "gatewayId" in inputs:
            return ["'gatewayId': this stand-in knows tables of subnets alone"]
        return []

    def make(self, name: str, inputs: Values) -> str:
        table, subnet = inputs["routeTableId"], inputs["subnetId"]
        with self.cloud.lock:
            held = link_of(self.unseen, subnet)
            if held:
                # Moto answers with the one that is there.
                message = (
                    f"the specified association for route table {table} conflicts with an"
                    f" existing association {held['RouteTableAssociationId']}"
                )
                raise Refused("Resource.AlreadyAssociated", message)
            _same_vpc(self.unseen, table, subnet)
            made = self.api.ask("ec2:AssociateRouteTable", RouteTableId=table, SubnetId=subnet)
        with self.building(made["AssociationId"], inputs):
            serve(self.cloud, subnet, table)
        return str(made["AssociationId"])

    def look(self, id: str, outputs: Values) -> Row | None:  # noqa: A002 - the engine's word
        return link_of(self.api, outputs["subnetId"])

    def show(self, row: Row, outputs: Values) -> Values:
        return {
            "routeTableId": row["RouteTableId"],
            "subnetId": row["SubnetId"],
            "region": self.api.region,
        }

    def alter(self, id: str, old: Values, new: Values) -> None:  # noqa: A002 - the engine's word
        if not differs(old, new, "routeTableId"):
            return
        table = new["routeTableId"]
        with self.cloud.lock:
            held = link_of(self.api, new["subnetId"])
            if held is None:
                self.make("", new)
                return
            words = {"AssociationId": held["RouteTableAssociationId"], "RouteTableId": table}
            self.api.ask("ec2:ReplaceRouteTableAssociation", **words)
        serve(self.cloud, new["subnetId"], table)

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        held = link_of(self.api, outputs["subnetId"])
        if held:
            unlink(self.cloud, held["RouteTableAssociationId"], outputs["subnetId"])


def link_of(api: Api, subnet: str) -> Row | None:
    """The explicit association of a subnet."""
    asked = filters(association__subnet_id=subnet)
    table = api.one("ec2:DescribeRouteTables", "RouteTables", Filters=asked)
    links = (table or {}).get("Associations", ())
    return next((link for link in links if link.get("SubnetId") == subnet), None)


def unlink(cloud: Cloud, association: str, subnet: str) -> None:
    """Let a subnet be served by its VPC's main table again."""
    cloud.api.ask("ec2:DisassociateRouteTable", AssociationId=association)
    serve(cloud, subnet, main_table(cloud.unseen, subnet_row(cloud.unseen, subnet)["VpcId"]))


def serve(cloud: Cloud, subnet: str, table: str) -> None:
    row = subnet_row(cloud.unseen, subnet)
    cidr = IPv4Network(row["CidrBlock"])
    cloud.place.subnet(subnet, zone=row["AvailabilityZone"], cidr=cidr, table=table)


def _same_vpc(api: Api, table: str, subnet: str) -> None:
    held = api.rows("ec2:DescribeRouteTables", "RouteTables", RouteTableIds=[table])[0]
    if held["VpcId"] != subnet_row(api, subnet)["VpcId"]:
        message = f"Route table {table} and subnet {subnet} belong to different networks"
        raise Refused("InvalidParameterValue", message)
