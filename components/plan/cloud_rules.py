"""Rules between a cloud's settings and the rest: gateways and bastions have a place, ids a zone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from components.config.faults import Fault, nearest
from components.config.model import AwsSettings, CloudSettings, Existing, Network, Pool
from components.plan.blocks import width_faults


def cloud_faults(
    network: Network, pools: Sequence[Pool], settings: CloudSettings
) -> Iterator[Fault]:
    """Everything that a cloud's settings ask for and the network or the pools do not have."""
    at = f"fairway:{settings.key}"
    yield from _region_faults(network, settings, at)
    if isinstance(settings, AwsSettings):
        yield from width_faults(network, existing=settings.existing is not None)
    yield from _nat_faults(network, settings, at)
    yield from _bastion_faults(network, settings, at)
    yield from _entrance_faults(settings, at)
    if settings.existing is not None:
        yield from _existing_faults(network, settings.existing, at)
    for pool in pools:
        if pool.spot and pool.role == "manager":
            yield Fault(
                path=f"fairway:pools.{pool.name}.spot",
                what="managers may not be taken away at any time",
                found="spot: true in a pool of managers",
                wanted="spot in pools of workers only",
                hint="take it away",
            )


def _region_faults(network: Network, settings: CloudSettings, at: str) -> Iterator[Fault]:
    for zone in network.zones:
        if not zone.zone.startswith(settings.region):
            yield Fault(
                path=f"fairway:network.zones.{zone.name}.zone",
                what=f"is no zone of the region in {at}.region",
                found=f"{zone.zone} and {settings.region}",
                wanted=f"a zone whose name begins with {settings.region}",
                hint="correct one of the two",
            )


def _nat_faults(network: Network, settings: CloudSettings, at: str) -> Iterator[Fault]:
    if settings.existing is not None:
        if settings.nat != "none":
            yield Fault(
                path=f"{at}.nat",
                what="the way out of an existing VPC is its owner's",
                found=settings.nat,
                wanted="none",
                hint=f"set {at}.nat to none",
            )
        return
    needed = {"zone": network.zones, "one": network.zones[:1], "none": ()}[settings.nat]
    for zone in needed:
        if zone.public is None:
            yield _no_public(zone.name, f"its NAT gateway ({at}.nat: {settings.nat})")


def _bastion_faults(network: Network, settings: CloudSettings, at: str) -> Iterator[Fault]:
    bastion = settings.bastion
    if bastion is None:
        return
    zones = {zone.name: zone for zone in network.zones}
    if bastion.zone not in zones:
        yield Fault(
            path=f"{at}.bastion.zone",
            what="is no zone of fairway:network.zones",
            found=f'"{bastion.zone}"',
            wanted="a zone's name",
            hint=nearest(bastion.zone, zones, "zones"),
        )
    elif settings.existing is None:
        if zones[bastion.zone].public is None:
            yield _no_public(bastion.zone, "the bastion")
    elif bastion.zone not in settings.existing.public:
        yield Fault(
            path=f"{at}.existing.public",
            what="names no subnet for the bastion",
            found=", ".join(settings.existing.public) or "nothing",
            wanted=f"a subnet of zone {bastion.zone}",
            hint="name a subnet with an internet gateway there",
        )


def _entrance_faults(settings: CloudSettings, at: str) -> Iterator[Fault]:
    by_ssm = isinstance(settings, AwsSettings) and settings.ssm
    if by_ssm and (settings.bastion or settings.ssh_from):
        yield Fault(
            path=f"{at}.ssm",
            what="is a way in beside which no other is needed",
            found=", ".join(k for k in ("bastion", "ssh_from") if getattr(settings, k)),
            wanted="one way in",
            hint="take away ssm, or the others",
        )
    if not by_ssm and not settings.ssh_from:
        yield Fault(
            path=f"{at}.ssh_from",
            what="nobody could log in",
            found="no range",
            wanted="the ranges that operators come from",
            hint="add ssh_from, for example your own public address with /32",
        )


def _existing_faults(network: Network, existing: Existing, at: str) -> Iterator[Fault]:
    zones = {zone.name for zone in network.zones}
    for key in ("subnets", "tables"):
        given = getattr(existing, key)
        for name in sorted(zones ^ set(given)):
            yield Fault(
                path=f"{at}.existing.{key}",
                what="does not fit the zones",
                found=f"{'nothing' if name in zones else 'an id'} for zone {name}",
                wanted="an id for each zone of fairway:network.zones, and no other",
                hint=f"{'add' if name in zones else 'take away'} {name}",
            )


def _no_public(zone: str, who: str) -> Fault:
    return Fault(
        path=f"fairway:network.zones.{zone}.public",
        what=f"there is no place for {who}",
        found="no public subnet",
        wanted="a CIDR inside the VPC, a /28 or wider",
        hint="add the key public to the zone",
    )
