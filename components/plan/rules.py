"""Rules between values: pools fit into zones, numbers are kept once, tables hold every route."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from components.config.faults import Fault, nearest
from components.config.model import (
    AwsSettings,
    CloudSettings,
    Environment,
    Network,
    Pool,
    Settings,
    Zone,
)
from components.plan import slots
from components.plan.blocks import blocks

LONGEST_HOST_NAME = 63  # bytes of one DNS label


def capacity_faults(network: Network, pools: Sequence[Pool]) -> Iterator[Fault]:
    """Pools in zones that do not exist, and zones too small for all numbers of their pools."""
    zones = {zone.name: zone for zone in network.zones}
    needs: dict[str, Pool] = {}
    for pool in pools:
        for name in pool.hosts:
            if name not in zones:
                yield _unknown_zone(pool, name, zones)
            elif name not in needs or needs[name].numbers[-1] < pool.numbers[-1]:
                needs[name] = pool
    for name, pool in needs.items():
        judge = _inner_faults if network.by_prefixes else _zone_faults
        yield from judge(zones[name], network.host_prefix, pool)


def pool_faults(pools: Sequence[Pool]) -> Iterator[Fault]:
    """Numbers that two pools keep, hosts beyond a pool's numbers, and no hosts at all."""
    for lower, upper in pairwise(sorted(pools, key=lambda pool: (pool.first, pool.size))):
        if upper.first < lower.first + lower.size:
            yield _shared_numbers(lower, upper)
    for pool in pools:
        yield from _crowds(pool)
    if not any(sum(pool.hosts.values()) for pool in pools):
        yield Fault(
            path="fairway:pools",
            what="there is no host",
            found="0 hosts",
            wanted="at least one manager",
            hint="give a pool some hosts, for example hosts: {a: 1}",
        )


def name_faults(stack: str, pools: Sequence[Pool]) -> Iterator[Fault]:
    """Hosts whose machine, named after stack and host, gets a name too long for a computer."""
    for pool in pools:
        for zone in pool.hosts:
            machine = f"{stack}-{slots.host_name(zone, pool.numbers[-1])}"
            if len(machine) > LONGEST_HOST_NAME:
                yield Fault(
                    path=f"fairway:pools.{pool.name}.hosts.{zone}",
                    what=f"the machine's name {machine} is too long for a host name",
                    found=f"{len(machine)} characters",
                    wanted=f"at most {LONGEST_HOST_NAME}",
                    hint="choose a shorter name for the zone or the stack",
                )


def quota_faults(
    pools: Sequence[Pool], network: Network | None, settings: Settings
) -> Iterator[Fault]:
    """More routes, one for each host and what else is in a cloud's tables, than a table takes."""
    hosts, quota = sum(sum(pool.hosts.values()) for pool in pools), settings.route_quota
    routes = entries_needed(hosts, network, settings)
    if routes > quota:
        yield Fault(
            path=f"fairway:{settings.key}.route_quota",
            what="every route table needs an entry for each host",
            found=" and ".join((f"{hosts} hosts", *_other_entries(network, settings))),
            wanted=f"at most {quota}, the quota of one table",
            hint=f"raise the quota to {routes} (docs/limits.md),"
            f" or plan {routes - quota} fewer hosts",
        )


def quota_of(environment: Environment) -> int | None:
    """How many entries a route table takes; None where hosts need none."""
    return None if environment.network.by_prefixes else environment.settings.route_quota


def entries_needed(hosts: int, network: Network | None, settings: Settings) -> int:
    """How many entries each route table has for so many hosts."""
    return hosts + sum(_other_entries(network, settings).values())


def _other_entries(network: Network | None, settings: Settings) -> dict[str, int]:
    """What is in a table beside the hosts, and counts. AWS's own are there from the start."""
    found = {}
    if isinstance(settings, CloudSettings) and settings.nat != "none":
        found["the way out"] = 1
    if isinstance(settings, AwsSettings):
        known = network if settings.existing is None else None
        found["the VPC itself"] = len(blocks(known)) if known else 1
    return found


def _unknown_zone(pool: Pool, name: str, zones: dict[str, Zone]) -> Fault:
    return Fault(
        path=f"fairway:pools.{pool.name}.hosts.{name}",
        what="is no zone of fairway:network.zones",
        found=f'"{name}"',
        wanted="a zone's name",
        hint=nearest(name, zones, "zones"),
    )


def _zone_faults(zone: Zone, host_prefix: int, pool: Pool) -> Iterator[Fault]:
    last = pool.numbers[-1]
    for key, network, highest, length in (
        ("subnet", zone.subnet, slots.highest_address(zone.subnet), slots.subnet_length_for(last)),
        (
            "containers",
            zone.containers,
            slots.highest_block(zone.containers, host_prefix),
            slots.containers_length_for(last, host_prefix),
        ),
    ):
        if last > highest:
            yield Fault(
                path=f"fairway:network.zones.{zone.name}.{key}",
                what=f"{network} is too small for the slots",
                found=_room(highest),
                wanted=f"number {last}, the last of pool {pool.name}",
                hint=f"use /{length} or wider, or make the pool's size smaller",
            )


def _inner_faults(zone: Zone, host_prefix: int, pool: Pool) -> Iterator[Fault]:
    """Room in a zone whose containers lie in its subnet, behind the addresses of its hosts."""
    last, at = pool.numbers[-1], f"fairway:network.zones.{zone.name}.containers"
    if not zone.containers.subnet_of(zone.subnet):
        return  # told already: it lies outside its owner
    wanted = f"number {last}, the last of pool {pool.name}"
    addresses = slots.highest_address_before(zone.containers, zone.subnet)
    if last > addresses:
        yield Fault(
            path=at,
            what=f"{zone.containers} leaves too few addresses of {zone.subnet} for hosts before it",
            found=_room(addresses),
            wanted=wanted,
            hint=f"begin behind {slots.host_address(zone.subnet, last)},"
            " or make the pool's size smaller",
        )
    blocks = slots.highest_inner_block(zone.containers, zone.subnet, host_prefix)
    if last > blocks:
        beyond = last + slots.ends_with(zone.containers, zone.subnet)
        yield Fault(
            path=at,
            what=f"{zone.containers} is too small for the slots",
            found=_room(blocks),
            wanted=wanted,
            hint=f"use /{slots.containers_length_for(beyond, host_prefix)} or wider,"
            " or make the pool's size smaller",
        )


def _room(highest: int) -> str:
    return f"room for slots up to number {highest}" if highest > 0 else "room for no slot"


def _shared_numbers(lower: Pool, upper: Pool) -> Fault:
    return Fault(
        path=f"fairway:pools.{upper.name}.first",
        what=f"keeps numbers that pool {lower.name} keeps too",
        found=f"{upper.first} to {upper.numbers[-1]} and {lower.first} to {lower.numbers[-1]}",
        wanted="numbers of its own",
        hint=f"start at {lower.first + lower.size}, or make pool {lower.name} smaller",
    )


def _crowds(pool: Pool) -> Iterator[Fault]:
    for zone, count in pool.hosts.items():
        if count > pool.size:
            yield Fault(
                path=f"fairway:pools.{pool.name}.hosts.{zone}",
                what="asks for more hosts than the pool has numbers",
                found=str(count),
                wanted=f"at most {pool.size}, the pool's size",
                hint=f"raise the pool's size to {count}, if the numbers after it are free",
            )
