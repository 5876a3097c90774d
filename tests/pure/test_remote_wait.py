"""Waits end, and say what they waited for."""

from __future__ import annotations

import itertools
import time

import pytest

from components.errors import CommandFailed, DeadlineExceeded, HostUnreachable
from components.remote.wait import Deadline, wait_until


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.sleeps: list[float] = []
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(time, "sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_what_is_there_already_is_returned_without_a_pause(clock: Clock) -> None:
    assert wait_until("x", lambda: 0, where="a1", deadline=0, hint="look") == 0
    assert clock.sleeps == []


def test_what_comes_later_is_waited_for(clock: Clock) -> None:
    looks = iter([None, None, "up"])
    assert wait_until("x", lambda: next(looks), where="a1", deadline=60, hint="look") == "up"
    assert clock.sleeps == [0.5, 0.75]


def test_the_error_says_where_how_long_for_what_what_was_seen_and_what_to_do(clock: Clock) -> None:
    with pytest.raises(DeadlineExceeded) as caught:
        wait_until(
            "docker to answer",
            lambda: None,
            where="a1",
            deadline=30,
            hint="read its journal",
            seen=lambda: "inactive",
        )
    text = "a1: waited 30 s for docker to answer: found inactive; read its journal"
    assert str(caught.value) == text


def test_pauses_grow_to_five_seconds_and_the_last_ends_with_the_deadline(clock: Clock) -> None:
    with pytest.raises(DeadlineExceeded):
        wait_until("x", lambda: None, where="a1", deadline=60, hint="look")
    assert clock.now == pytest.approx(160)
    assert max(clock.sleeps) == 5
    assert all(a <= b for a, b in itertools.pairwise(clock.sleeps[:-1]))


def test_a_pause_longer_than_five_seconds_stays_as_asked(clock: Clock) -> None:
    with pytest.raises(DeadlineExceeded):
        wait_until("x", lambda: None, where="a1", deadline=30, hint="look", every=10)
    assert clock.sleeps == [10, 10, 10]


def test_there_is_a_last_look_when_the_deadline_has_come(clock: Clock) -> None:
    def probe() -> str | None:
        return "just in time" if clock.now >= 110 else None

    assert wait_until("x", probe, where="a1", deadline=10, hint="look") == "just in time"


def test_an_error_that_means_not_yet_is_shown_at_the_end(clock: Clock) -> None:
    def probe() -> None:
        raise HostUnreachable(where="a1", what="no route", hint="look")

    with pytest.raises(DeadlineExceeded, match="no route"):
        wait_until("x", probe, where="a1", deadline=3, hint="look", retry_on=(HostUnreachable,))


def test_any_other_error_ends_the_wait_at_once(clock: Clock) -> None:
    def probe() -> None:
        raise CommandFailed(where="a1", what="broken", hint="look")

    with pytest.raises(CommandFailed):
        wait_until("x", probe, where="a1", deadline=9, hint="look", retry_on=(HostUnreachable,))
    assert clock.sleeps == []


def test_a_reader_hears_at_most_every_five_seconds_what_is_waited_for(clock: Clock) -> None:
    said: list[str] = []
    with pytest.raises(DeadlineExceeded):
        wait_until(
            "docker", lambda: None, where="a1", deadline=21, hint="h", every=1, report=said.append
        )
    assert said[0].startswith("a1: waiting for docker (")
    assert 2 <= len(said) <= 4


def test_a_report_that_raises_ends_the_wait(clock: Clock) -> None:
    def cancelled(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        wait_until("x", lambda: None, where="a1", deadline=600, hint="h", report=cancelled)
    assert clock.now < 120


def test_a_deadline_counts_down_to_zero_and_not_below(clock: Clock) -> None:
    limit = Deadline(10)
    clock.now += 4
    assert (limit.spent, limit.left, limit.passed) == (4, 6, False)
    clock.now += 20
    assert (limit.left, limit.passed) == (0, True)
