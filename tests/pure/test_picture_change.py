"""The page of a change as a reader and a browser get it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
from click.testing import CliRunner

from components.picture import Change, change_page, page, svg
from components.picture.hosts import draw_host
from components.picture.layout import Box, HostSpot
from components.picture.marks import MARKS, Marks, badge
from components.picture.sides import drawn
from components.plan import make_plan
from components.remote.command import Secret
from components.swarm.spread import Service
from scripts.cli.preview import preview
from scripts.cli.state import Deployed
from scripts.operations import preview as looking
from tests.pure.test_picture_layout import plan_of
from tests.support.environments import by_prefixes, environment
from tests.support.previewed import change, foreseen, question, steps

SIX = make_plan(environment())
SVG = "{http://www.w3.org/2000/svg}"


def _grown(wanted: dict[str, Any]) -> None:
    wanted["pools"][1]["hosts"] = {"a": 2, "b": 1}


GROWN = make_plan(environment(_grown))
REPLACED = {"b10": ("trixie", "sid")}


def _change(**standing: Any) -> Change:
    return change(SIX, GROWN, steps(SIX, GROWN, REPLACED), **standing)


def _side(text: str, name: str) -> Xml.Element:
    """The wide drawing of one side."""
    found = re.search(rf'data-side="{name}">.*?(<svg.*?</svg>)', text.replace("\n", ""))
    assert found
    start = found[1].rindex('<svg xmlns="http')
    return Xml.fromstring(found[1][start:])  # noqa: S314 - what we have just written ourselves


def _of(tree: Xml.Element, name: str) -> list[str]:
    return [
        node.get("data-host") or ""
        for node in tree.iter(f"{SVG}g")
        if name in (node.get("class") or "").split()
    ]


def test_each_side_shows_what_is_there_and_the_empty_places_of_what_is_not() -> None:
    text = change_page(_change())
    before, after = _side(text, "before"), _side(text, "after")

    assert sorted(_of(before, "host")) == sorted(slot.name for slot in SIX.slots)
    assert sorted(_of(after, "host")) == sorted(slot.name for slot in GROWN.slots)
    assert (_of(before, "no-host"), _of(after, "no-host")) == (["a11"], ["c10"])
    assert (_of(before, "no-entry"), _of(after, "no-entry")) == (["a11"] * 3, ["c10"] * 3)
    assert len(_of(before, "entry")) == len(_of(after, "entry")) == 18


def test_a_host_stands_at_the_same_place_on_both_sides() -> None:
    one = _change()
    plans = one.topology.before.plan, one.topology.after.plan

    here, there = drawn(*plans), drawn(*reversed(plans))
    assert [slot.name for slot in here.slots] == [slot.name for slot in there.slots]
    assert [zone.name for zone in here.network.zones] == [z.name for z in there.network.zones]


def test_every_mark_has_a_shape_and_a_sign_of_its_own() -> None:
    drawings = {re.sub(r'class="badge \w+"', "", badge(mark, 0, 0)) for mark in MARKS}

    assert len(drawings) == len(MARKS)


def test_marks_of_hosts_and_entries_say_what_happens() -> None:
    before = _side(change_page(_change()), "before")

    assert _of(before, "is-replaced") == ["b10", "b10", "b10", "b10"]
    assert set(_of(before, "is-removed")) == {"c10"}
    assert set(_of(before, "is-made")) == {"a11"}


def test_a_word_that_would_run_into_an_address_is_left_out_and_its_mark_stays() -> None:
    wide, narrow = (
        draw_host(
            HostSpot(SIX.slot("c10"), Box(0, 0, width, 66), "card"),
            14,
            0,
            Marks(side="before", hosts={"c10": "removed"}),
        )
        for width in (238, 200)
    )

    assert ">removed</text>" in wide
    assert ">removed</text>" not in narrow
    assert 'class="badge removed"' in narrow


def test_the_worst_lines_come_first_and_say_how_bad_they_are() -> None:
    only = Service(name="db", mode="replicated", wanted=1, running={"b10": 1})
    text = change_page(_change(services=(only,), replaces_in=21.4))

    places = [
        text.index(words)
        for words in (
            "!! needs a human",
            "service db is away while b10 goes",
            "~ while it happens",
            "for about 21 s (measured on this cluster)",
            "hosts replaced: b10, for image",
            "<figure",
        )
    ]
    assert places == sorted(places)


def test_what_could_not_be_seen_is_told() -> None:
    text = change_page(_change(unseen=("volumes of b10: it does not answer",)))

    assert "? not seen" in text
    assert "volumes of b10: it does not answer" in text


def test_numbers_are_told_before_and_after() -> None:
    grown = plan_of(3, 3)
    text = change_page(change(plan_of(3, 2), grown, steps(plan_of(3, 2), grown, {})))

    assert "<b>6 → 9</b>hosts: 3 new" in text
    assert "<b>6 → 9 of 200</b>entries in every route table" in text


def test_with_prefixes_the_page_tells_of_those_and_of_no_table() -> None:
    inside = make_plan(environment(by_prefixes))
    text = change_page(replace(change(inside, inside, []), quota=None))

    assert "<b>12</b>prefixes of interfaces" in text
    assert "entries in every route table" not in text


def test_entries_that_change_are_listed_by_destination_and_table() -> None:
    text = change_page(_change())
    listed = text[text.index("Route entries that change") :]

    assert "3 destinations in 3 tables." in listed
    for destination, move in (
        ("10.227.11.0/24", "added"),
        ("10.227.74.0/24", "moved"),
        ("10.227.138.0/24", "removed"),
    ):
        row = re.search(rf"<tr[^>]*><td><code>{destination}</code>.*?</tr>", listed)
        assert row
        assert row[0].count(f"</svg> {move}</td>") == 3


def test_where_nothing_changes_the_page_says_so_and_shows_it() -> None:
    text = change_page(change(SIX, SIX, []))

    assert "Nothing changes." in text
    assert len(_of(_side(text, "after"), "host")) == 6
    assert "is-" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)


def test_before_the_first_up_all_places_are_empty() -> None:
    empty = plan_of(3, 2)
    none = empty.__class__(environment="lab", network=empty.network, slots=(), routes=())
    before = _side(change_page(change(None, empty, steps(none, empty, {}))), "before")

    assert _of(before, "host") == []
    assert len(_of(before, "no-host")) == 6


def test_a_table_of_very_many_entries_tells_how_many_change() -> None:
    big, bigger = plan_of(6, 30), plan_of(6, 31)
    text = change_page(change(big, bigger, steps(big, bigger, {})))

    assert text.count("180 entries, 6 changes") == 2 * 6
    assert text.count("186 entries, 6 changes") == 2 * 6


def test_a_name_never_becomes_markup() -> None:
    odd = '<img src=x onerror="a()">'
    only = Service(name=odd, mode="replicated", wanted=1, running={"b10": 1})
    text = change_page(_change(services=(only,), volumes={"b10": (odd,)}, unseen=(odd,)))

    assert "<img" not in text
    assert "&lt;img src=x" in text


@pytest.mark.parametrize("make", [lambda: change_page(_change()), lambda: page(SIX)])
def test_a_page_lets_in_nothing_but_its_own_style_and_script(make: Any) -> None:
    text = make()

    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    assert re.sub(r"'sha256-[\w+/]+='", "HASH", policy[1]) == (
        "default-src 'none'; style-src HASH; script-src HASH; base-uri 'none'; form-action 'none'"
    )
    assert not re.search(r"\b(src|href|url|import|fetch)\s*[=(]", text)
    assert not re.search(r'\s(on\w+|style)="', text)


def test_every_colour_of_the_page_is_defined_for_light_and_dark() -> None:
    text = change_page(_change())
    sheet = text[text.index("<style>") : text.index("</style>")]
    dark = "".join(re.findall(r"\(prefers-color-scheme: dark\) \{(.*?\}\s*)\}", sheet, re.DOTALL))
    named = set(re.findall(r"var\((--\w+)", sheet)) - {"--tone", "--dash"}

    assert named <= set(re.findall(r"(--\w+):", dark))
    assert "--made" in named


def test_the_drawing_without_a_change_has_no_mark() -> None:
    assert "badge" not in svg(SIX)


DEPLOYED = Deployed(
    seed=Secret("seed"),
    machines={},
    nodes={},
    roles={slot.name: slot.role for slot in SIX.slots},
    swarm="",
    question=question(SIX),
    answer={},
    report="",
    way={},
    billed={},
)


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stacks that were previewed; the change is always the same."""
    asked: list[str] = []
    told = _change()
    seen = looking.Seen(
        environment=environment(_grown),
        plan=GROWN,
        deployed=DEPLOYED,
        foreseen=foreseen(SIX, GROWN, steps(SIX, GROWN, REPLACED)),
        meaning=told.meaning,
    )

    def see(stack: str) -> looking.Seen:
        asked.append(stack)
        return seen

    monkeypatch.setattr(looking, "seen", see)
    return asked


@pytest.mark.parametrize("form", [[], ["--json"], ["--markdown"]])
def test_the_picture_is_written_beside_what_is_printed(
    looked: list[str], tmp_path: Path, form: list[str]
) -> None:
    file = tmp_path / "new" / "change.html"

    alone = CliRunner().invoke(preview, ["lab", *form])
    done = CliRunner().invoke(preview, ["lab", *form, "--picture", str(file)])

    assert (done.exit_code, done.stdout) == (alone.exit_code, alone.stdout)
    assert done.exit_code == 2
    assert str(file) in done.stderr
    assert "b10 is replaced, for image (trixie → sid)" in file.read_text(encoding="utf-8")
    assert looked == ["lab", "lab"]


def test_a_picture_that_is_no_page_is_refused_before_anything_runs(
    looked: list[str], tmp_path: Path
) -> None:
    done = CliRunner().invoke(preview, ["lab", "--picture", str(tmp_path / "change.svg")])

    assert done.exit_code == 1
    assert "found .svg, wanted .html" in done.stderr
    assert looked == []
    assert list(tmp_path.iterdir()) == []
