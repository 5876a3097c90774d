"""A client that asks ten times a second, as a load balancer would on behalf of its users.

It checks every host's health, sends each request to a healthy one, and tries one other host when
a request is refused or not answered in time.
"""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

PORT = 8090
EVERY = 0.1  # seconds between two requests
CHECK_EVERY = 0.5  # seconds between two looks at a host's health
TIMEOUT = 1.0  # seconds for one try
WAITING = 32  # requests that may be under way at once
QUESTION = b"GET / HTTP/1.0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: when it was due and ended, by the monotonic clock, and what became of it."""

    due: float
    ended: float
    host: str  # that answered; empty if none did
    first: str  # that was tried first

    @property
    def good(self) -> bool:
        return bool(self.host)

    @property
    def clean(self) -> bool:
        """Whether the host that was tried first answered."""
        return self.good and self.host == self.first


@dataclass(frozen=True, slots=True)
class Result:
    """All requests of a measurement, in the order in which they were due."""

    requests: tuple[Asked, ...]

    @property
    def asked(self) -> int:
        return len(self.requests)

    @property
    def failed_first(self) -> int:
        """How many were not answered by the host that was tried first."""
        return sum(not each.clean for each in self.requests)

    @property
    def failed(self) -> int:
        """How many no host answered: what a user saw fail."""
        return sum(not each.good for each in self.requests)

    @property
    def longest_gap(self) -> float:
        """The most seconds between two good answers; between first and last request without any."""
        ends = sorted(each.ended for each in self.requests if each.good)
        if not ends:
            return self.requests[-1].ended - self.requests[0].due if self.requests else 0.0
        return max((b - a for a, b in itertools.pairwise(ends)), default=0.0)

    @property
    def by_host(self) -> dict[str, int]:
        """How many answers each host gave."""
        return dict(sorted(Counter(each.host for each in self.requests if each.good).items()))

    def since(self, moment: float) -> Result:
        """The requests that were due from `moment` on, by `time.monotonic()`."""
        return Result(tuple(each for each in self.requests if each.due >= moment))

    def trouble(self, *, first: bool = False) -> float:
        """Seconds from the first request to the end of the last that failed; 0 if none did."""
        bad = [each.ended for each in self.requests if not (each.clean if first else each.good)]
        return max(bad) - self.requests[0].due if bad else 0.0

    def told(self) -> dict[str, Any]:
        """The figures, for a file of results."""
        return {
            "asked": self.asked,
            "failed_first": self.failed_first,
            "failed": self.failed,
            "longest_gap_s": round(self.longest_gap, 2),
            "by_host": self.by_host,
        }


class Load:
    """`with Load({"a1": "10.77.0.11", ...}) as load: ...`, then `load.result`.

    `hosts` are addresses by name, or (address, port). All of them are known from the beginning,
    whether they answer yet or not. `load.so_far` may be looked at meanwhile. `patience` is how many
    seconds one try of a request may take.
    """

    def __init__(
        self,
        hosts: Mapping[str, str | tuple[str, int]],
        *,
        port: int = PORT,
        every: float = EVERY,
        patience: float = TIMEOUT,
    ) -> None:
        self._places = {
            name: (place, port) if isinstance(place, str) else place
            for name, place in hosts.items()
        }
        self._every, self._patience = every, patience
        self._healthy = {name: threading.Event() for name in self._places}
        self._turn = itertools.count()
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._requests: list[Asked] = []
        self._threads = [threading.Thread(target=self._ask_on, daemon=True)]
        self._threads += [
            threading.Thread(target=self._check_on, args=(name,), daemon=True)
            for name in self._places
        ]

    def __enter__(self) -> Self:
        for name in self._places:
            self._check(name)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    @property
    def so_far(self) -> Result:
        with self._lock:
            return Result(tuple(sorted(self._requests, key=lambda each: each.due)))

    result = so_far

    @property
    def healthy(self) -> tuple[str, ...]:
        """The hosts that answer at this moment."""
        return tuple(name for name, event in self._healthy.items() if event.is_set())

    # -- asking

    def _ask_on(self) -> None:
        with ThreadPoolExecutor(WAITING) as pool:
            due = time.monotonic()
            while not self._over.wait(max(0.0, due - time.monotonic())):
                pool.submit(self._request, due)
                due += self._every

    def _request(self, due: float) -> None:
        tries = list(itertools.islice(self._order(), 2))
        host = next((name for name in tries if self._answered(name)), "")
        with self._lock:
            self._requests.append(Asked(due, time.monotonic(), host, tries[0]))

    def _order(self) -> Iterator[str]:
        """Healthy hosts in turn, then the others, for a check may be late."""
        names = list(self._places)
        start = next(self._turn)
        healthy = [name for name in names if self._healthy[name].is_set()]
        others = [name for name in names if name not in healthy]
        for group in (healthy, others):
            yield from _turned(group, start)

    def _answered(self, name: str) -> bool:
        good = answers(*self._places[name], within=self._patience)
        if not good:
            self._healthy[name].clear()
        return good

    # -- health

    def _check_on(self, name: str) -> None:
        while not self._over.wait(CHECK_EVERY):
            self._check(name)

    def _check(self, name: str) -> None:
        event = self._healthy[name]
        (event.set if answers(*self._places[name]) else event.clear)()


def answers(address: str, port: int, within: float = TIMEOUT) -> bool:
    """Ask once, and tell whether the answer came whole and good."""
    limit = time.monotonic() + within
    told = b""
    try:
        with socket.create_connection((address, port), timeout=within) as line:
            line.sendall(QUESTION)
            while part := _received(line, limit):
                told += part
    except OSError:
        return False
    return told.partition(b"\r\n")[0].split(b" ")[1:2] == [b"200"]


def _received(line: socket.socket, limit: float) -> bytes:
    line.settimeout(max(0.001, limit - time.monotonic()))
    return line.recv(4096)


def _turned(names: Sequence[str], start: int) -> Sequence[str]:
    first = start % len(names) if names else 0
    return [*names[first:], *names[:first]]
