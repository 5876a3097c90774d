"""What two runs of the tests come to together."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import tests
from scripts.tests import total

GOOD = "tests/pure/test_a.py ...\n===== 12 passed, 3 warnings in 4.00s =====\n"
BAD = "FAILED tests/lab/test_b.py - 9 passed in it\n== 1 failed, 30 passed, 2 errors in 61.0s ==\n"


def test_the_last_line_adds_what_all_runs_count() -> None:
    assert total([GOOD, GOOD], 9.0) == "===== 24 passed in 9.00s ====="
    assert total([GOOD, BAD], 9.0) == "===== 1 failed, 2 error, 42 passed in 9.00s ====="


@pytest.mark.parametrize("statuses", [(0, -9), (-9, 0), (1, 0), (0, 2)])
def test_a_run_that_was_killed_or_failed_beside_a_good_one_is_no_success(
    statuses: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter(statuses)
    monkeypatch.setattr(tests, "_start", lambda *_: None)
    monkeypatch.setattr(tests, "_end", lambda _: None)
    monkeypatch.setattr(tests, "_shown", lambda *_: next(left))
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: GOOD)
    assert tests.main([]) != 0


def test_runs_that_counted_nothing_are_told_as_such() -> None:
    assert total(["", "killed\n"], 1.0) == "===== no tests ran in 1.00s ====="
