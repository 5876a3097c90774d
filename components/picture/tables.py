"""Draws a zone's route table: a line for each entry, or a chip, or their number alone."""

from __future__ import annotations

from components.picture.elements import counted, el, label, text
from components.picture.layout import MONO, EntrySpot, ZoneSpot
from components.picture.marks import Marks, badge, kind
from components.plan.model import Plan


def draw_table(plan: Plan, spot: ZoneSpot, marks: Marks) -> str:
    """The table of one zone; where the zone is not there, its empty place."""
    box, zone = spot.table, spot.zone.name
    absent = zone in marks.no_zones
    longest = max((len(route.slot) for route in plan.routes), default=0)
    told = "" if absent else _count(plan, zone, marks)
    return el(
        "g",
        el(
            "rect",
            class_=kind("table", None, absent=absent),
            x=box.x,
            y=box.y,
            width=box.w,
            height=box.h,
            rx=8,
        ),
        label(box.x + 12, box.y + 18, f"route table {zone}", "small strong"),
        label(box.right - 12, box.y + 18, told, "small soft", text_anchor="end"),
        *(_entry(entry, zone, longest, marks) for entry in spot.entries if not absent),
    )


def _count(plan: Plan, zone: str, marks: Marks) -> str:
    places = [(zone, route.slot) for route in plan.routes]
    there = sum(place not in marks.no_entries for place in places)
    change = sum(place in marks.entries for place in places)
    told = counted(there, "entry", "entries")
    return f"{told}, {counted(change, 'change')}" if change else told


def _entry(entry: EntrySpot, zone: str, longest: int, marks: Marks) -> str:
    """An entry; names of up to `longest` letters start below each other."""
    box, route, place = entry.box, entry.route, (zone, entry.route.slot)
    mark, absent = marks.entries.get(place), place in marks.no_entries
    if entry.chip:
        base, size, x, words = "entry chip", 0.5, box.x + 7, _chip(entry, 5 if mark else 0)
    else:
        base, size, x = "entry", 0.7, box.x + 11
        words = _line(entry, longest, indent=18 if marks.side else 0)
    told = f"{route.destination} is behind {route.slot}"
    if absent:
        told = f"{route.destination}: {marks.absent}"
    return el(
        "g",
        el("title", text(told)),
        el("rect", x=box.x, y=box.y, width=box.w, height=box.h, rx=4),
        words,
        badge(mark, x, box.cy, size),
        class_=kind(base, mark, absent=absent),
        data_host=route.slot,
    )


def _chip(entry: EntrySpot, indent: int) -> str:
    box = entry.box
    return label(box.cx + indent, box.cy + 4, entry.route.slot, "mono tiny", text_anchor="middle")


def _line(entry: EntrySpot, longest: int, indent: int) -> str:
    box, route = entry.box, entry.route
    y, name = box.cy + 4, box.right - 8 - longest * 12 * MONO
    words = label(box.x + 6 + indent, y, route.destination, "mono small")
    words += label(name - 8, y, "→", "arrow", text_anchor="end")
    return words + label(name, y, route.slot, "mono strong")
