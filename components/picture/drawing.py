"""Draws a layout as SVG: the router, channels into the zones, route tables, and hosts on them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from importlib.resources import files
from ipaddress import IPv4Network
from itertools import pairwise
from typing import Final

from components.config.model import Network
from components.picture.elements import counted, el, label, text
from components.picture.hosts import alarm, draw_host, glyph
from components.picture.layout import TEXT, Layout, ZoneSpot, lay_out
from components.picture.marks import Marks, badge, kind, worded
from components.picture.matrix import Pairs
from components.picture.tables import draw_table
from components.plan.carried import carried
from components.plan.model import Plan
from components.plan.safety import quorum

UNMARKED: Final = Marks()


def svg(
    plan: Plan,
    *,
    width: float = 960,
    uplink: IPv4Network | None = None,
    broken: Pairs | None = None,
    title: bool = True,
    marks: Marks = UNMARKED,
) -> str:
    """The environment as one SVG that needs nothing else; `width` is in pixels.

    `broken` are the pairs of hosts of verify's report that do not reach each other. Without
    `title` the caller says whose picture it is. `marks` show a change; the plan then holds also
    what is not there on this side of it, and has its place.
    """
    layout = lay_out(plan, width, margin=24 if title else 1, top=78 if title else 8)
    parts = [
        el("title", text(f"{plan.environment}: topology")),
        el("style", colours() + stylesheet("drawing.css")) if title else "",
        el("rect", class_="paper", width=layout.width, height=layout.height) if title else "",
        _title(plan, layout) if title else "",
        _frame(plan, layout),
        *(_land(spot, marks) for spot in layout.zones),
        _channels(layout, marks),
        _outside(layout, uplink),
        _router(layout),
        *(_zone(plan, spot, broken or {}, marks) for spot in layout.zones),
        _raft(layout, marks),
        _legend(_there(plan, marks), layout, alarmed=bool(broken)),
    ]
    return el(
        "svg",
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        class_="chart",
        viewBox=f"0 0 {layout.width:g} {layout.height:g}",
        width=layout.width if title else None,
        height=layout.height if title else None,
        role="img",
        aria_label=f"Topology of {plan.environment}{marks.side and ' ' + marks.side}",
    )


def _there(plan: Plan, marks: Marks) -> Plan:
    return replace(plan, slots=tuple(s for s in plan.slots if s.name not in marks.no_hosts))


def stylesheet(name: str) -> str:
    return files("components.picture").joinpath(name).read_text(encoding="utf-8")


def colours() -> str:
    return stylesheet("colours.css")


def _figures(plan: Plan) -> str:
    told = (
        counted(len(plan.network.zones), "zone"),
        counted(len(plan.slots), "host"),
        carried(plan),
    )
    return " · ".join(told)


def _title(plan: Plan, layout: Layout) -> str:
    x = layout.vpc.x
    return el(
        "g",
        label(x, 30, "FAIRWAY", "eyebrow"),
        label(x, 56, plan.environment, "name"),
        label(layout.vpc.right, 56, _figures(plan), "soft", text_anchor="end"),
    )


def _told(network: Network) -> str:
    """Where the containers' ranges are; those of zones stand in the zones."""
    return str(network.containers or "in the subnets")


def _frame(plan: Plan, layout: Layout) -> str:
    box, network = layout.vpc, plan.network
    left, right = box.x + 20, box.right - 20
    if layout.narrow:
        # The way to the router runs down the middle, so that words stand in two short lines.
        words = label(left, box.y + 28, "VPC", "strong")
        words += label(left, box.y + 46, network.vpc, "mono")
        words += label(right, box.y + 28, "containers", "soft", text_anchor="end")
        words += label(right, box.y + 46, _told(network), "mono soft", text_anchor="end")
    else:
        told = f"containers {_told(network)}"
        words = label(left, box.y + 32, "VPC", "strong")
        words += label(left + 36, box.y + 32, network.vpc, "mono")
        words += label(right, box.y + 32, told, "mono soft", text_anchor="end")
    shape = el("rect", class_="vpc", x=box.x, y=box.y, width=box.w, height=box.h, rx=18)
    return el("g", shape, words)


def _land(spot: ZoneSpot, marks: Marks) -> str:
    box, name = spot.box, spot.zone.name
    class_ = kind("zone", marks.zones.get(name), absent=name in marks.no_zones)
    return el("rect", class_=class_, x=box.x, y=box.y, width=box.w, height=box.h, rx=12)


def _channels(layout: Layout, marks: Marks) -> str:
    """The marked channels: from outside to the router, and from the router to every zone."""
    router = layout.router
    ways = [_channel(f"M{router.cx:g} {layout.outside.bottom:g}V{router.y:g}", None)]
    first = layout.rows[0][0].box.y - 21
    for row in layout.rows:
        bus = row[0].box.y - 21
        for spot in row:
            if spot.zone.name in marks.no_zones:
                continue
            bend = f"V{first:g}H{layout.trunk:g}V{bus:g}" if bus != first else f"V{bus:g}"
            hosts = [host for host in spot.hosts if host.slot.name not in marks.no_hosts]
            end = hosts[-1].box.cy if hosts else spot.table.y
            path = f"M{router.cx:g} {router.bottom:g}{bend}H{spot.rail:g}V{end:g}"
            ways.append(_channel(path, spot.zone.name))
    return el("g", *ways, class_="channels")


def _channel(path: str, zone: str | None) -> str:
    return el(
        "g",
        el("path", d=path, class_="water"),
        el("path", d=path, class_="marks"),
        class_="channel",
        data_zone=zone,
    )


def _outside(layout: Layout, uplink: IPv4Network | None) -> str:
    box = layout.outside
    name, way = ("This computer", f"uplink {uplink}") if uplink else ("Outside", "internet")
    return el(
        "g",
        el("rect", class_="place", x=box.x, y=box.y, width=box.w, height=box.h, rx=10),
        label(box.x + 16, box.cy + 5, name, "strong"),
        label(box.right - 16, box.cy + 5, way, "mono soft", text_anchor="end"),
    )


def _router(layout: Layout) -> str:
    box = layout.router
    compass = "".join(
        el("path", d="M0 -11l3.5 5h-7z", transform=f"rotate({turn})") for turn in (0, 90, 180, 270)
    )
    return el(
        "g",
        el("rect", x=box.x, y=box.y, width=box.w, height=box.h, rx=22),
        el("g", compass, el("circle", r=3), transform=f"translate({box.x + 36:g} {box.cy:g})"),
        label(box.x + 60, box.cy + 5, "VPC router", "strong"),
        class_="router",
    )


def _zone(plan: Plan, spot: ZoneSpot, broken: Pairs, marks: Marks) -> str:
    box, zone = spot.box, spot.zone
    left, right = box.x + TEXT, box.right - 24
    missed = Counter(target for _, target in broken)
    hosts = sum(host.slot.name not in marks.no_hosts for host in spot.hosts)
    told = marks.absent if zone.name in marks.no_zones else counted(hosts, "host")
    mark = marks.zones.get(zone.name)
    return el(
        "g",
        label(left, box.y + 27, f"Zone {zone.name}", "heading"),
        badge(mark, box.x + 26, box.y + 22),
        worded(mark, left + 16 + 9 * len(f"Zone {zone.name}"), box.y + 27) if mark else "",
        label(right, box.y + 27, told, "soft small", text_anchor="end"),
        label(left, box.y + 48, "vSwitch", "soft small"),
        label(right, box.y + 48, _range(zone.subnet), "mono", text_anchor="end"),
        label(left, box.y + 67, "containers", "soft small"),
        label(right, box.y + 67, _range(zone.containers), "mono routed", text_anchor="end"),
        draw_table(plan, spot, marks),
        *(draw_host(host, spot.rail, missed[host.slot.name], marks) for host in spot.hosts),
    )


def _range(network: IPv4Network) -> str:
    """A range; the widest of all stands for one that nobody knows any more."""
    return str(network) if network.prefixlen else "not known"


def _raft(layout: Layout, marks: Marks) -> str:
    """Broken lines between the managers of neighbouring zones."""
    lines = []
    for row in layout.rows:
        for left, right in pairwise(row):
            for one, other in zip(left.hosts, right.hosts, strict=False):
                there = {one.slot.name, other.slot.name}.isdisjoint(marks.no_hosts)
                if one.slot.role == other.slot.role == "manager" and there:
                    path = f"M{left.box.right:g} {one.box.cy:g}H{right.box.x:g}"
                    lines.append(el("path", d=path))
    return el("g", *lines, class_="raft") if lines else ""


def _legend(plan: Plan, layout: Layout, *, alarmed: bool) -> str:
    x, y = layout.vpc.x + 14, layout.vpc.bottom + 30
    told = f"managers: {len(plan.managers)}, quorum {quorum(len(plan.managers))}"
    parts = [
        glyph("manager", x, y - 4, 9),
        label(x + 18, y, told, "small"),
        glyph("worker", x + 200, y - 4, 9),
        label(x + 218, y, f"workers: {len(plan.workers)}", "small"),
    ]
    x, y = (x, y + 28) if layout.narrow else (x + 320, y)
    parts += [
        _channel(f"M{x - 8:g} {y - 4:g}h34", None),
        label(x + 36, y, "the routed way to containers", "small"),
    ]
    if alarmed:
        parts += [alarm(x + 232, y - 4), label(x + 246, y, "not reached by all", "small")]
    elif not layout.narrow:
        parts += [
            el("path", d=f"M{x + 240:g} {y - 4:g}h30", class_="raft"),
            label(x + 280, y, "one quorum", "small"),
        ]
    return el("g", *parts, class_="legend")
