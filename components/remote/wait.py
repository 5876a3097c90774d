"""Waiting that ends: every wait has a deadline and says what it waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from components.errors import DeadlineExceeded, FairwayError

T = TypeVar("T")
Report = Callable[[str], None]

SLOWEST = 5.0  # seconds between two looks, once the back-off has grown
GROWTH = 1.5
REPORT_AFTER = 5.0  # seconds of silence that a reader bears


def ignore(message: str) -> None:
    """A report that nobody reads."""


class Deadline:
    """A moment `seconds` from now, by a clock that no one sets."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._start = time.monotonic()

    @property
    def spent(self) -> float:
        return time.monotonic() - self._start

    @property
    def left(self) -> float:
        return max(0.0, self.seconds - self.spent)

    @property
    def passed(self) -> bool:
        return self.left == 0.0


class Pace:
    """Pauses that grow from `every` to five seconds and never reach past the deadline."""

    def __init__(self, deadline: Deadline, every: float) -> None:
        self._deadline = deadline
        self._pause = every

    def pause(self) -> None:
        time.sleep(min(self._pause, self._deadline.left))
        self._pause = max(self._pause, min(self._pause * GROWTH, SLOWEST))


class Progress:
    """Says what is being waited for, at most once in five seconds."""

    def __init__(self, report: Report, deadline: Deadline) -> None:
        self._report = report
        self._deadline = deadline
        self._last = 0.0

    def say(self, message: str) -> None:
        spent = self._deadline.spent
        if spent - self._last >= REPORT_AFTER:
            self._last = spent
            self._report(f"{message} ({spent:.0f} of {self._deadline.seconds:.0f} s)")


def wait_until(  # noqa: PLR0913 - each one is part of what the error must say
    what: str,
    probe: Callable[[], T | None],
    *,
    where: str,
    deadline: float,
    hint: str,
    every: float = 0.5,
    retry_on: tuple[type[FairwayError], ...] = (),
    seen: Callable[[], str] = str,
    report: Report = ignore,
) -> T:
    """Call `probe` until it returns something, at least once, for `deadline` seconds.

    Args:
        what: What is awaited, to read after "waiting for".
        probe: Returns None while it has not happened.
        where: The host or resource that the error names.
        deadline: Seconds from now.
        hint: The next step, if it does not happen.
        every: Seconds between the first two looks; grows by half each time, to five seconds.
        retry_on: Errors of `probe` that mean "not yet".
        seen: The state last met, for the error.
        report: Told every five seconds; an exception of it ends the wait.

    Raises:
        DeadlineExceeded: It did not happen in time.
    """
    limit, last = Deadline(deadline), ""
    pace, progress = Pace(limit, every), Progress(report, limit)
    while True:
        try:
            found = probe()
        except retry_on as error:
            found, last = None, str(error)
        if found is not None:
            return found
        if limit.passed:
            raise DeadlineExceeded(
                where=where,
                what=f"waited {limit.spent:.0f} s for {what}",
                found=seen() or last,
                hint=hint,
            )
        progress.say(f"{where}: waiting for {what}")
        pace.pause()
