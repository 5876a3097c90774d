"""How a route table's answer is read: whom it serves, and where its entries lead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from components.clouds.aws.api import Row

_HOPS: Final = (
    "NetworkInterfaceId",
    "InstanceId",
    "NatGatewayId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "GatewayId",
    "LocalGatewayId",
    "CarrierGatewayId",
    "EgressOnlyInternetGatewayId",
    "CoreNetworkArn",
)


def serving(tables: Iterable[Row], subnet: str) -> Row | None:
    """The table of a subnet: the one that names it, else the main one among these of its VPC."""
    main = None
    for table in tables:
        for link in table.get("Associations", ()):
            if link.get("SubnetId") == subnet:
                return table
            if link.get("Main"):
                main = table
    return main


def hop(entry: Row) -> str:
    """The id of an entry's next hop, "" when it has none left."""
    return next((str(entry[key]) for key in _HOPS if entry.get(key)), "")
