"""Ranges of other VPCs that ours is, or may one day be, connected to."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Final

from components.clouds.alicloud.api import Answer, under
from components.clouds.alicloud.preflight.case import Case, overlap, ranges_of
from components.clouds.findings import Findings

_GONE: Final = {"Rejected", "Expired", "Deleting", "Deleted"}
_NAMED: Final = 3  # VPCs named in a note
Other = tuple[str, tuple[IPv4Network, ...]]  # a VPC's id and its ranges


def peered(case: Case, findings: Findings) -> None:
    """VPCs that ours is peered with, in this account or another."""
    if case.vpc:
        listed = case.api.all("vpcpeer", "ListVpcPeerConnections")
        _connected(case, findings, "is peered with", _peers(listed, case.vpc))


def attached(case: Case, findings: Findings) -> None:
    """VPCs of this region in a Cloud Enterprise Network, where ours is in one too."""
    if case.vpc and _in_network(case.vpcs.get(case.vpc, {})):
        others = [
            (name, ranges_of(vpc))
            for name, vpc in case.vpcs.items()
            if name != case.vpc and _in_network(vpc)
        ]
        _connected(case, findings, "is in a Cloud Enterprise Network with", others)


def unrelated(case: Case, findings: Findings) -> None:
    """VPCs that nothing connects to ours: no fault, but the two can never be connected."""
    if case.vpc:
        return
    mine = (case.plan.network.vpc, *case.plan.network.ranges)
    same = [
        f"{name} ({pair[1]})"
        for name, vpc in sorted(case.vpcs.items())
        if (pair := overlap(mine, ranges_of(vpc)))
    ]
    if same:
        more = f" and {len(same) - _NAMED} more" if len(same) > _NAMED else ""
        findings.could_not(
            f"{case.at('network.vpc')}, whether it will ever be connected to other VPCs",
            f"the same addresses in {', '.join(same[:_NAMED])}{more}",
            "choose other ranges if it will; else there is nothing to do",
        )


def _connected(
    case: Case, findings: Findings, how: str, others: list[Other] | Iterator[Other]
) -> None:
    network = case.plan.network
    for name, ranges in others:
        for key, mine in (("network.vpc", network.vpc), *network.ranges_by_key.items()):
            pair = overlap((mine,), ranges)
            if pair:
                findings.fault(
                    case.at(key),
                    f"overlaps a VPC that ours {how}: {name}",
                    found=f"{pair[0]} and {pair[1]}",
                    wanted="ranges that share no address",
                    hint="choose another range, or take the connection away",
                )


def _peers(listed: list[Answer], ours: str) -> Iterator[Other]:
    for connection in listed:
        ends = (connection.get("Vpc") or {}, connection.get("AcceptingVpc") or {})
        names = [end.get("VpcId") for end in ends]
        if ours in names and connection.get("Status") not in _GONE:
            other = ends[1 - names.index(ours)]
            cidrs = tuple(IPv4Network(cidr) for cidr in under(other, "Ipv4Cidrs"))
            yield str(other.get("VpcId")), cidrs


def _in_network(vpc: Answer) -> bool:
    return vpc.get("CenStatus") == "Attached"
