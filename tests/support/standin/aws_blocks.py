"""aws:ec2/vpcIpv4CidrBlockAssociation: a further block of a VPC, joined to its first."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Final

from provider.wire import Values
from tests.support.standin.aws_api import Api, Row, filters
from tests.support.standin.aws_asked import cidr_faults, vpc_cidrs
from tests.support.standin.aws_kind import AwsKind, Rules
from tests.support.standin.kind import Refused
from tests.support.standin.table import Table

_PRIVATE: Final = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
_NEVER: Final = tuple(map(IPv4Network, ("172.31.0.0/16", "198.19.0.0/16", "169.254.0.0/16")))
_LOW, _LOWEST = IPv4Network("10.0.0.0/15"), IPv4Network("10.0.0.0/16")


class VpcIpv4CidrBlockAssociation(AwsKind):
    """A block; every table of the VPC gets a local entry for it. It has no tags.

    The lab's VPC is one range, told at its start, and has the block already.
    """

    token = "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation"
    recorded_only = True
    # The provider's own schema requires no CIDR: one may come from IPAM, which is not here.
    args = Table(
        required="vpc_id cidr_block",
        replace="vpc_id cidr_block ipv4_ipam_pool_id ipv4_netmask_length region",
        computed="cidr_block region",
        shapes={"number": "ipv4_netmask_length"},
    ).args()

    def rules(self, inputs: Values) -> Rules:
        return cidr_faults(inputs, "cidrBlock")

    def make(self, name: str, inputs: Values) -> str:
        vpc, cidr = inputs["vpcId"], IPv4Network(inputs["cidrBlock"])
        with self.cloud.lock:
            _check(self.unseen, vpc, cidr)
            words = {"VpcId": vpc, "CidrBlock": str(cidr)}
            made = self.api.ask("ec2:AssociateVpcCidrBlock", **words)
        return str(made["CidrBlockAssociation"]["AssociationId"])

    def look(self, id: str, outputs: Values) -> Row | None:  # noqa: A002 - the engine's word
        asked = filters(cidr_block_association__association_id=id)
        vpc = self.api.one("ec2:DescribeVpcs", "Vpcs", Filters=asked)
        held = (vpc or {}).get("CidrBlockAssociationSet", ())
        block = next((each for each in held if each["AssociationId"] == id), None)
        there = block is not None and block["CidrBlockState"]["State"] == "associated"
        return {**block, "VpcId": vpc["VpcId"]} if vpc and block and there else None

    def show(self, row: Row, outputs: Values) -> Values:
        own = {"vpcId": row["VpcId"], "cidrBlock": row["CidrBlock"]}
        return {**own, "region": self.api.region}

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - the engine's word
        self.cloud.patiently(lambda: self._delete(id, outputs), "DependencyViolation")

    def _delete(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        """Moto lets a block go with its subnets in it."""
        block, asked = IPv4Network(outputs["cidrBlock"]), filters(vpc_id=outputs["vpcId"])
        with self.cloud.lock:
            for row in self.unseen.rows("ec2:DescribeSubnets", "Subnets", Filters=asked):
                if IPv4Network(row["CidrBlock"]).subnet_of(block):
                    message = f"The vpc CIDR block '{id}' has subnets and cannot be disassociated"
                    raise Refused("DependencyViolation", message)
            self.api.ask("ec2:DisassociateVpcCidrBlock", AssociationId=id)


def _check(api: Api, vpc: str, cidr: IPv4Network) -> None:
    """What AWS refuses, by its list of restrictions and its rule for entries; moto counts alone."""
    held = vpc_cidrs(api, vpc)
    for other in held:
        if cidr.overlaps(other):
            raise Refused("InvalidVpc.Range", f"The CIDR '{cidr}' conflicts with '{other}'.")
    if any(_restricted(cidr, other) for other in held):
        message = (
            f"The CIDR '{cidr}' is restricted. Use a CIDR from the same private address range"
            " as the current VPC CIDR, or use a publicly-routable CIDR."
        )
        raise Refused("InvalidVpc.Range", message)
    tables = api.rows("ec2:DescribeRouteTables", "RouteTables", Filters=filters(vpc_id=vpc))
    for entry in (entry for table in tables for entry in table["Routes"]):
        destination = IPv4Network(entry.get("DestinationCidrBlock", "0.0.0.0/0"))
        if destination.subnet_of(cidr):
            message = f"The CIDR '{cidr}' is the same as or larger than the route {destination}."
            raise Refused("InvalidVpc.Range", message)


def _restricted(cidr: IPv4Network, other: IPv4Network) -> bool:
    """Whether a block may not be joined to a VPC that has the other."""
    if any(cidr.overlaps(each) for each in _NEVER):
        return True
    if other.subnet_of(_LOW) and cidr.subnet_of(_LOWEST):
        return True
    return _family(cidr) is not None and _family(cidr) != _family(other)


def _family(cidr: IPv4Network) -> IPv4Network | None:
    return next((each for each in _PRIVATE if cidr.subnet_of(each)), None)
