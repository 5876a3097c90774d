"""`./fairway preview` and `up` on a stack that stands: what is said is what happens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.checkout import Checkout, lab_checkout
from tests.support.stage import config

STACK = "t19"


def wanted(*, workers: str = "b", image: str = "") -> dict[str, Any]:
    made = config("lab", zones="ab", managers="a", workers=workers, ranges=(110, 240))
    if image:
        made["pools"][1]["image"] = image
    return made


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    with lab_checkout(tmp_path_factory.mktemp("preview"), STACK, wanted()) as made:
        made.make("up").good()
        yield made


def test_where_nothing_changes_one_line_says_so(checkout: Checkout) -> None:
    done = checkout.fairway("preview", STACK)

    assert (done.status, done.text) == (0, "nothing changes\n")


def test_a_host_with_data_that_would_be_replaced_needs_a_human(
    checkout: Checkout, tmp_path: Path
) -> None:
    checkout.sh("b10", "docker", "volume", "create", "pgdata")
    before = checkout.deployed().machines
    checkout.configure(wanted(image="sid"))
    try:
        picture = tmp_path / "change.html"
        done = checkout.fairway("preview", STACK, "--picture", str(picture))
    finally:
        checkout.configure(wanted())

    lines = done.text.splitlines()
    assert done.status == 3, done.text
    assert lines[0] == "!! data lost with the machine of b10: volumes pgdata"
    assert "   hosts replaced: b10, for image" in lines
    assert any(line.startswith(" ~ paths away: all to and from b10 (10.240.") for line in lines)
    assert "   routes moved: 10.240.74.0/24 in table-a, table-b" in lines
    assert lines[-1] == f"picture: {picture}"
    assert len(lines) <= 10
    page = picture.read_text(encoding="utf-8")
    assert "b10 is replaced, for image (trixie → sid). Data lost with the machine of b10" in page
    assert page.count("2 hosts, 4 route entries in all tables") == 2  # before and after
    assert checkout.deployed().machines == before


def test_just_what_was_approved_is_done_and_then_nothing_is_left_to_do(
    checkout: Checkout,
) -> None:
    checkout.configure(wanted(workers="ab"))
    looked = checkout.fairway("preview", STACK, "--json")
    told = json.loads(looked.text)
    assert (looked.status, told["hosts"]["a10"]["fate"]) == (2, "made")
    assert {(each["table"], each["move"]) for each in told["routes"]} == {
        ("table-a", "added"),
        ("table-b", "added"),
    }

    refused = checkout.fairway("up", STACK, "--approved", "0" * 12)
    assert refused.status == 1
    assert "a10" not in checkout.deployed().machines

    checkout.fairway("up", STACK, "--approved", told["fingerprint"]).good()
    assert "a10" in checkout.deployed().machines
    assert checkout.fairway("preview", STACK).status == 0
