"""Five changes of a network: what is shown before is what then happens, path by path.

One cluster goes through them, so the tests are in the order of its life.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from bench.answerer import answering
from lab.lab import Lab
from lab.model import Route, RouteTable
from tests.support.checkout import Checkout, lab_checkout
from tests.support.paths import Paths
from tests.support.stage import config

STACK = "t26"
TABLES = ["table-a", "table-b", "table-c"]


def wanted(
    *, zones: str = "abc", workers: str = "abd", last: str = "", ranges: str = ""
) -> dict[str, Any]:
    """Managers in three zones, the last in a pool of its own, and workers where there are zones.

    `last` is that pool's image, `ranges` the container range of zone b.
    """
    here = "".join(each for each in workers if each in zones)
    made = config("lab", zones=zones, managers="ab", workers=here, ranges=(116, 246))
    managers, others = made["pools"]
    managers["size"], others["size"] = 4, 15
    third = {"name": "third", "role": "manager", "first": 5, "size": 2, "hosts": {"c": 1}}
    made["pools"] = [managers, third | ({"image": last} if last else {}), others]
    for zone in made["network"]["zones"]:
        if zone["name"] == "d":
            zone["containers"] = "10.246.192.0/19"
        if zone["name"] == "b" and ranges:
            zone["containers"] = ranges
    return {**made, "survivable": True}


@dataclass
class Change:
    """What was shown, and what then happened."""

    status: int
    lines: list[str]
    told: dict[str, Any]
    moved: set[str]  # hosts whose machine is another one, or gone, or new
    paths: Paths

    def routes(self, move: str) -> set[tuple[str, str]]:
        return {(r["table"], r["host"]) for r in self.told["routes"] if r["move"] == move}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    with lab_checkout(tmp_path_factory.mktemp("five"), STACK, wanted()) as made:
        made.make("up").good()
        yield made


def carry_out(checkout: Checkout, asked: dict[str, Any]) -> Change:
    """Ask for it, look at what is shown, do just that, and watch all paths meanwhile."""
    before, plan = checkout.deployed(), checkout.plan
    checkout.configure(asked)
    shown = checkout.folder / "shown.json"
    looked = checkout.fairway("preview", STACK, "--save", str(shown))
    told = json.loads(shown.read_text())
    with (
        answering(plan, before, replicas=None, then=checkout.plan),  # keeps the bridges up
        Paths(checkout) as paths,
    ):
        checkout.fairway("up", STACK, "--approved", str(shown)).good()
    after = checkout.deployed()
    names = before.machines.keys() | after.machines.keys()
    moved = {name for name in names if before.machines.get(name) != after.machines.get(name)}
    assert "every container reaches every other" in after.report
    assert checkout.fairway("preview", STACK).text == "nothing changes\n"
    print(f"\n--- shown\n{looked.text}--- away, seconds: {paths.away}")
    return Change(looked.status, looked.text.splitlines(), told, moved, paths)


def destinations() -> dict[str, set[str]]:
    """What each route table of the lab leads to, entries that lead to a machine alone."""
    lab, found = Lab.open(STACK), {}
    for held in lab.all(RouteTable):
        table = held.spec.name
        ours = (str(entry.destination) for entry in lab.entries(table))
        found[table] = {each for each in ours if each.startswith("10.246.")}
    return found


def test_a_zone_that_comes_gets_entries_everywhere_and_breaks_no_path(checkout: Checkout) -> None:
    change = carry_out(checkout, wanted(zones="abcd"))

    assert change.status == 2, change.lines
    assert "   hosts made: d10" in change.lines
    assert change.routes("added") >= {(table, "d10") for table in (*TABLES, "table-d")}
    assert not [line for line in change.lines if "paths" in line]
    assert change.moved == {"d10"}
    assert change.paths.broken == set()
    held = destinations()
    assert len(held) == 4
    assert all(table == held["table-a"] and len(table) == 6 for table in held.values())


def test_a_manager_that_is_replaced_is_away_alone_and_about_as_long_as_was_said(
    checkout: Checkout,
) -> None:
    change = carry_out(checkout, wanted(zones="abcd", last="bookworm"))

    assert change.status == 2, change.lines
    assert "   hosts replaced: c5, for image" in change.lines
    assert any(" ~ paths away: all to and from c5 (10.246.13" in line for line in change.lines)
    quorum = " ~ quorum: managers c5 go one at a time; no other may fail meanwhile"
    assert quorum in change.lines
    assert {host for _, host in change.routes("moved")} == {"c5"}
    assert change.moved == {"c5"}
    assert change.paths.broken == {"c5"}


def test_a_pool_that_shrinks_loses_the_paths_to_the_host_that_goes(checkout: Checkout) -> None:
    change = carry_out(checkout, wanted(zones="abcd", last="bookworm", workers="bd"))

    assert "   hosts removed: a10" in change.lines
    assert any(" ~ paths gone: all to and from a10" in line for line in change.lines)
    assert {host for _, host in change.routes("removed")} == {"a10"}
    assert change.moved == {"a10"}
    assert change.paths.broken == {"a10"}
    assert all(len(table) == 5 for table in destinations().values())


def test_ranges_that_change_replace_their_hosts_one_after_the_other(checkout: Checkout) -> None:
    before = destinations()
    asked = wanted(zones="abcd", last="bookworm", workers="bd", ranges="10.246.224.0/19")
    change = carry_out(checkout, asked)

    assert "   hosts replaced: b1, b10, for userData, containers" in change.lines
    assert {host for _, host in change.routes("removed")} == {"b1", "b10"}
    assert {host for _, host in change.routes("added")} == {"b1", "b10"}
    assert change.moved == {"b1", "b10"}
    assert change.paths.broken == {"b1", "b10"}
    gone = before["table-a"] - destinations()["table-a"]
    assert gone == {"10.246.65.0/24", "10.246.74.0/24"}


def test_an_entry_deleted_by_hand_is_shown_with_its_table_and_comes_back(
    checkout: Checkout,
) -> None:
    worker = checkout.plan.slot("b10").containers
    Lab.open(STACK).delete(Route, f"table-d/{worker}")
    assert checkout.fairway("verify", STACK).status != 0

    change = carry_out(checkout, checkout.config)

    assert change.routes("added") == {("table-d", "b10")}
    assert change.moved == set()
    # Both ways, until the entry is back: the answers of d10 are lost too.
    assert change.paths.broken_pairs == {("d10", "b10"), ("b10", "d10")}
    assert all(len(table) == 5 for table in destinations().values())
