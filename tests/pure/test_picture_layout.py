"""Everything in the picture has its own place, whatever the size of the environment."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from components.picture.layout import MONO, TEXT, Box, Layout, lay_out
from components.plan import Plan, make_plan
from tests.support.environments import environment

WIDTHS = (372, 960, 1160)
SIZES = ((1, 2), (1, 30), (2, 3), (3, 2), (3, 5), (3, 20), (4, 6), (5, 2), (6, 10))


def plan_of(zones: int, hosts: int) -> Plan:
    """A plan of so many zones with so many hosts each."""

    def change(wanted: dict[str, Any]) -> None:
        letters = "abcdef"[:zones]
        wanted["survivable"] = False
        wanted["network"]["containers"] = "10.128.0.0/9"
        wanted["network"]["zones"] = [
            {
                "name": letter,
                "subnet": f"10.97.{index * 32}.0/19",
                "containers": f"10.{128 + index}.0.0/16",
            }
            for index, letter in enumerate(letters)
        ]
        wanted["pools"][0]["hosts"] = {"a": 1}
        wanted["pools"][1]["hosts"] = {letter: hosts - (letter == "a") for letter in letters}

    return make_plan(environment(change))


def _inside(inner: Box, outer: Box) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.right <= outer.right + 0.01
        and inner.bottom <= outer.bottom + 0.01
    )


def _apart(one: Box, other: Box) -> bool:
    return (
        one.right <= other.x
        or other.right <= one.x
        or one.bottom <= other.y
        or other.bottom <= one.y
    )


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}-zones-{size[1]}-hosts")
def plan(request: pytest.FixtureRequest) -> Plan:
    return plan_of(*request.param)


@pytest.fixture(params=WIDTHS)
def layout(request: pytest.FixtureRequest, plan: Plan) -> Layout:
    return lay_out(plan, request.param, margin=1, top=8)


def test_every_zone_host_and_entry_is_placed_once(plan: Plan, layout: Layout) -> None:
    assert [spot.zone.name for spot in layout.zones] == [z.name for z in plan.network.zones]
    for spot in layout.zones:
        hosts = [host.slot.name for host in spot.hosts]
        assert hosts == [slot.name for slot in plan.slots if slot.zone == spot.zone.name]
        assert sorted(entry.route.slot for entry in spot.entries) == sorted(
            route.slot for route in plan.routes
        )


def test_nothing_leaves_its_frame(layout: Layout) -> None:
    assert layout.vpc.right <= layout.width
    assert layout.vpc.bottom < layout.height
    assert _inside(layout.router, layout.vpc)
    for spot in layout.zones:
        assert _inside(spot.box, layout.vpc)
        assert _inside(spot.table, spot.box)
        assert all(_inside(host.box, spot.box) for host in spot.hosts)
        assert all(_inside(entry.box, spot.table) for entry in spot.entries)
        assert spot.box.x < spot.rail < spot.box.x + TEXT


def test_nothing_lies_on_another(layout: Layout) -> None:
    zones = [spot.box for spot in layout.zones]
    assert all(_apart(*pair) for pair in combinations([*zones, layout.router], 2))
    for spot in layout.zones:
        parts = [spot.table, *(host.box for host in spot.hosts)]
        assert all(_apart(*pair) for pair in combinations(parts, 2))
        boxes = [entry.box for entry in spot.entries]
        assert all(_apart(*pair) for pair in combinations(boxes, 2))


def test_a_line_of_a_host_has_room_for_all_its_words(layout: Layout) -> None:
    for spot in layout.zones:
        for host in spot.hosts:
            slot, room = host.slot, host.box.w - TEXT
            words = [f"{slot.name}  {slot.address}"]
            words += [str(slot.containers)] if host.style != "row" else []
            if host.style == "row":
                words = [f"{slot.name} {slot.address} {slot.containers}"]
            assert max(len(word) for word in words) * 12 * MONO <= room


def test_zones_stand_below_each_other_on_a_phone() -> None:
    layout = lay_out(plan_of(3, 2), 372, margin=1, top=8)

    assert [len(row) for row in layout.rows] == [1, 1, 1]


def test_zones_stand_in_rows_of_about_equal_length() -> None:
    rows = [
        [len(row) for row in lay_out(plan_of(zones, 2), 960, margin=24, top=8).rows]
        for zones in range(1, 7)
    ]

    assert rows == [[1], [2], [3], [2, 2], [3, 2], [3, 3]]
