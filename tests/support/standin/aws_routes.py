"""aws:ec2/route: one entry of a table, which counts for the quota and in the lab."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Network
from typing import ClassVar, Final

from lab.model import Route as LabRoute
from provider.wire import Values
from tests.support.standin.aws_api import Api, Row, filters
from tests.support.standin.aws_asked import instance_row, interface_row, vpc_cidrs
from tests.support.standin.aws_kind import AwsKind, Cloud, Rules, known
from tests.support.standin.kind import Refused
from tests.support.standin.table import Table

# The arguments that say where an entry leads, and the API's words for them.
_HOPS: Final = {
    "gatewayId": "GatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
    "transitGatewayId": "TransitGatewayId",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
    "carrierGatewayId": "CarrierGatewayId",
    "localGatewayId": "LocalGatewayId",
    "coreNetworkArn": "CoreNetworkArn",
    "odbNetworkArn": "OdbNetworkArn",
    "vpcEndpointId": "VpcEndpointId",
}
_KNOWN: Final = ("gatewayId", "natGatewayId", "networkInterfaceId")


@dataclass(slots=True)
class _Held:
    """A table as it was when this process first looked, and what it did there since.

    Asking for the whole table again at every entry would cost more than all else together.
    """

    vpc: str
    entries: dict[str, Row] = field(default_factory=dict)  # by destination


class Route(AwsKind):
    """An entry of a table."""

    token = "aws:ec2/route:Route"
    more = "instanceId instanceOwnerId origin state"
    args = Table(
        required="route_table_id",
        replace="route_table_id destination_cidr_block destination_ipv6_cidr_block"
        " destination_prefix_list_id region",
        update="carrier_gateway_id core_network_arn egress_only_gateway_id gateway_id"
        " local_gateway_id nat_gateway_id network_interface_id odb_network_arn transit_gateway_id"
        " vpc_endpoint_id vpc_peering_connection_id",
        computed="region",
    ).args()
    exclusive: ClassVar = (
        frozenset({"destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"}),
        frozenset(_HOPS),
    )

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self._tables: dict[str, _Held] = {}
        self._interface = cache(lambda interface: interface_row(cloud.unseen, interface))
        self._cidrs = cache(lambda vpc: vpc_cidrs(cloud.unseen, vpc))

    def rules(self, inputs: Values) -> Rules:
        strange = inputs.keys() - {*_KNOWN, "routeTableId", "destinationCidrBlock", "region"}
        if strange:
            return [f"{sorted(strange)}: this stand-in knows {', '.join(_KNOWN)} alone"]
        if not known(inputs, "destinationCidrBlock"):
            return []
        try:
            IPv4Network(inputs["destinationCidrBlock"])
        except ValueError as error:
            return [f"argument 'destinationCidrBlock': {error}"]
        return []

    def make(self, name: str, inputs: Values) -> str:
        table, destination = inputs["routeTableId"], inputs["destinationCidrBlock"]
        hop = _hop(inputs)
        with self.cloud.lock:
            held = self._held(table)
            self._check(table, held, IPv4Network(destination), inputs)
            words = {"RouteTableId": table, "DestinationCidrBlock": destination, **hop}
            self.api.ask("ec2:CreateRoute", **words)
            held.entries[destination] = hop
        made = f"r-{table}-{destination}"
        with self.building(made, inputs):
            self._build(table, destination, hop)
        return made

    def look(self, id: str, outputs: Values) -> Row | None:  # noqa: A002 - the engine's word
        table, destination = outputs["routeTableId"], outputs["destinationCidrBlock"]
        with self.cloud.lock:
            try:
                held = self._held(table)
            except Refused:
                return None
            hop = held.entries.get(destination)
            if hop is not None and "NetworkInterfaceId" in hop:
                hop = self._as_built(table, destination, hop)
        return hop and {"RouteTableId": table, "DestinationCidrBlock": destination, **hop}

    def show(self, row: Row, outputs: Values) -> Values:
        hops = {name: row.get(word, "") for name, word in _HOPS.items() if name in _KNOWN}
        interface = hops["networkInterfaceId"]
        return {
            **hops,
            "destinationCidrBlock": row["DestinationCidrBlock"],
            "instanceId": self._instance(interface),
            "origin": "CreateRoute",
            "region": self.api.region,
            "routeTableId": row["RouteTableId"],
            "state": "active" if not interface or self._instance(interface) else "blackhole",
        }

    def alter(self, id: str, old: Values, new: Values) -> None:  # noqa: A002 - the engine's word
        table, destination, hop = new["routeTableId"], new["destinationCidrBlock"], _hop(new)
        with self.cloud.lock:
            words = {"RouteTableId": table, "DestinationCidrBlock": destination, **hop}
            self.api.ask("ec2:ReplaceRoute", **words)
            self._held(table).entries[destination] = hop
        self._build(table, destination, hop)

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        table, destination = outputs["routeTableId"], outputs["destinationCidrBlock"]
        with self.cloud.lock:
            self._held(table).entries.pop(destination, None)
            words = {"RouteTableId": table, "DestinationCidrBlock": destination}
            self.api.ask("ec2:DeleteRoute", **words)
        self.place.drop(LabRoute, f"{table}/{destination}")

    def _held(self, table: str) -> _Held:
        if table not in self._tables:
            row = self.api.rows("ec2:DescribeRouteTables", "RouteTables", RouteTableIds=[table])[0]
            made = (entry for entry in row["Routes"] if entry["Origin"] == "CreateRoute")
            entries = {entry["DestinationCidrBlock"]: _hop_of(entry) for entry in made}
            self._tables[table] = _Held(row["VpcId"], entries)
        return self._tables[table]

    def _check(self, table: str, held: _Held, destination: IPv4Network, inputs: Values) -> None:
        """What AWS refuses; moto knows most of this for other targets than an interface."""
        if str(destination) in held.entries:
            message = f"Route in Route Table ({table}) with destination ({destination}) exists"
            raise Refused("RouteAlreadyExists", message)
        if len(held.entries) >= self.cloud.routes:
            message = f"The maximum number of routes has been reached in route table {table}."
            raise Refused("RouteLimitExceeded", message)
        _check_local(self.unseen, held.vpc, self._cidrs(held.vpc), destination, inputs)
        interface = inputs.get("networkInterfaceId")
        if interface and self._interface(interface)["VpcId"] != held.vpc:
            message = f"route table {table} and interface {interface} belong to different networks"
            raise Refused("InvalidParameterValue", message)

    def _build(self, table: str, destination: str, hop: Row) -> None:
        instance = self._instance(hop.get("NetworkInterfaceId", ""))
        cidr = IPv4Network(destination)
        # Entries inside the VPC are recorded alone: in the lab its addresses have no other way.
        if instance and not any(cidr.overlaps(c) for c in self._cidrs(self._held(table).vpc)):
            self.place.route(table, cidr, instance)
        else:
            self.place.drop(LabRoute, f"{table}/{destination}")

    def _instance(self, interface: str) -> str:
        """The instance behind an interface; "" where there is none, or the interface is gone."""
        if not interface:
            return ""
        try:
            return str((self._interface(interface).get("Attachment") or {}).get("InstanceId", ""))
        except Refused:
            return ""

    def _as_built(self, table: str, destination: str, hop: Row) -> Row | None:
        """The entry as it stands in the lab, where somebody may have changed it by hand.

        The account learns of it: a cloud has one truth.
        """
        told = self._instance(hop["NetworkInterfaceId"])
        if not told:
            return hop  # a black hole
        really = self.place.next_hop(table, IPv4Network(destination), told)
        if really == told:
            return hop
        words = {"RouteTableId": table, "DestinationCidrBlock": destination}
        instance = instance_row(self.unseen, really) if really else None
        if instance is None:
            self.unseen.ask("ec2:DeleteRoute", **words)
            del self._held(table).entries[destination]
            return None
        other = {"NetworkInterfaceId": instance["NetworkInterfaces"][0]["NetworkInterfaceId"]}
        self.unseen.ask("ec2:ReplaceRoute", **words, **other)
        self._held(table).entries[destination] = other
        return other


def _hop(inputs: Values) -> Row:
    return {word: inputs[name] for name, word in _HOPS.items() if name in inputs}


def _hop_of(entry: Row) -> Row:
    return {word: entry[word] for word in _HOPS.values() if entry.get(word)}


def _check_local(
    api: Api, vpc: str, cidrs: list[IPv4Network], destination: IPv4Network, inputs: Values
) -> None:
    """An entry inside the VPC must be for one whole subnet, and lead to an interface or a NAT."""
    if not any(destination.subnet_of(cidr) for cidr in cidrs):
        return
    if "networkInterfaceId" not in inputs and "natGatewayId" not in inputs:
        message = f"The destination {destination} is in the VPC and needs an interface as target."
        raise Refused("InvalidParameterValue", message)
    subnets = api.rows("ec2:DescribeSubnets", "Subnets", Filters=filters(vpc_id=vpc))
    if str(destination) not in {row["CidrBlock"] for row in subnets}:
        message = f"Route destination {destination} doesn't match any subnet CIDR blocks."
        raise Refused("InvalidParameterValue", message)
