"""Pictures in a browser: what is seen, pointed at, tapped and read, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.picture import Change, change_page, page
from components.plan import make_plan
from components.swarm.spread import Service
from tests.pure.test_picture_layout import plan_of
from tests.support.browser import DESKTOP, PHONE, Browser, browser
from tests.support.environments import environment
from tests.support.previewed import change, steps

SIX = make_plan(environment())
ODD = "db<img src=x onerror=alert(1)>"  # a name that wants to be markup


def _grown(wanted: dict[str, Any]) -> None:
    wanted["pools"][1]["hosts"] = {"a": 2, "b": 1}


def _six() -> Change:
    """Of six hosts b10 is replaced, c10 goes and a11 comes."""
    after = make_plan(environment(_grown))
    only = Service(name=ODD, mode="replicated", wanted=1, running={"b10": 1})
    told = steps(SIX, after, {"b10": ("trixie", "sid")})
    return change(SIX, after, told, services=(only,), replaces_in=21.4)


def _hundred() -> Change:
    """Ninety-nine hosts become a hundred and two, and a zone's workers are replaced."""
    before, after = plan_of(3, 33), plan_of(3, 34)
    old = {slot.name: ("trixie", "sid") for slot in before.workers if slot.zone == "b"}
    return change(before, after, steps(before, after, old))


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("browser")) as made:
        yield made


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    texts = {
        "plain": page(SIX, quota=200, broken={("a1", "b10"): "A"}),
        "six": change_page(_six()),
        "hundred": change_page(_hundred()),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


PAGES = pytest.mark.parametrize("name", ["plain", "six", "hundred"])


@PAGES
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_a_page_opens_without_a_complaint(
    opened: Browser, pages: dict[str, Path], name: str, size: tuple[int, int]
) -> None:
    opened.open(pages[name], size=size)

    assert opened.complaints() == []
    assert opened.ask("return [...document.images, ...document.links].length") == 0


@PAGES
def test_a_page_fits_on_a_phone_and_is_drawn_for_it(
    opened: Browser, pages: dict[str, Path], name: str
) -> None:
    opened.open(pages[name], size=PHONE)

    assert opened.ask("return document.documentElement.scrollWidth") <= PHONE[0]
    assert opened.count(".wide svg") == 0
    assert opened.count(".phone svg") == (1 if name == "plain" else 2)
    assert all(each.size["width"] <= PHONE[0] for each in opened.seen(".phone svg"))


@PAGES
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_page_is_read_well_in_light_and_dark(
    opened: Browser, pages: dict[str, Path], name: str, dark: bool
) -> None:
    opened.open(pages[name], dark=dark)
    ground = opened.ask("return getComputedStyle(document.body).backgroundColor")

    assert (sum(int(part) for part in ground[4:-1].split(",")) < 200) is dark
    assert opened.contrast(".wide .host text.mono", ".wide .zone") >= 4.5
    if name == "six":
        for mark in ("made", "replaced", "removed"):
            assert opened.contrast(f".wide .word.{mark}", ".wide .zone") >= 4.5
            assert opened.contrast(f".wide .badge.{mark} .outline", ".wide .zone") >= 3


def _drawn(opened: Browser, side: str) -> tuple[int, int]:
    of = f".side-{side} .wide"
    return opened.count(f"{of} .host"), opened.count(f"{of} .entry")


@pytest.mark.parametrize(("name", "before", "after"), [("six", 6, 6), ("hundred", 3 * 33, 3 * 34)])
def test_both_sides_show_their_hosts_and_routes(
    opened: Browser, pages: dict[str, Path], name: str, before: int, after: int
) -> None:
    opened.open(pages[name])

    assert _drawn(opened, "before") == (before, 3 * before)
    assert _drawn(opened, "after") == (after, 3 * after)
    assert f"{before} hosts, {3 * before} route entries" in opened.text(".side-before h2")
    assert f"{after} hosts, {3 * after} route entries" in opened.text(".side-after h2")


def test_what_moves_is_marked_by_shape_and_word(opened: Browser, pages: dict[str, Path]) -> None:
    opened.open(pages["six"])

    shapes = {
        mark: opened.seen(f".wide .host .badge.{mark} .outline")[0].get_attribute("d")
        for mark in ("made", "replaced", "removed")
    }
    assert len(set(shapes.values())) == 3
    assert "replaced" in opened.text('.side-before .wide .host[data-host="b10"]')
    assert "removed" in opened.text('.side-before .wide .host[data-host="c10"]')
    assert "not there yet" in opened.text('.side-before .wide .no-host[data-host="a11"]')
    assert "new" in opened.text('.side-after .wide .host[data-host="a11"]')
    assert "gone" in opened.text('.side-after .wide .no-host[data-host="c10"]')


def test_the_worst_is_read_before_anything_else(opened: Browser, pages: dict[str, Path]) -> None:
    opened.open(pages["six"])

    first = opened.text(".lines > li")
    assert first.startswith("!! needs a human")
    assert f"service {ODD} is away while b10 goes" in first
    assert opened.ask(
        "return document.querySelector('.lines').compareDocumentPosition("
        "document.querySelector('figure')) & Node.DOCUMENT_POSITION_FOLLOWING"
    )


WHY = "b10 is replaced, for image (trixie → sid). Service"


def test_pointing_at_a_host_or_its_entry_says_why(opened: Browser, pages: dict[str, Path]) -> None:
    opened.open(pages["six"])

    opened.hover('.side-before .wide .host[data-host="b10"]')
    assert opened.tells(WHY)
    told = opened.text("figcaption")
    assert "for about 21 s (measured on this cluster)" in told
    assert "moves to the next machine" in told
    opened.hover('.side-after .wide .entry[data-host="a11"]')
    assert opened.tells("a11 is new.")
    opened.hover('.side-after .wide .host[data-host="a1"]')
    assert opened.tells("a1 in zone a: from any zone, the route table sends packets to 10.227.1.0")


def test_a_finger_reads_the_same(opened: Browser, pages: dict[str, Path]) -> None:
    opened.open(pages["six"], size=PHONE)

    opened.tap('.side-after .phone .host[data-host="b10"]')
    assert opened.tells(WHY)
    opened.tap('.side-after .phone .no-host[data-host="c10"]')
    assert opened.tells("c10 is removed.")


def test_the_tab_key_goes_through_the_hosts_and_reads_the_same(
    opened: Browser, pages: dict[str, Path]
) -> None:
    opened.open(pages["six"])
    opened.ask("document.querySelector('#both').focus()")

    told = []
    for _ in range(14):
        opened.press()
        told.append(opened.text("figcaption"))
    assert sum(each.startswith(WHY) for each in told) == 2
    assert sum(each.startswith("a11 is new") for each in told) == 2


def test_one_side_can_be_looked_at_alone(opened: Browser, pages: dict[str, Path]) -> None:
    opened.open(pages["six"])

    opened.click('[for="before"]')
    assert [opened.count(f".side-{side}") for side in ("before", "after")] == [1, 0]
    opened.click('[for="after"]')
    assert [opened.count(f".side-{side}") for side in ("before", "after")] == [0, 1]


def test_many_hosts_are_folded_away_and_few_are_not(
    opened: Browser, pages: dict[str, Path]
) -> None:
    opened.open(pages["six"])
    assert opened.count(".stories details[open]") == 3

    opened.open(pages["hundred"])
    assert opened.count(".stories tbody tr") == 3
    opened.click(".stories details:not([open]) summary")
    assert opened.count(".stories tbody tr") == 3 + 33


def test_the_page_runs_no_script_but_its_own(
    opened: Browser, pages: dict[str, Path], tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.html"
    text = pages["six"].read_text(encoding="utf-8")
    evil = "<script>document.title = 'taken'</script><p onclick=\"document.title = 'taken'\">x</p>"
    wrong.write_text(text.replace("</body>", f"{evil}</body>"), encoding="utf-8")

    opened.open(wrong)
    opened.click("body > p")

    assert opened.title == "lab: before and after · Fairway"
    assert any("Content Security Policy" in each for each in opened.complaints())


def test_the_picture_of_a_stack_shows_its_hosts_and_tells_of_each(
    opened: Browser, pages: dict[str, Path]
) -> None:
    opened.open(pages["plain"])

    assert (opened.count(".wide .host"), opened.count(".wide .entry")) == (6, 18)
    opened.hover('.wide .host[data-host="c10"]')
    assert opened.tells("c10 in zone c")
    assert opened.count('.wide .channel.lit[data-zone="c"]') == 1


def test_the_same_change_is_always_the_same_page() -> None:
    assert change_page(_six()) == change_page(_six())
