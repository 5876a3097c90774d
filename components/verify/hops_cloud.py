"""The hops inside the cloud: source/destination check, security groups, route tables."""

from __future__ import annotations

from typing import Literal

from components.verify.delivered import REPAIR, delivered
from components.verify.model import Fault, Flow, NetworkView, Target
from components.verify.way import End, Leg, Sight


def source_check(leg: Leg, sight: Sight) -> Fault | None:
    """Look whether the cloud drops what the source host sends in its container's name."""
    if leg.local:
        return None
    if sight.network.by_prefixes:
        return delivered(leg.source, sight)
    return _check(leg.source, sight, "from")


def target_check(leg: Leg, sight: Sight) -> Fault | None:
    """Look whether the cloud drops what is for a container of the target host."""
    if leg.local or sight.network.by_prefixes:
        return None  # what is delivered to it is its own
    return _check(leg.target, sight, "to")


def _check(end: End, sight: Sight, way: str) -> Fault | None:
    if sight.view is None or not end.inner or not sight.view.source_dest_check(end.host.name):
        return None
    return Fault(
        cause="source-dest-check",
        where=end.host.name,
        what="the source/destination check is on for this machine, "
        "so the cloud drops what is from or to its containers",
        evidence=f"{end.address} is not the machine's own address ({way} {end.host.name})",
        hint=REPAIR,
    )


def group_out(leg: Leg, sight: Sight) -> Fault | None:
    """Look whether the source's security groups let a new connection out."""
    return _group(leg.source, leg.target, "out", leg, sight)


def group_in(leg: Leg, sight: Sight) -> Fault | None:
    """Look whether the target's security groups let a new connection in."""
    return _group(leg.target, leg.source, "in", leg, sight)


def _group(
    judge: End, peer: End, direction: Literal["in", "out"], leg: Leg, sight: Sight
) -> Fault | None:
    if sight.view is None or leg.reply or leg.local:
        return None
    flow = Flow(direction=direction, peer=peer.address, protocol=leg.protocol, port=leg.port)
    refused = sight.view.refusal(judge.host.name, flow)
    if not refused:
        return None
    return Fault(
        cause="security-group",
        where=f"security groups of {judge.host.name}",
        what=f"no rule lets {_who(peer, sight)} {direction}",
        evidence=refused,
        about=judge.host.name,
        short=f"no rule of its security groups lets {_who(peer, sight)} {direction}",
        hint="add a rule for that CIDR (a group as source matches machines, never containers), "
        "or " + REPAIR,
    )


def _who(peer: End, sight: Sight) -> str:
    if sight.network.is_inner(peer.address):
        several = "s" if len(sight.network.ranges) > 1 else ""
        return f"the container range{several} {sight.network.ranges_text}"
    return f"the VPC {sight.network.vpc}"


def route(leg: Leg, sight: Sight) -> Fault | None:
    """Look what the table of the source's zone does with an address of the target's containers.

    No table overrules the VPC, which knows whose prefix it is.
    """
    if sight.view is None or not leg.target.inner or leg.local:
        return None
    if sight.network.by_prefixes:
        return delivered(leg.target, sight)
    return _entry(leg.source.host.zone, leg.target, sight.view)


def _entry(zone: str, target: End, view: NetworkView) -> Fault | None:
    host, table = target.host, view.table(zone)
    entry = view.entry(zone, target.address)
    if entry is None or entry.destination.prefixlen < host.containers.prefixlen:
        lacking = f"no entry for {host.containers}, the containers of {host.name}"
        short = "has no entry"
        seen = (
            f"{target.address} matches {entry.text}"
            if entry
            else f"nothing matches {target.address}"
        )
        return _wrong("route-missing", (table, zone, host), (lacking, short), seen)
    if entry.next_hop not in {"", host.name}:
        astray = f"the entry for {entry.destination} points at {entry.next_hop}, not {host.name}"
        short = f"sends it to {entry.next_hop}"
        return _wrong("route-wrong-hop", (table, zone, host), (astray, short), entry.text)
    if not entry.next_hop or not entry.active:
        why = _why(host, view)
        hole = f"the entry for {entry.destination} is a black hole: {why}"
        short = f"has a black hole ({why})"
        return _wrong("black-hole", (table, zone, host), (hole, short), entry.text)
    return None


def _why(host: Target, view: NetworkView) -> str:
    state = view.machine(host.name)
    if state == "running":
        return f"it does not point at the machine that is {host.name} now"
    return f"the machine of {host.name} is {state}"


def _wrong(
    cause: str, place: tuple[str, str, Target], said: tuple[str, str], evidence: str
) -> Fault:
    table, zone, host = place
    what, short = said
    return Fault(
        cause=cause,
        where=table_name(table, zone),
        what=what,
        evidence=evidence,
        hint=REPAIR,
        about=host.name,
        short=f"table {table} of zone {zone} {short}",
    )


def table_name(table: str, zone: str) -> str:
    """A table as it is named where something is wrong with it.

    The table of the public subnets is no zone's: what it is called has a point, as no zone has.
    """
    return f"route table {table} ({'public' if '.' in zone else f'zone {zone}'})"
