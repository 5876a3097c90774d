"""Where everything in the picture stands: boxes in pixels, computed from a plan and a width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from components.config.model import Zone
from components.plan.model import Plan, Route, Slot

Style = Literal["card", "row", "pair"]

NARROW = 600  # px: below it margins shrink and headings stand in two lines
MONO = 0.62  # em: width of a character in the fixed-width faces that browsers choose
RAIL = 26  # px from a zone's left edge to its channel, on which its hosts stand
TEXT = 48  # px from a zone's left edge to its texts
GAP = 24

_HOST_HEIGHT: dict[Style, int] = {"card": 66, "row": 26, "pair": 42}
_CARDS = 5  # hosts of a zone up to which each has a card
_LISTED = 8  # entries of a table up to which each has its own line
_CHIPPED = 150  # entries of a table up to which each has a chip
_LEAST_COLUMN = 240
_ZONE_HEAD = 82
_TABLE_HEAD = 26
_PAD = 12
_ROW_GAP = 42


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        return self.x + self.w

    @property
    def bottom(self) -> float:
        return self.y + self.h

    @property
    def cx(self) -> float:
        return self.x + self.w / 2

    @property
    def cy(self) -> float:
        return self.y + self.h / 2


@dataclass(frozen=True, slots=True)
class HostSpot:
    """A host's place."""

    slot: Slot
    box: Box
    style: Style


@dataclass(frozen=True, slots=True)
class EntrySpot:
    """The place of one entry in one route table: a line with everything, or a chip with a name."""

    route: Route
    box: Box
    chip: bool


@dataclass(frozen=True, slots=True)
class ZoneSpot:
    """A zone's place: its route table, then its hosts, all on one channel at x = `rail`."""

    zone: Zone
    box: Box
    table: Box
    entries: tuple[EntrySpot, ...]
    hosts: tuple[HostSpot, ...]

    @property
    def rail(self) -> float:
        return self.box.x + RAIL


@dataclass(frozen=True, slots=True)
class Layout:
    """The whole picture. `rows` are zones side by side, `trunk` is the x that joins the rows."""

    width: float
    height: float
    narrow: bool
    outside: Box
    vpc: Box
    router: Box
    rows: tuple[tuple[ZoneSpot, ...], ...]
    trunk: float

    @property
    def zones(self) -> tuple[ZoneSpot, ...]:
        return tuple(zone for row in self.rows for zone in row)


def lay_out(plan: Plan, width: float, *, margin: float, top: float) -> Layout:
    """Places for everything in `plan`: `width` px wide, `margin` px free at both sides."""
    narrow = width < NARROW
    pad = 8 if narrow else 20
    outside = Box(width / 2 - 150, top, 300, 46)
    vpc_y = outside.bottom + 26
    router = Box(width / 2 - 84, vpc_y + (60 if narrow else 22), 168, 44)
    rows_of_zones = _rows(plan, width - 2 * (margin + pad))
    inset = 16 if len(rows_of_zones) > 1 else 0
    x, y = margin + pad + inset, router.bottom + 44
    room = width - 2 * (margin + pad) - inset
    placed: list[tuple[ZoneSpot, ...]] = []
    for row in rows_of_zones:
        placed.append(_place_row(plan, row, Box(x, y, room, 0), len(rows_of_zones[0])))
        y = placed[-1][0].box.bottom + _ROW_GAP
    vpc = Box(margin, vpc_y, width - 2 * margin, y - _ROW_GAP + GAP - vpc_y)
    return Layout(
        width=width,
        height=vpc.bottom + (80 if narrow else 50),
        narrow=narrow,
        outside=outside,
        vpc=vpc,
        router=router,
        rows=tuple(placed),
        trunk=margin + pad + 4,
    )


def _rows(plan: Plan, room: float) -> list[Sequence[Zone]]:
    """The zones in rows of about equal length that fit into `room` px."""
    zones = sorted(plan.network.zones, key=lambda zone: zone.name)
    fit = max(1, int((room + GAP) // (_LEAST_COLUMN + GAP)))
    columns = math.ceil(len(zones) / math.ceil(len(zones) / fit))
    return [zones[start : start + columns] for start in range(0, len(zones), columns)]


def _place_row(plan: Plan, zones: Sequence[Zone], room: Box, columns: int) -> tuple[ZoneSpot, ...]:
    """Zones side by side from the left, all as high as the highest."""
    width = (room.w - GAP * (columns - 1)) / columns
    spots = [
        _place_zone(plan, zone, Box(room.x + index * (width + GAP), room.y, width, 0))
        for index, zone in enumerate(zones)
    ]
    height = max(spot.box.h for spot in spots)
    return tuple(replace(spot, box=replace(spot.box, h=height)) for spot in spots)


def _place_zone(plan: Plan, zone: Zone, room: Box) -> ZoneSpot:
    table = Box(room.x + _PAD, room.y + _ZONE_HEAD, room.w - 2 * _PAD, 0)
    routes = sorted(plan.routes, key=lambda route: route.destination)
    entries = _place_entries(routes, table)
    last = max((entry.box.bottom for entry in entries), default=table.y + _TABLE_HEAD)
    table = replace(table, h=last + 8 - table.y)
    hosts = _place_hosts(plan, zone, replace(room, y=table.bottom + _PAD))
    bottom = hosts[-1].box.bottom if hosts else table.bottom + 40
    return ZoneSpot(zone, replace(room, h=bottom + _PAD - room.y), table, entries, hosts)


def _place_entries(routes: Sequence[Route], table: Box) -> tuple[EntrySpot, ...]:
    y = table.y + _TABLE_HEAD
    if len(routes) <= _LISTED:
        return tuple(
            EntrySpot(route, Box(table.x + 6, y + 20 * index, table.w - 12, 20), chip=False)
            for index, route in enumerate(routes)
        )
    if len(routes) > _CHIPPED:
        return ()
    width = 14 + max(len(route.slot) for route in routes) * 11 * MONO
    columns = max(1, int((table.w - 16 + 4) // (width + 4)))
    width = (table.w - 16 + 4) / columns - 4
    return tuple(
        EntrySpot(
            route,
            Box(
                table.x + 8 + (index % columns) * (width + 4),
                y + 22 * (index // columns),
                width,
                18,
            ),
            chip=True,
        )
        for index, route in enumerate(routes)
    )


def _place_hosts(plan: Plan, zone: Zone, room: Box) -> tuple[HostSpot, ...]:
    slots = [slot for slot in plan.slots if slot.zone == zone.name]
    style = _style(plan, room.w)
    height = _HOST_HEIGHT[style]
    return tuple(
        HostSpot(
            slot, Box(room.x + _PAD, room.y + index * height, room.w - 2 * _PAD, height), style
        )
        for index, slot in enumerate(slots)
    )


def _style(plan: Plan, width: float) -> Style:
    """How hosts are drawn, the same in every zone: cards for few, lines for many."""
    crowd = max(sum(slot.zone == zone.name for slot in plan.slots) for zone in plan.network.zones)
    if crowd <= _CARDS:
        return "card"
    letters = max(len(f"{slot.name}{slot.address}{slot.containers}") for slot in plan.slots)
    return "row" if TEXT + letters * 12 * MONO + 44 <= width else "pair"
