"""Two operators of one stack, each in a checkout of their own, over a state that both share."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.operation import Holder
from scripts.operations.mark import _labels
from tests.support.environments import config
from tests.support.plugin_world import World
from tests.support.world_checkout import ROLL, WorldCheckout

STACK = "t6"
HERE = socket.gethostname()
FAR = Holder(what="restore", pid=7, user="cy", host="elsewhere", since=2_000_000_000.0, token="t")
PATIENCE = 600.0
UP = (sys.executable, "-m", "scripts.stack", "up", STACK)


@dataclass
class Team:
    """Ann and Ben."""

    ops1: WorldCheckout
    ops2: WorldCheckout

    @property
    def world(self) -> World:
        return self.ops1.world

    @property
    def mark(self) -> Path:
        """The mark in the Swarm."""
        return self.world.folder / "mark.json"

    def record(self, checkout: WorldCheckout) -> Path:
        return checkout.folder / ".fairway" / STACK / "operation.json"


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    folder = tmp_path_factory.mktemp("team")
    wanted = {**config(), "survivable": False, "cloud": "lab", "backup": False}
    wanted["pools"][1]["hosts"] = {"a": 2}
    ops1, ops2 = (
        WorldCheckout(folder / name, STACK, wanted, team=folder, user=name)
        for name in ("ops1", "ops2")
    )
    ops1.make("up").good()
    shutil.copy(ops1.file, ops2.file)  # as git does, with the salt of the stack's secrets in it
    yield Team(ops1, ops2)
    ops1.pulumi("destroy", "--yes", "--skip-preview").good()


@pytest.fixture
def team(stand: Team) -> Iterator[Team]:
    stand.world.forget_acts()
    yield stand
    stand.world.behave()
    stand.mark.unlink(missing_ok=True)
    for checkout in (stand.ops1, stand.ops2):
        shutil.rmtree(checkout.folder / ".fairway" / STACK, ignore_errors=True)


def begun(team: Team, *words: str) -> subprocess.Popen[str]:
    """Ann's command, which has come to the machine of a11 and is kept there."""
    team.world.behave(a11={"wait": 3600})
    started = team.ops1.start(*words)
    limit = time.monotonic() + PATIENCE
    while "wait Machine a11" not in team.world.acts() and time.monotonic() < limit:
        time.sleep(0.1)
    assert started.poll() is None
    return started


def ended(team: Team, command: subprocess.Popen[str], how: signal.Signals) -> str:
    """End a command and all that it began; what it said."""
    os.killpg(command.pid, how)
    team.world.behave()
    text, _ = command.communicate(timeout=PATIENCE)
    return text


def test_who_comes_second_is_told_who_holds_the_stack_with_what_and_since_when(team: Team) -> None:
    rolling = begun(team, *ROLL, STACK, "--yes", "--host", "a10", "--host", "a11")
    who = f"roll by process {rolling.pid} of ops1 on {HERE}, since "
    shown = team.ops2.fairway("unlock", STACK, "--show")
    taken = team.ops2.fairway("unlock", STACK, "--yes")
    others = [
        team.ops2.make("up"),
        team.ops2.make("down"),
        team.ops2.roll(),
        team.ops2.fairway("rebuild", STACK, "--yes"),
    ]
    acts = team.world.acts()
    ended(team, rolling, signal.SIGINT)

    assert shown.status == 3
    assert f"held: {who}" in shown.text
    assert "held: a run of the engine by process" in shown.text
    assert (taken.status, "its holder is at work on this computer" in taken.text) == (1, True)
    for other in others:
        assert other.status == 1
        assert who in other.text, other.text
    assert acts[-1] == "wait Machine a11"  # nothing was touched by any of them


def test_a_run_of_the_engine_alone_is_named_by_its_lock_in_the_shared_state(team: Team) -> None:
    with team.world.things() as things:
        things.pop(("Machine", "a11"), None)
    upping = begun(team, *UP)
    others = [team.ops2.make("up"), team.ops2.roll("--host", "a10")]
    shown = team.ops2.fairway("unlock", STACK, "--show")
    ended(team, upping, signal.SIGINT)

    assert shown.status == 3
    for other in others:
        assert other.status == 1
        assert "a run of the engine by process " in other.text
        assert f" on {HERE}, since 20" in other.text
    assert team.ops2.fairway("unlock", STACK, "--show").good().text == "nobody holds it\n"


def test_what_a_killed_command_left_is_shown_and_taken_away_by_unlock(team: Team) -> None:
    rolling = begun(team, *ROLL, STACK, "--yes", "--host", "a11")
    ended(team, rolling, signal.SIGKILL)
    shown = team.ops2.fairway("unlock", STACK, "--show")
    still = team.mark.read_text()
    taken = team.ops2.fairway("unlock", STACK, "--yes").good()

    who = f"roll by process {rolling.pid} of ops1 on {HERE}, since "
    assert (shown.status, bool(still)) == (3, True)
    (line,) = [line for line in shown.text.splitlines() if line.startswith(f"held: {who}")]
    assert line.endswith(", which is no more")
    assert "released: a run of the engine by process" in taken.text
    assert team.mark.read_text() == ""
    assert f"held: {who}" in team.ops1.fairway("unlock", STACK, "--yes").good().text  # its record
    assert list(team.record(team.ops1).parent.glob("operation*")) == []


def test_the_hold_of_another_computer_stays_until_somebody_says_that_it_is_no_more(
    team: Team,
) -> None:
    team.mark.write_text(json.dumps(_labels(FAR)))

    refused = [team.ops2.roll("--host", "a11"), team.ops2.make("up")]
    asked = team.ops2.fairway("unlock", STACK)
    still = team.mark.read_text()
    team.ops2.fairway("unlock", STACK, "--yes").good()

    for each in refused:
        assert each.status == 1
        assert "restore by process 7 of cy on elsewhere, since 2033-05-18 03:33:20" in each.text
    assert (asked.status, bool(still)) == (1, True)
    assert "Is it no more? Take its hold away?" in asked.text
    assert team.mark.read_text() == ""
