"""The picture as a reader and a browser get it."""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from components.environment import read_stack_file
from components.picture import page, svg
from components.plan import Plan, make_plan
from tests.pure.test_picture_layout import plan_of
from tests.support.environments import by_prefixes, environment

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"
UPLINK = IPv4Network("10.76.97.0/30")


@pytest.fixture
def plan() -> Plan:
    return make_plan(environment())


def _tree(drawing: str) -> Xml.Element:
    return Xml.fromstring(drawing)  # noqa: S314 - what we have just written ourselves


def _of_class(tree: Xml.Element, name: str) -> list[Xml.Element]:
    return [node for node in tree.iter() if name in (node.get("class") or "").split()]


def _words(tree: Xml.Element) -> list[str]:
    return [node.text or "" for node in tree.iter(f"{SVG}text")]


def test_the_drawing_of_the_readme_is_that_of_the_default_stack() -> None:
    seen = read_stack_file(ROOT / "stacks" / "Pulumi.lab.yaml")
    drawn = svg(make_plan(seen), uplink=seen.settings.uplink) + "\n"

    assert (ROOT / "docs" / "topology.svg").read_text(encoding="utf-8") == drawn, (
        "run: python -m components.picture stacks/Pulumi.lab.yaml > docs/topology.svg"
    )


def test_the_drawing_tells_everything_about_every_host(plan: Plan) -> None:
    words = _words(_tree(svg(plan, uplink=UPLINK)))

    for slot in plan.slots:
        assert words.count(str(slot.address)) == 1
        assert words.count(str(slot.containers)) == 1 + len(plan.network.zones)
        assert words.count(slot.name) == 1 + len(plan.network.zones)
    assert words.count("manager") == len(plan.managers)
    assert words.count("worker") == len(plan.workers)


def test_the_drawing_tells_who_owns_which_range(plan: Plan) -> None:
    words = _words(_tree(svg(plan, uplink=UPLINK)))

    assert "10.97.0.0/16" in words
    assert "containers 10.227.0.0/16" in words
    assert "uplink 10.76.97.0/30" in words
    assert [str(zone.subnet) in words for zone in plan.network.zones] == [True] * 3


def test_every_route_table_shows_every_entry(plan: Plan) -> None:
    entries = _of_class(_tree(svg(plan)), "entry")
    shown = sorted(entry.get("data-host") or "" for entry in entries)

    assert shown == sorted([slot.name for slot in plan.slots] * len(plan.network.zones))


def test_a_role_is_told_by_shape_and_letter_and_not_by_colour_alone(plan: Plan) -> None:
    hosts = _of_class(_tree(svg(plan)), "host")
    managers = [host for host in hosts if _of_class(host, "manager")]
    workers = [host for host in hosts if _of_class(host, "worker")]

    assert [len(managers), len(workers)] == [3, 3]
    assert all(host.find(f".//{SVG}polygon") is not None for host in managers)
    assert all(host.find(f".//{SVG}polygon") is None for host in workers)
    assert all("M" in _words(host) for host in managers)
    assert all("W" in _words(host) for host in workers)


def test_a_host_is_reached_by_keyboard_and_named_for_a_screen_reader(plan: Plan) -> None:
    hosts = _of_class(_tree(svg(plan)), "host")

    assert {host.get("tabindex") for host in hosts} == {"0"}
    assert hosts[0].get("aria-label") == (
        "a1, manager in zone a: 10.97.0.11, containers 10.227.1.0/24"
    )


def test_a_host_that_is_not_reached_is_marked_with_a_cross(plan: Plan) -> None:
    tree = _tree(svg(plan, broken={("a1", "b10"): "A", ("c1", "b10"): "A"}))
    missed = _of_class(tree, "missed")

    assert [host.get("data-host") for host in missed] == ["b10"]
    assert "✕" in _words(missed[0])
    assert any("not reached from 2 hosts" in (node.text or "") for node in missed[0].iter())
    assert "not reached by all" in _words(tree)


def test_neighbouring_managers_are_joined(plan: Plan) -> None:
    joined = _of_class(_tree(svg(plan)), "raft")

    assert sum(len(list(node)) for node in joined) == 2


def test_the_way_to_a_zone_ends_at_its_last_host(plan: Plan) -> None:
    ways = [way for way in _of_class(_tree(svg(plan)), "channel") if way.get("data-zone")]

    assert [way.get("data-zone") for way in ways] == ["a", "b", "c"]


def test_a_table_with_very_many_entries_tells_their_number() -> None:
    tree = _tree(svg(plan_of(6, 30)))

    assert _of_class(tree, "entry") == []
    assert _words(tree).count("180 entries") == 6


def test_dark_and_light_have_their_own_colours(plan: Plan) -> None:
    assert "prefers-color-scheme: dark" in svg(plan)
    assert "prefers-color-scheme: dark" in page(plan)


def test_every_colour_that_is_used_is_defined_for_both(plan: Plan) -> None:
    text = page(plan)
    used = set(re.findall(r"var\((--\w+)\)", text))
    light, dark = text.split("@media (prefers-color-scheme: dark)", 1)

    assert used
    assert used <= set(re.findall(r"(--\w+):", light))
    assert used <= set(re.findall(r"(--\w+):", dark))


def test_the_page_needs_nothing_from_outside(plan: Plan) -> None:
    text = page(plan, quota=200, uplink=UPLINK, broken={})

    assert re.findall(r"https?://[^\s\"<]+", text.replace("http://www.w3.org/2000/svg", "")) == []
    assert not re.search(r"\b(src|href|import|fetch|url)\s*[=(]", text)


def test_the_page_tells_the_figures_of_the_environment(plan: Plan) -> None:
    text = page(plan, quota=200)

    assert "<h1>lab</h1>" in text
    assert "<b>6 of 200</b>entries in every route table" in text
    assert "<b>2 of 3</b>managers must answer" in text
    assert "any one of which may fail" in text


def test_with_prefixes_the_page_tells_of_them_and_claims_no_entry() -> None:
    inside = make_plan(environment(by_prefixes))
    text = page(inside)
    tables = _of_class(_tree(svg(inside)), "entry")

    assert "<b>12</b>prefixes of interfaces" in text
    assert "entries in every route table" not in text
    assert "<h2>Prefixes</h2>" in text
    assert "<code>10.97.25.64/27</code>" in text
    assert tables == []
    assert "containers in the subnets" in _words(_tree(svg(inside)))


def test_the_page_tells_which_zone_the_cluster_does_not_survive() -> None:
    assert "but not without a" in page(plan_of(2, 2))


def test_a_host_of_the_page_lights_its_entries_rows_and_way(plan: Plan) -> None:
    text = page(plan)

    # Two drawings with a host and three entries each, and one row of the table.
    assert text.count('data-host="b10"') == 2 * (1 + 3) + 1
    assert text.count('class="channel" data-zone="b"') == 2


def test_the_page_without_a_report_claims_nothing_about_reach(plan: Plan) -> None:
    assert "Who reaches whom" not in page(plan)
    assert "Every container reaches every other" in page(plan, broken={})


def test_the_matrix_names_the_pairs_that_fail_and_why(plan: Plan) -> None:
    text = page(plan, broken={("a1", "b10"): "black hole"})

    assert "1 ordered pair of hosts does not" in text
    assert 'title="a1 does not reach b10: black hole">✕<' in text
    assert text.count(">✓<") == 6 * 5 - 1


def test_the_matrix_of_many_hosts_counts_by_zone() -> None:
    text = page(plan_of(3, 30), broken={("a1", "b10"): "A"})

    assert "899 of 900" in text
    assert "870 of 870" in text


def test_what_stands_in_names_never_becomes_markup(plan: Plan) -> None:
    text = page(replace(plan, environment='<script>&"'), broken={("a1", "b1"): '"><b>'})

    assert text.count("<script>") == 1
    assert "<h1>&lt;script&gt;&amp;" in text
    assert "&quot;&gt;&lt;b&gt;" in text


def test_the_same_plan_is_always_drawn_the_same(plan: Plan) -> None:
    assert page(plan) == page(make_plan(environment()))
