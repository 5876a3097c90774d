"""What the API refuses of VPCs and vSwitches."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Final

from provider.wire import Values
from tests.support.standin.account import Item, Kinds
from tests.support.standin.alicloud_items import needs, quota
from tests.support.standin.kind import Refused

_NO_VPC: Final = tuple(
    map(IPv4Network, ("100.64.0.0/10", "224.0.0.0/4", "127.0.0.0/8", "169.254.0.0/16"))
)
# What keeps a vSwitch: the kind, the rest of the code, and where it names the vSwitch.
IN_SWITCH: Final = (
    ("instance", "", ("VpcAttributes", "VSwitchId")),
    ("nat_gateway", ".EnhancedNatgw", ("NatGatewayPrivateInfo", "VswitchId")),
    ("snat_entry", ".SnatEntry", ("SourceVSwitchId",)),
)


def bad_vpc(cidr: str) -> list[str]:
    network = IPv4Network(cidr)
    if not 8 <= network.prefixlen <= 28:
        return [f"argument 'cidrBlock': {cidr} has no mask of 8 to 28 bits"]
    return [f"argument 'cidrBlock': {cidr} is in {no}" for no in _NO_VPC if network.overlaps(no)]


def users_of(kinds: Kinds, vpc: str) -> list[str]:
    """What a VPC still has, as the code's last part names it."""
    found = {"vswitch": "VSwitch", "security_group": "SecurityGroup", "nat_gateway": "NatGateway"}
    users = [w for k, w in found.items() if any(i["VpcId"] == vpc for i in kinds[k].values())]
    tables = [t for t in kinds["route_table"].values() if t["VpcId"] == vpc]
    return users + ["RouteTable" for t in tables if t["RouteTableType"] == "Custom"]


def check_switch(kinds: Kinds, vpc: Item, inputs: Values) -> None:
    cidr = IPv4Network(inputs["cidrBlock"])
    needs(kinds, "zone", inputs["zoneId"], "InvalidZoneId.NotFound")
    if not cidr.subnet_of(IPv4Network(vpc["CidrBlock"])):
        raise Refused("InvalidParameter", "Specified CIDR block is not valid in VPC.")
    others = [s for s in kinds["vswitch"].values() if s["VpcId"] == vpc["VpcId"]]
    if len(others) >= quota(kinds, "vpc_quota_vswitches_num", 150):
        raise Refused("QuotaExceeded.VSwitch", "Virtual switch quota exceeded.")
    if any(cidr.overlaps(IPv4Network(other["CidrBlock"])) for other in others):
        raise Refused(
            "InvalidCidrBlock.Overlapped", "Specified CIDR block overlapped with other subnets."
        )
    for entry in kinds["route_entry"].values():
        mine = kinds["route_table"][entry["RouteTableId"]]["VpcId"] == vpc["VpcId"]
        inside = IPv4Network(entry["DestinationCidrBlock"]).subnet_of(cidr)
        if mine and inside and entry["Type"] == "Custom":
            raise Refused(
                "InvalidCidrBlock.Overlapped", "Specified CIDR block overlapped with other entry."
            )
