"""The network before a change and after it, as two plans that can be drawn and compared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any, Final, Literal

from components.change.foreseen import Foreseen, Step
from components.change.routes import Move, entry_moves
from components.config.model import Network, Role, Zone
from components.plan.make import routes_of
from components.plan.model import Plan, Slot

Place = tuple[str, str]  # an entry's: the zone of its table, and the slot that it leads to

UNKNOWN: Final = IPv4Network("0.0.0.0/0")  # a range that neither the plan nor the state tells
_SUBNETS: Final = frozenset({"VSwitch", "Subnet", "Switch"})  # a zone's own, on each cloud
_LEADS_BEFORE: Final = frozenset({"moved", "away and back", "removed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two networks; its plan holds what stands there and nothing else."""

    plan: Plan
    entries: frozenset[Place]


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """Both networks, and what happens to zones and entries that are in one of them or change."""

    before: Side
    after: Side
    zones: Mapping[str, Literal["made", "removed"]]
    entries: Mapping[Place, Move]


def standing(question: Mapping[str, Any], roles: Mapping[str, str]) -> tuple[Slot, ...]:
    """The hosts that the state knows: what verify was asked about, and their roles."""
    return tuple(_slot(host, roles.get(host["name"], "")) for host in question.get("hosts", ()))


def _slot(host: Mapping[str, str], role: str) -> Slot:
    name = host["name"]
    number = re.search(r"\d+$", name)
    known: Role = "manager" if role == "manager" else "worker"
    return Slot(
        name=name,
        zone=host["zone"],
        pool="",
        role=known,
        number=int(number[0]) if number else 0,
        address=IPv4Address(host["address"]),
        containers=IPv4Network(host["containers"]),
        image="",
        labels={},
    )


def topology(
    plan: Plan, foreseen: Foreseen, stood: Sequence[Slot], ranges: Mapping[str, str]
) -> Topology:
    """Undo the engine's steps on the plan; `stood` and `ranges` tell what it does not hold.

    `ranges` are the VPC's and the containers' as the state knows them. A host that the engine does
    not make stands, even where the last `up` came to no proof and the state tells little.
    """
    hosts = _hosts_before(plan, foreseen, stood)
    zones = _zones_before(plan, foreseen, hosts)
    network = _network_before(plan.network, zones, ranges)
    before = replace(plan, network=network, slots=hosts, routes=routes_of(network, hosts))
    moves = _moves(plan, foreseen, zones)
    here = frozenset(_places(before, moves, before=True))
    there = frozenset(_places(plan, moves, before=False))
    both = here & there
    changed: dict[Place, Move] = {
        **dict.fromkeys(sorted(there - here), "added"),
        **dict.fromkeys(sorted(here - there), "removed"),
        **{place: move for place, move in moves.items() if place in both},
    }
    was, will = {zone.name for zone in zones}, {zone.name for zone in plan.network.zones}
    return Topology(
        before=Side(plan=before, entries=here),
        after=Side(plan=plan, entries=there),
        zones={
            **dict.fromkeys(sorted(was - will), "removed"),
            **dict.fromkeys(sorted(will - was), "made"),
        },
        entries=changed,
    )


def _network_before(
    network: Network, zones: tuple[Zone, ...], ranges: Mapping[str, str]
) -> Network:
    vpc = IPv4Network(ranges.get("vpc", network.vpc))
    held = [*map(IPv4Network, ranges.get("containers", network.ranges_text).split())]
    # Only those of prefixes are inside the VPC.
    inside = all(range_.subnet_of(vpc) for range_ in held)
    return replace(
        network,
        vpc=vpc,
        containers=None if inside else held[0],
        zones=zones,
        routing="prefixes" if inside else "tables",
    )


def _hosts_before(plan: Plan, foreseen: Foreseen, stood: Sequence[Slot]) -> tuple[Slot, ...]:
    made = {host.slot for host in foreseen.with_fate("made")}
    known = {slot.name: slot for slot in stood}
    planned = {slot.name: slot for slot in plan.slots}
    # One that a failed `up` removed is still in the state's question, and in no step.
    gone = [slot for slot in stood if slot.name not in planned and slot.name in foreseen.hosts]
    kept = [
        replace(slot, address=was.address, containers=was.containers, role=was.role)
        if (was := known.get(slot.name))
        else slot
        for slot in plan.slots
        if slot.name not in made
    ]
    return tuple(sorted((*kept, *gone), key=lambda slot: (slot.number, slot.zone)))


def _zones_before(plan: Plan, foreseen: Foreseen, hosts: Sequence[Slot]) -> tuple[Zone, ...]:
    subnets = {step.name: step for step in foreseen.steps if step.kind in _SUBNETS}
    planned = {zone.name: zone for zone in plan.network.zones}
    used = {slot.zone for slot in hosts}
    made = {name for name, step in subnets.items() if step.op == "create"} - used
    kept = (planned.keys() - made) | used if hosts else set()
    return tuple(
        _zone_before(name, planned.get(name), subnets.get(name), hosts) for name in sorted(kept)
    )


def _zone_before(name: str, zone: Zone | None, step: Step | None, hosts: Sequence[Slot]) -> Zone:
    here = [slot for slot in hosts if slot.zone == name]
    told = step.old.get("cidr") or step.old.get("cidrBlock") if step else None
    subnet, containers = (zone.subnet, zone.containers) if zone else (UNKNOWN, UNKNOWN)
    if told:
        subnet = IPv4Network(told)
    elif not all(slot.address in subnet for slot in here):
        subnet = UNKNOWN
    if not all(slot.containers.subnet_of(containers) for slot in here):
        containers = UNKNOWN
    return Zone(name=name, zone=name, subnet=subnet, containers=containers)


def _moves(plan: Plan, foreseen: Foreseen, zones: Sequence[Zone]) -> dict[Place, Move]:
    """What the engine does to entries of zones' tables; those of others are in no picture."""
    known = {zone.name for zone in (*plan.network.zones, *zones)}
    found = ((each.table.removeprefix("table-"), each) for each in entry_moves(foreseen))
    return {(zone, each.slot): each.move for zone, each in found if zone in known}


def _places(plan: Plan, moves: Mapping[Place, Move], *, before: bool) -> Iterator[Place]:
    """Every table has every entry; before the change, but for those that it adds."""
    for zone in plan.network.zones:
        for route in plan.routes:
            place = (zone.name, route.slot)
            if not before or moves.get(place, "moved") in _LEADS_BEFORE:
                yield place
