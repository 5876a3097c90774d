"""A change's topology: before and after in one layout, with marks, and what the marks mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Network
from typing import Final

from components.change.meaning import Meaning
from components.change.routes import Move
from components.change.topology import Side, Topology
from components.picture.drawing import svg
from components.picture.elements import counted, el, text
from components.picture.marks import MARKS, WORDS, Mark, Marks, badge
from components.picture.page import PHONE, WIDE
from components.plan.model import Plan

MARKED: Final[Mapping[Move, Mark]] = {
    "added": "made",
    "moved": "replaced",
    "away and back": "replaced",
    "removed": "removed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """All that the page tells. `stories` are the hosts' (components/change/story.py)."""

    stack: str
    meaning: Meaning
    topology: Topology
    stories: Mapping[str, str]
    quota: int | None = None
    uplink: IPv4Network | None = None

    @property
    def hosts(self) -> Mapping[str, Mark]:
        """The marks of hosts; one has none where it stays and only entries to it change."""
        moved = {slot for _, slot in self.topology.entries}
        planned = _names(self.topology.after.plan)
        return {
            host.slot: host.fate if host.slot in planned else "removed"
            for host in self.meaning.hosts.values()
            if not (host.only_entries and host.slot in moved & planned)
        }


def picture(change: Change) -> str:
    """Both drawings, what chooses between them, and the line that tells of the host pointed at."""
    told = "Point at a host, tap it, or step through them with Tab, to read what happens and why."
    inputs = (
        el("input", type="radio", name="side", id=side, class_="choice", checked=checked)
        for side, checked in (("both", "checked"), ("before", None), ("after", None))
    )
    labels = (el("label", side.capitalize(), for_=side) for side in ("both", "before", "after"))
    return el(
        "figure",
        *inputs,
        el("div", *labels, class_="choices"),
        _legend(change),
        el("div", *_sides(change), class_="sides"),
        el("figcaption", told, aria_live="polite"),
    )


def _legend(change: Change) -> str:
    """What the marks mean, and how often each is there."""
    number = Counter(change.hosts.values())
    moved = Counter(MARKED[move] for move in change.topology.entries.values())
    rows = []
    for mark in MARKS:
        told = [counted(number[mark], "host")] if number[mark] else []
        told += [counted(moved[mark], "entry", "entries")] if moved[mark] else []
        if told:
            rows.append(el("li", icon(mark), text(f"{WORDS[mark]}: {', '.join(told)}")))
    return el("ul", *rows, class_="fates") if rows else ""


def icon(mark: Mark) -> str:
    """A mark outside of a drawing."""
    return el("svg", badge(mark, 0, 0), class_="mark", viewBox="-11 -11 22 22", aria_hidden="true")


def _sides(change: Change) -> Iterator[str]:
    before, after = change.topology.before, change.topology.after
    yield _side(change, before, after, "before")
    yield _side(change, after, before, "after")


def _side(change: Change, here: Side, there: Side, name: str) -> str:
    plan, marks = drawn(here.plan, there.plan), _marks(change, here, there, name)
    drawings = [
        el("div", svg(plan, width=width, uplink=change.uplink, title=False, marks=marks), class_=of)
        for of, width in (("drawing wide", WIDE), ("drawing phone", PHONE))
    ]
    told = counted(len(here.plan.slots), "host")
    told += f", {counted(len(here.entries), 'route entry', 'route entries')} in all tables"
    heading = el("h2", name.capitalize(), el("small", text(told)))
    return el("div", heading, *drawings, class_=f"side side-{name}", data_side=name)


def drawn(here: Plan, there: Plan) -> Plan:
    """What is here, and the places of what is only there: both sides have one layout."""
    slots = {slot.name: slot for slot in (*there.slots, *here.slots)}
    zones = {zone.name: zone for zone in (*there.network.zones, *here.network.zones)}
    routes = {route.slot: route for route in (*there.routes, *here.routes)}
    return replace(
        here,
        network=replace(here.network, zones=tuple(zones.values())),
        slots=tuple(sorted(slots.values(), key=lambda slot: (slot.number, slot.zone))),
        routes=tuple(routes.values()),
    )


def _marks(change: Change, here: Side, there: Side, name: str) -> Marks:
    slots, others = _names(here.plan), _names(there.plan)
    zones = {zone.name for zone in here.plan.network.zones}
    away = {zone.name for zone in there.plan.network.zones} - zones
    everywhere = {(zone, slot) for zone in zones | away for slot in slots | others}
    return Marks(
        side=f"{name} the change",
        absent="not there yet" if name == "before" else "gone",
        hosts=change.hosts,
        zones=change.topology.zones,
        entries={place: MARKED[move] for place, move in change.topology.entries.items()},
        no_hosts=frozenset(others - slots),
        no_zones=frozenset(away),
        no_entries=frozenset(everywhere - here.entries),
    )


def _names(plan: Plan) -> set[str]:
    return {slot.name for slot in plan.slots}
