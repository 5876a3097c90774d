"""Questions to the account that several types ask, and faults of arguments that several have."""

from __future__ import annotations

from ipaddress import IPv4Network

from provider.wire import Values
from tests.support.standin.aws_api import Api, Row, filters
from tests.support.standin.aws_kind import known
from tests.support.standin.kind import Refused


def main_table(api: Api, vpc: str) -> str:
    asked = filters(vpc_id=vpc, association__main="true")
    rows = api.rows("ec2:DescribeRouteTables", "RouteTables", Filters=asked)
    return str(rows[0]["RouteTableId"])


def subnet_row(api: Api, subnet: str) -> Row:
    """The subnet; Refused where there is none."""
    return api.rows("ec2:DescribeSubnets", "Subnets", SubnetIds=[subnet])[0]


def vpc_cidrs(api: Api, vpc: str) -> list[IPv4Network]:
    row = api.rows("ec2:DescribeVpcs", "Vpcs", VpcIds=[vpc])[0]
    return [
        IPv4Network(each["CidrBlock"])
        for each in row["CidrBlockAssociationSet"]
        if each["CidrBlockState"]["State"] == "associated"
    ]


def gateway_of(api: Api, vpc: str) -> str | None:
    """The internet gateway of a VPC."""
    asked = filters(attachment__vpc_id=vpc)
    row = api.one("ec2:DescribeInternetGateways", "InternetGateways", Filters=asked)
    return str(row["InternetGatewayId"]) if row else None


def interface_row(api: Api, interface: str) -> Row:
    """The interface; Refused where there is none."""
    words = {"NetworkInterfaceIds": [interface]}
    return api.rows("ec2:DescribeNetworkInterfaces", "NetworkInterfaces", **words)[0]


def address_row(api: Api, allocation: str) -> Row:
    """The elastic address; Refused where there is none."""
    return api.rows("ec2:DescribeAddresses", "Addresses", AllocationIds=[allocation])[0]


def instance_row(api: Api, instance: str) -> Row | None:
    """The instance, None once it is terminated: that row stays for an hour."""
    held = api.one("ec2:DescribeInstances", "Reservations", InstanceIds=[instance])
    row: Row | None = held and held["Instances"][0]
    return row if row and row["State"]["Name"] != "terminated" else None


def running_row(api: Api, instance: str) -> Row:
    """The instance; Refused where there is none."""
    row = instance_row(api, instance)
    if row is None:
        message = f"The instance ID '{instance}' does not exist"
        raise Refused("InvalidInstanceID.NotFound", message)
    return row


def cidr_faults(inputs: Values, name: str, longest: int = 28) -> list[str]:
    """What the provider's schema says of a CIDR of a VPC or a subnet, or of a part of one."""
    if not known(inputs, name):
        return []
    try:
        cidr = IPv4Network(inputs[name])
    except ValueError as error:
        return [f"argument {name!r}: {error}"]
    if 16 <= cidr.prefixlen <= longest:
        return []
    return [f"argument {name!r}: {cidr}, a prefix of /16 to /{longest} wanted"]
