"""`./fairway roll` on the real engine: its order, what stops it, and going on after that."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from lab.model import Machine
from tests.support.environments import config
from tests.support.plugin_world import World
from tests.support.world_checkout import ROLL, WorldCheckout

STACK = "t6"
EVERY = {"a1", "b1", "c1", "a10", "a11"}


def asked(image: str = "trixie", **more: Any) -> dict[str, Any]:
    wanted = {**config(), "survivable": False, "cloud": "lab", "backup": False, **more}
    wanted["pools"][1]["hosts"] = {"a": 2}
    for pool in wanted["pools"]:
        pool["image"] = image
    return wanted


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorldCheckout]:
    made = WorldCheckout(tmp_path_factory.mktemp("roll") / "checkout", STACK, asked())
    made.make("up").good()
    yield made
    made.configure(asked())
    made.pulumi("destroy", "--yes", "--skip-preview").good()


@pytest.fixture
def world(cluster: WorldCheckout) -> Iterator[World]:
    found = cluster.world
    found.forget_acts()
    yield found
    found.behave()
    (cluster.folder / ".fairway" / STACK / "roll.json").unlink(missing_ok=True)


def new_image(cluster: WorldCheckout, **more: Any) -> None:
    """Change what every host is made of."""
    now = cluster.config["pools"][0]["image"]
    cluster.configure(asked("bookworm" if now == "trixie" else "trixie", **more))


def told(text: str) -> dict[str, Any]:
    """The JSON at the end of an output whose other lines came before it."""
    found: dict[str, Any] = json.loads(text[text.rindex("\n{\n") :])
    return found


def test_what_is_to_come_is_shown_with_its_reasons_and_nothing_is_touched(
    cluster: WorldCheckout, world: World
) -> None:
    new_image(cluster)
    world.behave(leader={"name": "b1"})

    shown = cluster.roll("--dry-run").good().text

    assert "order   a10 (canary, then verify) | a11 | a1 | c1 | b1 (leads now)" in shown
    for name in EVERY:
        assert any(line.split()[:1] == [name] and "image" in line for line in shown.splitlines())
    assert world.acts() == []


def test_a_canary_that_the_network_does_not_reach_stops_the_roll_and_the_rest_stands(
    cluster: WorldCheckout, world: World
) -> None:
    world.behave(canary={"fault": "no route to a10"})

    stopped = cluster.roll()

    assert stopped.status == 3
    assert "no route to a10" in stopped.text
    assert "left: a1, b1, c1, a11; " in stopped.text
    assert world.acts()[-1] == f"prove {STACK}"
    assert cluster.turns() == ["a10"]


def test_the_next_roll_goes_on_from_there_and_replaces_the_leader_last(
    cluster: WorldCheckout, world: World
) -> None:
    world.behave(leader={"name": "b1"})

    done = cluster.roll("--json").good()

    assert cluster.turns() == ["a11", "a1", "c1", "b1"]
    acts = world.acts()
    assert acts.index("join Node a11") < acts.index(f"prove {STACK}") < acts.index("leave Node a1")
    assert acts[-1] == "verify Report a1 b1 c1 a10 a11"
    turns = told(done.text)["turns"]
    assert [turn["kind"] for turn in turns] == ["canary", "manager", "manager", "leader"]
    world.forget_acts()
    assert "nothing to roll" in cluster.roll().good().text
    assert world.acts() == []


def test_how_long_each_host_was_away_is_kept_and_makes_no_change(cluster: WorldCheckout) -> None:
    away = cluster.deployed().replaced_in

    assert len(away) == len(EVERY)
    assert all(seconds > 0 for seconds in away)
    cluster.pulumi("preview", "--expect-no-changes").good()


def test_a_cluster_that_is_not_whole_is_not_touched(cluster: WorldCheckout, world: World) -> None:
    world.behave(trouble={"says": "service web runs 2 of 3 tasks"})

    stopped = cluster.roll("--host", "a10")

    assert stopped.status == 3
    assert "nothing more is replaced: service web runs 2 of 3 tasks" in stopped.text
    assert world.acts() == []


def test_a_second_command_is_told_who_holds_the_stack_and_an_interrupted_roll_goes_on(
    cluster: WorldCheckout, world: World
) -> None:
    world.behave(a11={"wait": 3600})

    rolling = cluster.start(*ROLL, STACK, "--yes", "--host", "a10", "--host", "a11")
    limit = time.monotonic() + 600
    while "wait Machine a11" not in world.acts() and time.monotonic() < limit:
        time.sleep(0.1)
    others = [cluster.make("up"), cluster.make("down"), cluster.roll()]
    os.killpg(rolling.pid, signal.SIGINT)
    text, _ = rolling.communicate(timeout=600)

    for other in others:
        assert other.status == 1
        assert f"another operation is under way: found roll by process {rolling.pid}" in other.text
    assert rolling.returncode == 1, text
    assert "the engine stopped in the turn of a11" in text
    assert "a10 done before" in text
    world.behave()
    world.forget_acts()
    again = cluster.roll("--host", "a11", "--host", "a10").good()
    assert "done by an earlier run: a10" in again.text
    assert [act for act in world.acts() if act.startswith("make Machine")] == []
    assert cluster.turns() == ["a11"]


def test_a_host_that_is_gone_is_brought_back_and_what_else_changes_is_left_alone(
    cluster: WorldCheckout, world: World
) -> None:
    new_image(cluster)
    world.lose(Machine, "c1")
    world.unjoin("c1")

    refused, done = cluster.roll(), cluster.roll("--host", "c1")

    assert "`./fairway roll STACK --host NAME` replaces them alone" in refused.text
    assert done.good()
    assert cluster.turns() == ["c1"]


def test_a_host_that_is_none_is_refused_by_name(cluster: WorldCheckout, world: World) -> None:
    refused = cluster.roll("--host", "a12")

    assert refused.status == 1
    assert "no such host: found a12, wanted a1, b1, c1, a10, a11" in refused.text
    assert world.acts() == []
