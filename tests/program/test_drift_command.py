"""`./fairway drift` and `roll --drifted`: what they print, how they end, which hosts they take."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from components.errors import ConfigError
from components.host.drift import Drift
from scripts.cli import drift as command
from scripts.cli import roll
from scripts.operations.drift import Looked
from scripts.operations.roll_plan import Diary

PET = Drift("container", "container pet", "redis, Up 2 hours")
KEY = Drift("key", "a key that logs in as root", "...BBBB mallory", "nothing")


def looked(
    *, silent: dict[str, str] | None = None, outdated: tuple[str, ...] = (), **found: Drift
) -> Looked:
    """Hosts a1 and a10 that were asked, with what was found on them."""
    hosts = {name: (found[name],) if name in found else () for name in ("a1", "a10")}
    for name in silent or {}:
        hosts.pop(name)
    return Looked(found=hosts, silent=silent or {}, outdated=outdated)


def run(monkeypatch: pytest.MonkeyPatch, answer: Looked, *words: str) -> tuple[int, str]:
    monkeypatch.setattr("scripts.operations.drift.drift", lambda stack, hosts: answer)
    done = CliRunner().invoke(command.drift, ["lab", *words])
    return done.exit_code, done.stdout


def test_no_drift_is_one_line_and_status_0(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, looked()) == (0, "no drift on 2 hosts\n")


def test_drift_is_a_table_with_the_next_step_and_status_3(monkeypatch: pytest.MonkeyPatch) -> None:
    status, text = run(monkeypatch, looked(a10=PET))

    assert status == 3
    assert text.splitlines() == [
        "HOST  WHAT           FOUND              PLANNED",
        "a10   container pet  redis, Up 2 hours  nothing",
        "1 of 2 hosts were changed by hand",
        "replace just these: ./fairway roll lab --drifted",
    ]


def test_a_silent_host_is_told_beside_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = {"a10": "SSH does not open"}

    status, text = run(monkeypatch, looked(silent=silent))
    assert (status, text.splitlines()[0]) == (1, "a10 does not answer: SSH does not open")
    assert run(monkeypatch, looked(silent=silent, a1=KEY))[0] == 3


def test_a_host_of_an_earlier_plan_is_named_and_is_no_drift(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    status, text = run(monkeypatch, looked(outdated=("a10",)))

    assert status == 0
    assert "not judged: a10; `./fairway roll lab` replaces them" in text


def test_a_program_gets_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    status, text = run(monkeypatch, looked(a10=KEY), "--json")

    assert status == 3
    assert json.loads(text) == {
        "drifted": ["a10"],
        "hosts": {
            "a1": [],
            "a10": [
                {
                    "kind": "key",
                    "what": "a key that logs in as root",
                    "found": "...BBBB mallory",
                    "planned": "nothing",
                }
            ],
        },
        "silent": {},
        "outdated": [],
    }


def test_a_long_cell_is_cut_for_people_only(monkeypatch: pytest.MonkeyPatch) -> None:
    long = Drift("rule", "packet rule raw: " + "x" * 100, "there")

    assert "x" * 100 not in run(monkeypatch, looked(a1=long))[1]
    assert "x" * 100 in run(monkeypatch, looked(a1=long), "--json")[1]


@pytest.fixture
def diary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Diary:
    """The diary of an interrupted roll of a10 and b10."""
    written = Diary(tmp_path / "roll.json", {"a10": "m-1", "b10": "m-2"})
    monkeypatch.setattr(Diary, "of", lambda stack: written)
    return written


def chosen(monkeypatch: pytest.MonkeyPatch, answer: Looked) -> list[str] | None:
    monkeypatch.setattr(roll, "drift", lambda stack: answer)
    return roll._asked("lab", (), every=False, drifted=True)


def test_just_the_drifted_hosts_are_rolled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Diary, "of", lambda stack: Diary(Path("none")))

    assert chosen(monkeypatch, looked(a10=PET)) == ["a10"]
    assert chosen(monkeypatch, looked()) == []


def test_an_interrupted_roll_goes_on_with_the_host_that_it_left_half_made(
    monkeypatch: pytest.MonkeyPatch, diary: Diary
) -> None:
    assert chosen(monkeypatch, looked(silent={"a10": "SSH does not open"})) == ["a10", "b10"]
    diary.machines = {"a10": "m-1"}
    assert chosen(monkeypatch, looked(a1=PET)) == ["a1"]


def test_hosts_are_named_in_one_way_only() -> None:
    for hosts, every in (((), True), (("a1",), False)):
        with pytest.raises(ConfigError, match="more than one way"):
            roll._asked("lab", hosts, every=every, drifted=True)
