"""Several runs of the tests: who runs beside whom, and what they come to together."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scripts import tests
from scripts.tests import runs, total

GOOD = "tests/pure/test_a.py ...\n===== 12 passed, 3 warnings in 4.00s =====\n"
BAD = "FAILED tests/lab/test_b.py - 9 passed in it\n== 1 failed, 30 passed, 2 errors in 61.0s ==\n"
SAYS = "import os, signal, sys; print(sys.argv[-1], 'told'); "


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five files of tests in four tiers."""
    for name in ("lab/test_a", "pure/test_b", "engine/test_c", "operate/test_d", "operate/test_e"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.py").touch()
    (tmp_path / "support").mkdir()
    monkeypatch.setattr(tests, "TESTS", tmp_path)
    return tmp_path


def runs_say(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Let this be run in pytest's place."""
    monkeypatch.setattr(tests, "_pytest", lambda _: [sys.executable, "-c", SAYS + script])


def test_the_last_line_adds_what_all_runs_count() -> None:
    assert total([GOOD, GOOD], 9.0) == "===== 24 passed in 9.00s ====="
    assert total([GOOD, BAD], 9.0) == "===== 1 failed, 2 error, 42 passed in 9.00s ====="


def test_every_tier_is_run_and_modules_that_may_run_apart_fill_up(folder: Path) -> None:
    (folder / "operate" / "test_e.py").write_text("# the longest of them\n")

    assert runs(folder) == [
        ["tests/lab"],
        ["tests/pure"],
        ["tests/operate/test_e.py"],
        ["tests/operate/test_d.py"],
        ["tests/engine/test_c.py"],
    ]


def test_the_slow_modules_are_there_and_begin_first() -> None:
    first = [words[0].rpartition("/")[2] for words in runs(tests.TESTS)[2:]][: len(tests.SLOW)]

    assert set(first) == tests.SLOW


def test_each_run_is_told_of_when_it_ends(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs_say(monkeypatch, "print('=== 2 passed in 1.00s ===')")

    assert tests.main([]) == 0

    out = capsys.readouterr().out
    assert all(f"{what} told" in out for what in ("lab", "pure", "test_d.py", "test_e.py"))
    assert out.splitlines()[-1].startswith("===== 10 passed in ")


@pytest.mark.parametrize("end", ["sys.exit(1)", "os.kill(os.getpid(), signal.SIGKILL)"])
@pytest.mark.parametrize("which", ["tests/lab", "tests/pure", "tests/operate/test_d.py"])
def test_a_run_that_was_killed_or_failed_beside_good_ones_is_no_success(
    which: str, end: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs_say(monkeypatch, f"sys.argv[-1] == {which!r} and {end}")

    assert tests.main([]) != 0


def test_what_failed_is_named_once_more_at_the_end_and_in_short(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs_say(monkeypatch, "print('FAILED tests/x.py::test_it - ' + 900 * 'e'); sys.exit(1)")

    assert tests.main([]) == 1

    *_, line, _ = capsys.readouterr().out.splitlines()
    assert line.startswith("FAILED tests/x.py::test_it - eee")
    assert len(line) == tests.LONGEST


@pytest.mark.parametrize(("ci", "good"), [("", True), ("true", False)])
def test_a_tier_that_cannot_run_here_fails_in_ci_alone(
    ci: str, good: bool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    runs_say(monkeypatch, "sys.exit(5 if sys.argv[-1] == 'tests/lab' else 0)")

    assert (tests.main([]) == 0) is good


def test_runs_that_counted_nothing_are_told_as_such() -> None:
    assert total(["", "killed\n"], 1.0) == "===== no tests ran in 1.00s ====="
