"""Ranges and routes: what of others reaches into ours, and whose an entry is."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Final

from components.clouds.aws.api import Row
from components.clouds.aws.preflight.case import Case
from components.clouds.aws.preflight.seen import Seen
from components.clouds.aws.tables import hop
from components.clouds.findings import Findings

_WAY_OUT: Final = 1  # of a table of ours beside the hosts' and a local one for each block
_SIDES: Final = ("RequesterVpcInfo", "AccepterVpcInfo")
_LOCAL: Final = "local"
Ranges = tuple[tuple[str, IPv4Network], ...]  # each with the key that says it


def overlaps(case: Case, seen: Seen, findings: Findings) -> None:
    """Ranges of ours that the VPC itself, or one that is peered with it, has too."""
    with findings.looking_at(case.at("network")):
        vpc = seen.vpc
        if vpc is None:
            if case.settings.existing is None:
                _twins(case, seen, findings)
            return
        missing = missing_blocks(case, seen)
        for cidr in cidrs_of(vpc) - {case.network.vpc, *case.blocks}:
            ours = (*case.ranges, *(("network.vpc", block) for block in missing))
            _shared(case, ours, cidr, f"a range of {vpc['VpcId']}", findings)
        # The whole range, for hosts take all of it for their VPC's; EC2 looks at its blocks alone.
        wide = bool(case.blocks) and case.network.vpc not in case.blocks
        whole = [("network.vpc", case.network.vpc)] if wide else []
        for peering in seen.peerings():
            for cidr in _far_cidrs(peering, vpc["VpcId"]):
                told = f"by {peering['VpcPeeringConnectionId']}"
                _shared(case, (*case.ranges, *whole), cidr, told, findings)


def entries(case: Case, seen: Seen, findings: Findings) -> None:
    """Entries of others in the tables that get ours, for destinations of ours."""
    with findings.looking_at(case.at("network.containers")):
        # EC2 joins a block to a VPC only where no entry is for a part of it.
        joining = [("network.vpc", block) for block in missing_blocks(case, seen)]
        for table in tables(case, seen):
            for row, destination in _foreign(case, seen, table):
                for key, ours in (*case.ranges, *joining):
                    if destination.subnet_of(ours):
                        findings.fault(
                            case.at(key),
                            "somebody else's route leads there",
                            found=f"{destination} to {hop(row)} in {table['RouteTableId']}",
                            wanted=f"no entry of others inside {ours}",
                            hint="take the entry away, or move our range",
                        )


def entries_needed(case: Case, seen: Seen) -> int:
    """How many entries the fullest table will hold."""
    hosts = len(case.plan.routes)
    if case.settings.existing is None:
        return hosts + len(case.blocks) + _WAY_OUT
    return hosts + max(
        (1 + len(list(_foreign(case, seen, table))) for table in tables(case, seen)), default=1
    )


def tables(case: Case, seen: Seen) -> list[Row]:
    """The tables that get our entries, as far as there are some."""
    existing = case.settings.existing
    if existing is None:
        return seen.tables()
    wanted = set(existing.tables.values())
    return [table for table in seen.tables() if table["RouteTableId"] in wanted]


def cidrs_of(vpc: Row) -> set[IPv4Network]:
    """The VPC's CIDRs, primary and secondary."""
    sets = vpc.get("CidrBlockAssociationSet", ())
    held = [each["CidrBlock"] for each in sets if each["CidrBlockState"]["State"] == "associated"]
    return {IPv4Network(cidr) for cidr in (vpc["CidrBlock"], *held)}


def missing_blocks(case: Case, seen: Seen) -> list[IPv4Network]:
    """Blocks that an `up` joins to our VPC as it stands; one with another first block goes."""
    vpc = seen.vpc
    if vpc is None or vpc["CidrBlock"] not in map(str, case.blocks[:1]):
        return []
    held = cidrs_of(vpc)
    return [block for block in case.blocks if block not in held]


def _foreign(case: Case, seen: Seen, table: Row) -> Iterator[tuple[Row, IPv4Network]]:
    """A table's IPv4 entries that are not ours, with what they are for."""
    planned = {route.destination for route in case.plan.routes}
    for row in table["Routes"]:
        if "DestinationCidrBlock" not in row:
            continue
        destination = IPv4Network(row["DestinationCidrBlock"])
        ours = row.get("NetworkInterfaceId") in seen.our_interfaces
        # A black hole where an entry of ours belongs is what a lost machine of ours leaves.
        lost = row.get("State") == "blackhole" and destination in planned
        if row.get("GatewayId") != _LOCAL and not ours and not lost:
            yield row, destination


def _far_cidrs(peering: Row, vpc: str) -> set[IPv4Network]:
    """What is at the other end of a peering of this VPC; nothing when it is not one of it."""
    sides = [peering.get(side, {}) for side in _SIDES]
    if vpc not in {side.get("VpcId") for side in sides}:
        return set()
    far = (side for side in sides if side.get("VpcId") != vpc)
    texts = (
        [each["CidrBlock"] for each in side.get("CidrBlockSet", ())] or [side.get("CidrBlock")]
        for side in far
    )
    return {IPv4Network(text) for each in texts for text in each if text}


def _shared(case: Case, ranges: Ranges, cidr: IPv4Network, joined: str, findings: Findings) -> None:
    for key, ours in ranges:
        if cidr.overlaps(ours):
            findings.fault(
                case.at(key),
                "shares addresses with a network that the VPC is joined with",
                found=f"{ours} and {cidr}, {joined}",
                wanted="addresses that nobody there has",
                hint="move our range",
            )


def _twins(case: Case, seen: Seen, findings: Findings) -> None:
    """Other VPCs with our addresses: no fault, but the two can never be joined."""
    ours = case.network.vpc
    twins = [
        f"{vpc['VpcId']} ({cidr})"
        for vpc in seen.vpcs()
        for cidr in sorted(cidrs_of(vpc))
        if cidr.overlaps(ours)
    ]
    if twins:
        findings.could_not(
            case.at("network.vpc"),
            f"whether this VPC is ever to be joined with {', '.join(twins)}, "
            f"which shares addresses of {ours}",
            "choose another range if it is: the two could not be peered",
        )
