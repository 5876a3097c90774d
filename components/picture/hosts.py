"""Draws hosts: a mark on the zone's channel, then name, role, address and container CIDR."""

from __future__ import annotations

from components.config.model import Role
from components.picture.elements import el, label, text
from components.picture.layout import MONO, TEXT, HostSpot
from components.picture.marks import WORDS, Mark, Marks, badge, kind, worded
from components.plan.model import Slot

_INDENT = TEXT - 12  # px from a host's left edge to its texts


def glyph(role: Role, x: float, y: float, size: float) -> str:
    """A manager's hexagon or a worker's square with its letter, around x, y."""
    if role == "manager":
        half, slope = size * 0.87, size / 2
        points = [
            (0, -size),
            (half, -slope),
            (half, slope),
            (0, size),
            (-half, slope),
            (-half, -slope),
        ]
        shape = el("polygon", points=" ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in points))
    else:
        side = size * 0.82
        shape = el("rect", x=x - side, y=y - side, width=2 * side, height=2 * side, rx=3)
    letter = label(
        x, y + size * 0.36, role[0].upper(), "letter", text_anchor="middle", font_size=size
    )
    return el("g", shape, letter, class_=f"glyph {role}")


def draw_host(spot: HostSpot, rail: float, missed: int, marks: Marks) -> str:
    """A host on the channel at x = `rail`; `missed` is from how many others it is not reached."""
    slot, box, mark = spot.slot, spot.box, marks.hosts.get(spot.slot.name)
    if slot.name in marks.no_hosts:
        return _empty(spot, rail, mark, marks.absent)
    place = f"{slot.role} in zone {slot.zone}"
    told = f"{slot.name}, {place}: {slot.address}, containers {slot.containers}"
    told += f"; {WORDS[mark]}" if mark else ""
    size = 12 if spot.style == "card" else 9
    words = {"card": _card, "row": _row, "pair": _pair}[spot.style](spot, mark)
    return el(
        "g",
        el("title", text(told + (f"; not reached from {missed} hosts" if missed else ""))),
        _back(spot),
        glyph(slot.role, rail, box.cy, size),
        words,
        alarm(rail + 10, box.cy - 10) if missed else "",
        class_=kind("host missed" if missed else "host", mark),
        data_host=slot.name,
        data_zone=slot.zone,
        data_address=slot.address,
        data_containers=slot.containers,
        data_y=box.cy,
        tabindex=0,
        role="button",
        aria_label=told,
    )


def _back(spot: HostSpot) -> str:
    box = spot.box
    return el("rect", class_="back", x=box.x, y=box.y + 1, width=box.w, height=box.h - 2, rx=8)


def _empty(spot: HostSpot, rail: float, mark: Mark | None, absent: str) -> str:
    """The place of a host that is not there: not yet, or not any more."""
    slot, box = spot.slot, spot.box
    told = f"{slot.name} in zone {slot.zone}: {absent}"
    return el(
        "g",
        el("title", text(told)),
        _back(spot),
        badge(mark, rail, box.cy, 1 if spot.style == "card" else 0.8),
        label(box.x + _INDENT, box.cy + 4, slot.name, "strong small soft"),
        label(box.right - 12, box.cy + 4, absent, "small soft", text_anchor="end"),
        class_=kind("host", mark, absent=True),
        data_host=slot.name,
        tabindex=0,
        role="button",
        aria_label=told,
    )


def _card(spot: HostSpot, mark: Mark | None) -> str:
    slot, x, y = spot.slot, spot.box.x + _INDENT, spot.box.y
    right = spot.box.right - 12
    return "".join(
        [
            label(x, y + 28, slot.name, "heading"),
            label(x + 12 + len(slot.name) * 10, y + 28, slot.role, "soft small"),
            label(right, y + 28, slot.address, "mono", text_anchor="end"),
            _marked(mark, x, y + 50, right - _wide(slot)) if mark else _boxes(x, y + 40),
            label(right, y + 50, slot.containers, "mono routed", text_anchor="end"),
        ]
    )


def _marked(mark: Mark, x: float, y: float, right: float) -> str:
    """The mark and its word, or the mark alone where the word would run into what is at `right`."""
    fits = x + 19 + 7.5 * len(WORDS[mark]) < right
    return badge(mark, x + 8, y - 4, 0.8) + (worded(mark, x + 19, y) if fits else "")


def _wide(slot: Slot) -> float:
    """How wide the slot's container CIDR is."""
    return len(str(slot.containers)) * 12 * MONO


def _row(spot: HostSpot, mark: Mark | None) -> str:
    slot, y = spot.slot, spot.box.cy + 4
    right = spot.box.right - 10
    return "".join(
        [
            badge(mark, spot.box.x + _INDENT - 8, spot.box.cy, 0.65),
            label(spot.box.x + _INDENT, y, slot.name, "strong small"),
            label(right - max(_wide(slot), 120), y, slot.address, "mono small", text_anchor="end"),
            label(right, y, slot.containers, "mono small routed", text_anchor="end"),
        ]
    )


def _pair(spot: HostSpot, mark: Mark | None) -> str:
    slot, x, y = spot.slot, spot.box.x + _INDENT, spot.box.y
    right = spot.box.right - 10
    return "".join(
        [
            label(x, y + 18, slot.name, "strong small"),
            _marked(mark, x, y + 34, right - _wide(slot)) if mark else "",
            label(right, y + 18, slot.address, "mono small", text_anchor="end"),
            label(right, y + 34, slot.containers, "mono small routed", text_anchor="end"),
        ]
    )


def _boxes(x: float, y: float) -> str:
    """A few containers, as they stand on a deck."""
    return el(
        "g",
        *(el("rect", x=x + 15 * step, y=y, width=12, height=10, rx=1.5) for step in range(4)),
        class_="boxes",
    )


def alarm(x: float, y: float) -> str:
    """The mark of a host that is not reached: a cross on a disc."""
    cross = label(x, y + 4, "✕", "tiny strong", text_anchor="middle")
    return el("g", el("circle", cx=x, cy=y, r=7.5), cross, class_="alarm")
