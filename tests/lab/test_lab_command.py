from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator

import pytest

import lab.lab
from lab.__main__ import main
from tests.support.bare_lab import Town, town

LAB = "t2k"
HERE = ("--lab", LAB)


@pytest.fixture
def standing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    with town(LAB, "a1", "b1") as made:
        monkeypatch.setattr(lab.lab, "real_machines", made.machines)
        yield made


def test_status_draws_machines_with_their_containers_and_tables_with_their_quota(
    standing: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", *HERE]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"lab {LAB}: VPC 10.92.0.0/17, containers 10.222.0.0/17")
    assert next(line for line in lines if line.startswith("b1")).split() == [
        *("b1", "b", "running", "10.92.2.11", "10.222.11.0/24", "off", "open", "0")
    ]
    assert "a      2 of 50  -" in lines


def test_status_is_three_and_says_why_when_something_is_wrong(
    standing: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    standing.lab.fail_zone("b")
    assert main(["status", *HERE]) == 3
    out = capsys.readouterr().out
    assert "zone b was made to fail" in out
    assert "10.222.11.0/24 blackhole" in out


def test_a_reader_that_has_enough_ends_it_without_a_word(
    standing: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "w") as nobody, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", nobody)
        assert main(["status", *HERE]) == 0
    assert capsys.readouterr().err == ""


def test_status_for_programs_holds_no_user_data(
    standing: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    standing.add("c1", user_data="#cloud-config\nssh_keys: secret\n")
    assert main(["status", "--json", *HERE]) == 0
    out = capsys.readouterr().out
    (seen,) = json.loads(out)
    assert seen["sound"]
    assert [machine["name"] for machine in seen["machines"]] == ["a1", "b1", "c1"]
    assert seen["tables"]["a"][0]["machine"] == "a1"
    assert "secret" not in out


def test_a_failed_machine_comes_back_by_name_and_a_failed_zone_with_all(standing: Town) -> None:
    assert main(["fail", "machine", "a1", *HERE]) == 0
    assert main([*HERE, "fail", "zone", "b"]) == 0
    assert main(["status", *HERE]) == 3
    assert main(["restore", "machine", "a1", *HERE]) == 0
    assert main(["status", *HERE]) == 3
    assert main(["restore", *HERE]) == 0
    assert main(["status", *HERE]) == 0


def test_an_error_is_one_line_with_the_next_step_and_status_one(
    standing: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fail", "zone", "q", *HERE]) == 1
    assert capsys.readouterr().err == (
        f"error: lab {LAB}: there is no zone 'q': found a, b, c; see `python -m lab status`\n"
    )


def test_restore_zone_without_a_name_says_so(
    standing: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["restore", "zone", *HERE]) == 1
    assert "python -m lab restore zone NAME" in capsys.readouterr().err


def test_down_removes_the_lab_and_down_again_is_fine(
    standing: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["down", *HERE]) == 0
    assert f"lab {LAB} is gone" in capsys.readouterr().out
    assert main(["down", *HERE]) == 0
    assert main(["status", *HERE]) == 0
    assert f"lab {LAB}: nothing is there" in capsys.readouterr().out


def test_broken_records_name_the_sweep_and_the_sweep_works(
    standing: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    standing.lab._store.path.write_text("{")
    assert main(["status", *HERE]) == 1
    assert f"python -m lab sweep --lab {LAB}" in capsys.readouterr().err
    assert main(["sweep", *HERE]) == 0
    out = capsys.readouterr().out
    assert f"removed namespace fw-{LAB}-router" in out
    assert main(["sweep", *HERE]) == 0
    assert capsys.readouterr().out == "nothing was left\n"


@pytest.mark.parametrize("words", [[], ["fail"], ["fail", "planet", "x"], ["nonsense"]])
def test_wrong_words_are_status_two(words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2


def test_help_shows_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    out = capsys.readouterr().out
    for command in ("status", "fail", "restore", "shell", "down", "sweep"):
        assert f"python -m lab {command}" in out
