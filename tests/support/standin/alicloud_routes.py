"""alicloud:vpc/vPCRouteEntry: an entry of a table, whose next hop changes in place."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network
from typing import ClassVar, Final

from lab.model import Route
from provider.wire import Values
from tests.support.standin.account import Item, Kinds
from tests.support.standin.alicloud_items import ROUTES, known, needs, new_id, quota
from tests.support.standin.alicloud_kind import AlicloudKind, Life
from tests.support.standin.kind import Refused
from tests.support.standin.table import Table

_INTERNAL: Final = IPv4Network("100.64.0.0/10")
_HOPS: Final = {"Instance": "instance", "NetworkInterface": "network_interface"}
_RECORDED: Final = {"NatGateway": "nat_gateway"}  # hops that the lab has no counterpart of


class VpcRouteEntry(AlicloudKind):
    """An entry; all changes of entries in a VPC must come one after the other."""

    token = "alicloud:vpc/vPCRouteEntry:VPCRouteEntry"
    held_as = "route_entry"
    life = Life(
        create="vpc:CreateRouteEntry",
        read="vpc:DescribeRouteEntryList",
        update="vpc:ModifyRouteEntry",
        delete="vpc:DeleteRouteEntry vpc:DescribeRouteEntryList",
    )
    args = Table(
        required="destination_cidr_block route_table_id",
        replace="destination_cidr_block next_hops route_table_id",
        update="description nexthop_id nexthop_type route_entry_name route_publish_targets",
        computed="next_hops nexthop_id nexthop_type route_publish_targets",
        shapes={"list": "next_hops route_publish_targets"},
        one_of={
            "nexthop_type": "HaVip RouterInterface NetworkInterface VpnGateway IPv6Gateway"
            " NatGateway Attachment VpcPeer Ipv4Gateway GatewayEndpoint Instance Ecr"
            " GatewayLoadBalancerEndpoint"
        },
    ).args()
    lengths: ClassVar = {"routeEntryName": (1, 128), "description": (1, 256)}

    def rules(self, inputs: Values) -> Sequence[str]:
        told = list(super().rules(inputs))
        cidr = inputs["destinationCidrBlock"]
        if known(inputs, "destinationCidrBlock") and IPv4Network(cidr).subnet_of(_INTERNAL):
            told.append(f"argument 'destinationCidrBlock': {cidr} is in {_INTERNAL}")
        return told

    def outputs(self) -> tuple[str, ...]:
        return ("status",)

    def make(self, inputs: Values) -> str:
        table, cidr = inputs["routeTableId"], inputs["destinationCidrBlock"]
        key = f"{table}:{cidr}"
        with self.cloud.tasks.change(self._vpc(table)):
            with self.cloud.account.open() as kinds:
                _check(kinds, table, IPv4Network(cidr))
                kinds["route_entry"][key] = {
                    "RouteEntryId": new_id("rte"),
                    "RouteTableId": table,
                    "DestinationCidrBlock": cidr,
                    "Type": "Custom",
                    "Status": "Available",
                    **_hop(kinds, inputs),
                }
            with self.building(key):
                self._build(key)
        return key

    def show(self, item: Item, outputs: Values) -> Values:
        (hop,) = item["NextHops"]["NextHop"]
        values = {"routeEntryName": item["RouteEntryName"], "description": item["Description"]}
        return {
            "routeTableId": item["RouteTableId"],
            "destinationCidrBlock": item["DestinationCidrBlock"],
            "nexthopType": hop["NextHopType"],
            "nexthopId": hop["NextHopId"],
            "status": item["Status"],
            **{key: value for key, value in values.items() if value or key in outputs},
        }

    def alter(self, id: str, old: Values, new: Values) -> None:  # noqa: A002 - the engine's word
        with self.cloud.tasks.change(self._vpc(new["routeTableId"])):
            with self.cloud.account.open() as kinds:
                kinds["route_entry"][id] |= _hop(kinds, new)
            self._build(id)

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        table, cidr = id.split(":")
        with self.cloud.tasks.change(self._vpc(table)):
            self.cloud.place.drop(Route, f"{table}/{cidr}")
            with self.cloud.account.open() as kinds:
                del kinds["route_entry"][id]

    def read(self, id: str, outputs: Values) -> Values | None:  # noqa: A002 - as above
        seen = super().read(id, outputs)
        if seen is None or seen["nexthopType"] not in _HOPS:
            return seen
        kinds = self.cloud.account.look()
        told = instance_of(kinds, kinds["route_entry"][id])
        table, cidr = id.split(":")
        really = self.cloud.place.next_hop(table, IPv4Network(cidr), told)
        return seen if really == told else {**seen, "nexthopId": really}

    def built(self, id: str, item: Item) -> bool:  # noqa: A002 - as above
        (hop,) = item["NextHops"]["NextHop"]
        table, cidr = id.split(":")
        if hop["NextHopType"] not in _HOPS:
            return True
        told = str(hop["NextHopId"])
        return bool(self.cloud.place.next_hop(table, IPv4Network(cidr), told))

    def _vpc(self, table: str) -> str:
        kinds = self.cloud.account.look()
        return str(needs(kinds, "route_table", table, "InvalidRouteTableId.NotFound")["VpcId"])

    def _build(self, id: str) -> None:  # noqa: A002 - as above
        """An entry to a machine; one to a gateway the lab does without: it has its own way out."""
        kinds = self.cloud.account.look()
        instance = instance_of(kinds, kinds["route_entry"][id])
        table, cidr = id.split(":")
        if instance:
            self.cloud.place.route(table, IPv4Network(cidr), instance)
        else:
            self.cloud.place.drop(Route, f"{table}/{cidr}")


def instance_of(kinds: Kinds, entry: Item) -> str:
    """The instance that an entry leads to; "" where it leads elsewhere."""
    (hop,) = entry["NextHops"]["NextHop"]
    if hop["NextHopType"] == "Instance":
        return str(hop["NextHopId"])
    if hop["NextHopType"] == "NetworkInterface":
        return str(kinds["network_interface"][hop["NextHopId"]]["InstanceId"])
    return ""


def _check(kinds: Kinds, table: str, cidr: IPv4Network) -> None:
    """Refuse what CreateRouteEntry's page rules out."""
    mine = [e for e in kinds["route_entry"].values() if e["RouteTableId"] == table]
    custom = [entry for entry in mine if entry["Type"] == "Custom"]
    if any(entry["DestinationCidrBlock"] == str(cidr) for entry in custom):
        raise Refused(
            "RouterEntryConflict.Duplicated", f"A route entry already exists, which CIDR is {cidr}"
        )
    if len(custom) >= quota(kinds, ROUTES, 200):
        raise Refused("QuotaExceeded.RouteEntry", "Route entry quota exceeded in this route table.")
    vpc = kinds["route_table"][table]["VpcId"]
    for switch in kinds["vswitch"].values():
        if switch["VpcId"] == vpc and cidr.subnet_of(IPv4Network(switch["CidrBlock"])):
            raise Refused(
                "InvalidCidrBlock", f"{cidr} is or lies in vSwitch {switch['VSwitchId']}'s block."
            )


def _hop(kinds: Kinds, inputs: Values) -> Item:
    """The fields that change in place; the hop has to be there, and in the table's VPC."""
    kind, hop = inputs.get("nexthopType", "Instance"), inputs.get("nexthopId", "")
    held_as = {**_HOPS, **_RECORDED}.get(kind)
    if held_as is None:
        raise AssertionError(f"this stand-in knows no next hop of type {kind}")
    item = needs(kinds, held_as, hop, "InvalidNextHopId.NotFound")
    vpc = item.get("VpcId") or item["VpcAttributes"]["VpcId"]
    if vpc != kinds["route_table"][inputs["routeTableId"]]["VpcId"]:
        raise Refused("InvalidNextHopId.NotFound", f"{hop} is in another VPC.")
    return {
        "NextHops": {"NextHop": [{"NextHopType": kind, "NextHopId": hop}]},
        "RouteEntryName": inputs.get("routeEntryName", ""),
        "Description": inputs.get("description", ""),
    }
