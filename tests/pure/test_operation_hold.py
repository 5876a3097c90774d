"""Who holds a stack: the record in the checkout, and the mark in the Swarm."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from components.errors import SetupError
from components.swarm.managers import Managers
from scripts import locks, operation, workspace
from scripts.cli.unlock import unlock
from scripts.operation import Holder
from scripts.operations import mark
from tests.support.swarm_configs import Configs

FAR = Holder(what="roll", pid=1, user="ops1", host="elsewhere", since=1_700_000_000.0, token="t")


@pytest.fixture
def swarm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Configs:
    """A checkout with nothing in it, and a Swarm that stands."""
    found = Configs()

    @contextmanager
    def standing(_: str) -> Iterator[Managers]:
        yield found

    monkeypatch.setattr(workspace, "FAIRWAY", tmp_path)
    monkeypatch.setattr(mark, "_standing", standing)
    monkeypatch.setattr(locks, "release_stale", lambda _: None)
    monkeypatch.setattr(locks, "held", lambda _: [])
    return found


def dead() -> int:
    """The number of a process that is no more."""
    done = subprocess.Popen(["true"])
    done.wait()
    return done.pid


def test_an_operation_is_held_from_start_to_end_here_and_in_the_swarm(
    swarm: Configs, tmp_path: Path
) -> None:
    record = tmp_path / "prod" / "operation.json"
    with operation.operation("prod", "roll"):
        assert record.stat().st_mode & 0o777 == 0o600
        assert json.loads(record.read_text())["what"] == "roll"
        assert swarm.labels
        assert swarm.labels["fairway.what"] == "roll"
        assert swarm.labels["fairway.pid"] == str(os.getpid())
        operation.refuse_other("prod")  # the engine's runs of this process pass
        with operation.operation("prod", "restore"):
            assert swarm.labels["fairway.what"] == "roll"
        assert record.exists()
    assert not record.exists()
    assert list(record.parent.iterdir()) == []
    assert swarm.labels is None


def test_an_operation_that_fails_holds_nothing_afterwards(swarm: Configs, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), operation.operation("prod", "roll"):
        raise KeyboardInterrupt
    assert operation.recorded("prod") is None
    assert swarm.labels is None


def test_another_process_of_this_computer_is_named_with_what_it_does_and_since_when(
    swarm: Configs,
) -> None:
    held = replace(FAR, host=socket.gethostname(), pid=os.getppid(), since=2_000_000_000.0)
    operation.record("prod", held)
    for refused in (operation.refuse_other, _begin):
        with pytest.raises(SetupError) as caught:
            refused("prod")
        told = str(caught.value)
        assert f"found roll by process {held.pid} of ops1 on {held.host}, since 2033-05-18" in told
        assert f"kill -TERM {held.pid}" in told
        assert "`./fairway unlock prod`" in told
    assert swarm.asked == []
    operation.refuse_other("test")


def _begin(stack: str) -> None:
    with operation.operation(stack, "restore"):
        raise AssertionError("it began")


def test_the_hold_of_a_process_that_is_no_more_is_released(
    swarm: Configs, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = replace(FAR, host=socket.gethostname(), pid=dead())
    operation.record("prod", gone)
    swarm.labels = mark._labels(gone)
    with operation.operation("prod", "roll"):
        assert swarm.labels["fairway.pid"] == str(os.getpid())
    assert f"released: roll of process {gone.pid}" in capsys.readouterr().out


def test_another_operator_is_named_by_the_mark_and_keeps_it(swarm: Configs) -> None:
    swarm.labels = mark._labels(FAR)
    with pytest.raises(
        SetupError, match="roll by process 1 of ops1 on elsewhere, since 2023-11-14"
    ):
        _begin("prod")
    assert swarm.labels == mark._labels(FAR)
    assert operation.recorded("prod") is None


def test_a_mark_whose_answer_was_lost_on_the_way_is_known_as_our_own(swarm: Configs) -> None:
    swarm.loses = 1
    with operation.operation("prod", "roll"):
        assert swarm.asked.count("create") == 2
    assert swarm.labels is None


def test_an_old_mark_that_came_back_with_a_backup_is_removed_and_a_newer_one_stays(
    swarm: Configs,
) -> None:
    with operation.operation("prod", "restore"):
        swarm.labels = mark._labels(FAR)
    assert swarm.labels is None
    newer = mark._labels(replace(FAR, since=3_000_000_000.0))
    with operation.operation("prod", "roll"):
        swarm.labels = newer
    assert swarm.labels == newer


def test_a_swarm_that_fell_silent_keeps_no_operation_from_ending(
    swarm: Configs, capsys: pytest.CaptureFixture[str]
) -> None:
    with operation.operation("prod", "roll"):
        swarm.down = True
    assert "remove it later: ./fairway unlock prod" in capsys.readouterr().err
    assert operation.recorded("prod") is None


def test_unlock_shows_a_hold_and_takes_it_away_when_that_is_agreed(swarm: Configs) -> None:
    swarm.labels = mark._labels(FAR)
    shown = CliRunner().invoke(unlock, ["prod", "--show"])
    assert (shown.exit_code, swarm.labels is None) == (3, False)
    assert "held: roll by process 1 of ops1 on elsewhere" in shown.output
    assert CliRunner().invoke(unlock, ["prod"], input="n\n").exit_code == 1
    assert swarm.labels is not None
    assert CliRunner().invoke(unlock, ["prod", "--yes"]).exit_code == 0
    assert swarm.labels is None
    assert "nobody holds it" in CliRunner().invoke(unlock, ["prod"]).output


def test_unlock_leaves_a_process_that_is_at_work_its_hold(swarm: Configs) -> None:
    held = replace(FAR, host=socket.gethostname(), pid=os.getppid(), since=2_000_000_000.0)
    operation.record("prod", held)
    refused = CliRunner().invoke(unlock, ["prod", "--yes"])
    assert refused.exit_code == 1
    assert "its holder is at work on this computer" in refused.output
    assert operation.recorded("prod") == held
