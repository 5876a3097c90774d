"""Changes as the lab's preview would show them, made from the stack before and the stack after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from components.change import Foreseen, read
from components.change.meaning import Standing, meaning
from components.change.story import stories
from components.change.topology import standing, topology
from components.picture.sides import Change
from components.plan import Plan
from components.plan.model import Slot

Steps = list[dict[str, Any]]
CLUSTER = "urn:pulumi:lab::fairway::fairway:index:Cluster$fairway:"


def question(plan: Plan) -> dict[str, Any]:
    """What the state holds of a plan that stands: the inputs of its proof."""
    hosts = [
        {
            "name": slot.name,
            "zone": slot.zone,
            "address": str(slot.address),
            "containers": str(slot.containers),
        }
        for slot in plan.slots
    ]
    network = plan.network
    ranges = {"vpc": str(network.vpc), "containers": network.ranges_text}
    return {"hosts": hosts, "network": ranges}


def steps(before: Plan, after: Plan, replaced: Mapping[str, tuple[str, str]]) -> Steps:
    """The engine's steps from one to the other; `replaced` are hosts with the image they had."""
    return [*_zones(before, after), *_hosts(before, after, replaced)]


def _zones(before: Plan, after: Plan) -> Iterator[dict[str, Any]]:
    was = {zone.name: zone for zone in before.network.zones}
    will = {zone.name: zone for zone in after.network.zones}
    for name in sorted(was.keys() ^ will.keys()):
        op, side = ("create", "newState") if name in will else ("delete", "oldState")
        for kind, whose in (("RouteTable", f"table-{name}"), ("VSwitch", name)):
            cidr = str((will | was)[name].subnet)
            yield {
                "op": op,
                "urn": f"{CLUSTER}lab:{kind}::{whose}",
                side: {"inputs": {"cidr": cidr}},
            }


def _hosts(
    before: Plan, after: Plan, replaced: Mapping[str, tuple[str, str]]
) -> Iterator[dict[str, Any]]:
    was = {slot.name: slot for slot in before.slots}
    will = {slot.name: slot for slot in after.slots}
    for name in sorted(was.keys() | will.keys()):
        if name not in was:
            yield from _host("create", will[name], {}, _entry(after, will[name]))
        elif name not in will:
            yield from _host("delete", was[name], _entry(before, was[name]), {})
        elif name in replaced:
            old, new = _entry(before, was[name]), _entry(after, will[name])
            yield from _host("replace", will[name], old, new, images=replaced[name])
        elif before.network.zones != after.network.zones:
            old, new = _entry(before, was[name]), _entry(after, will[name])
            yield _step("update", "lab:Route", name, old, new, "tables")


def _host(
    op: str,
    slot: Slot,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    images: tuple[str, str] = ("", ""),
) -> Iterator[dict[str, Any]]:
    machine = ({"image": images[0]}, {"image": images[1]}) if op == "replace" else ({}, {})
    reason = ("image",) if op == "replace" else ()
    route = "update" if op == "replace" else op
    yield _step(op, "lab:Machine", slot.name, *machine, *reason)
    yield _step(route, "lab:Route", slot.name, old, new, *(["machine"] if reason else []))
    yield _step(op, "swarm:Node", slot.name, {}, {})


def _entry(plan: Plan, slot: Slot) -> dict[str, Any]:
    tables = [f"table-{zone.name}" for zone in plan.network.zones]
    return {"tables": tables, "destination": str(slot.containers)}


def _step(
    op: str, kind: str, name: str, old: Mapping[str, Any], new: Mapping[str, Any], *reasons: str
) -> dict[str, Any]:
    told = {"oldState": {"inputs": old}, "newState": {"inputs": new}}
    why = {"replaceReasons" if op == "replace" else "diffReasons": list(reasons)}
    return {"op": op, "urn": f"{CLUSTER}{kind}::{name}", **told, **why}


def foreseen(before: Plan | None, after: Plan, told: Steps) -> Foreseen:
    """What is read out of the engine's steps."""
    slots = {slot.name for plan in (before, after) if plan for slot in plan.slots}
    return read({"steps": told}, frozenset(slots))


def change(before: Plan | None, after: Plan, told: Steps, **standing_: Any) -> Change:
    """All that is told of these steps; without `before` nothing stands."""
    asked = question(before) if before else {}
    roles = {slot.name: slot.role for slot in before.slots} if before else {}
    steps_read = foreseen(before, after, told)
    ranges = {
        slot.name: str(slot.containers) for plan in (before, after) if plan for slot in plan.slots
    }
    seen = Standing(quota=200, **standing_)
    said = meaning(steps_read, seen, ranges=ranges, entries=len(after.slots))
    pair = topology(after, steps_read, standing(asked, roles), asked.get("network", {}))
    return Change(
        stack=after.environment,
        meaning=said,
        topology=pair,
        stories=stories(steps_read, said, pair),
        quota=200,
    )
