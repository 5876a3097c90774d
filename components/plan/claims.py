"""Who owns which addresses: every range has one owner, and all are checked in one sweep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

from components.config.faults import Fault
from components.config.model import Network
from components.plan.model import Slot

_NETWORK = "fairway:network"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A range and its owner. `inside` is the path of the claim that it must be a part of."""

    owner: str
    path: str
    network: IPv4Network
    inside: str = ""


def network_claims(network: Network, uplink: IPv4Network | None) -> list[Claim]:
    """The ranges that a configuration gives away, the cloud's link to the outside included."""
    claims = [
        Claim(owner=owner, path=f"{_NETWORK}.{key}", network=taken)
        for owner, key, taken in (
            ("the VPC", "vpc", network.vpc),
            ("docker0", "docker0", network.docker0),
            ("docker_gwbridge", "gwbridge", network.gwbridge),
            ("the overlays' pool", "overlays", network.overlays),
        )
    ]
    if network.containers is not None:
        claims.append(
            Claim(
                owner="the container range",
                path=f"{_NETWORK}.containers",
                network=network.containers,
            )
        )
    claims += [
        Claim(owner=f"peer {peer}", path=f"{_NETWORK}.peers[{index}]", network=peer)
        for index, peer in enumerate(network.peers)
    ]
    if uplink is not None:
        claims.append(Claim(owner="the uplink", path="fairway:lab.uplink", network=uplink))
    return claims + list(_zone_claims(network))


def slot_claims(slots: Iterable[Slot]) -> list[Claim]:
    """Each host's container CIDR, a part of its zone's range."""
    return [
        Claim(
            owner=f"host {slot.name}",
            path=f"fairway:pools.{slot.pool}.hosts.{slot.zone}",
            network=slot.containers,
            inside=f"{_NETWORK}.zones.{slot.zone}.containers",
        )
        for slot in slots
    ]


def claim_faults(claims: Iterable[Claim]) -> list[Fault]:
    """Every claim that shares addresses with another owner or lies outside its own.

    Two CIDRs are disjoint or one holds the other, so one pass in address order with a stack of
    the ranges that are open at the moment finds them all: n log n for n claims.
    """
    claims = sorted(claims, key=_wide_first)
    owners = {claim.path: claim.inside for claim in claims}
    faults: list[Fault] = []
    opened: list[Claim] = []
    for claim in claims:
        while opened and opened[-1].network.broadcast_address < claim.network.network_address:
            opened.pop()
        faults += _judge(claim, opened, owners)
        opened.append(claim)
    return faults


def _zone_claims(network: Network) -> Iterator[Claim]:
    for zone in network.zones:
        path = f"{_NETWORK}.zones.{zone.name}"
        yield Claim(
            owner=f"the vSwitch of zone {zone.name}",
            path=f"{path}.subnet",
            network=zone.subnet,
            inside=f"{_NETWORK}.vpc",
        )
        yield Claim(
            owner=f"the container block of zone {zone.name}",
            path=f"{path}.containers",
            network=zone.containers,
            inside=f"{_NETWORK}.containers" if network.containers else f"{path}.subnet",
        )
        if zone.public is not None:
            yield Claim(
                owner=f"the public vSwitch of zone {zone.name}",
                path=f"{path}.public",
                network=zone.public,
                inside=f"{_NETWORK}.vpc",
            )


def _wide_first(claim: Claim) -> tuple[int, int, int]:
    # Of equal ranges the outer one comes first: a zone may have all of the container range.
    depth = 0 if not claim.inside else claim.inside.count(".")
    return int(claim.network.network_address), claim.network.prefixlen, depth


def _judge(claim: Claim, opened: list[Claim], owners: Mapping[str, str]) -> Iterator[Fault]:
    if claim.inside and claim.inside not in (outer.path for outer in opened):
        yield Fault(
            path=claim.path,
            what=f"{claim.owner} lies outside its owner's range",
            found=str(claim.network),
            wanted=f"a part of {claim.inside}",
            hint="move it inside, or widen the outer range",
        )
    if opened and opened[-1].path not in (claim.inside, owners.get(claim.inside)):
        other = opened[-1]
        yield Fault(
            path=claim.path,
            what=f"{claim.owner} overlaps {other.owner} ({other.path})",
            found=f"{claim.network} and {other.network}",
            wanted="ranges that share no address",
            hint="move one of the two",
        )
