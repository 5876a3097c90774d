"""Do something on many hosts at once; a host that fails is an answer, never the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from components.errors import RemoteError
from components.remote.command import Command, Result
from components.remote.endpoint import Session
from components.remote.wait import Deadline
from components.verify.model import Opens, Target

K = TypeVar("K")
R = TypeVar("R")
AT_ONCE = 64
CONNECT = 15.0  # seconds; a host that is up answers in well under one
LONGEST = 200  # characters of an error that are shown as evidence
TIDY = 30.0  # seconds that removing the probes may take after the deadline has passed


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """The hosts by name, the sessions to them, and the moment by which all must be done."""

    hosts: Mapping[str, Target]
    sessions: Opens
    deadline: Deadline

    def session(self, name: str) -> Session:
        """Open a session, or give the one that is kept."""
        limit = min(CONNECT, max(self.deadline.left, 1.0))
        return self.sessions.to(self.hosts[name].endpoint, deadline=limit)

    def shell(
        self,
        name: str,
        script: str,
        *arguments: str,
        stdin: bytes | None = None,
        timeout: float,
        ok: tuple[int, ...] = (0,),
    ) -> Result:
        """Run a shell text on one host, for at most `timeout` seconds or what is left of all."""
        command = Command.of("sh", "-c", script, "sh", *arguments)
        limit = min(timeout, max(self.deadline.left, 1.0))
        return self.session(name).run(command, input=stdin, timeout=limit, ok=ok)


def brief(error: RemoteError) -> str:
    """Say what was met in one line; the command that failed may be a page of shell text."""
    line = " ".join((error.found or error.what).split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}..."


def at_once(keys: Iterable[K], work: Callable[[K], R]) -> dict[K, R | RemoteError]:
    """Call `work` for all keys in parallel and give each one's result, or its RemoteError."""
    ordered = list(keys)

    def guarded(key: K) -> R | RemoteError:
        try:
            return work(key)
        except RemoteError as error:
            return error

    with ThreadPoolExecutor(max_workers=max(1, min(AT_ONCE, len(ordered)))) as pool:
        return dict(zip(ordered, pool.map(guarded, ordered), strict=True))


def succeeded(results: Mapping[K, R | RemoteError]) -> dict[K, R]:
    """Keep what worked."""
    return {key: value for key, value in results.items() if not isinstance(value, RemoteError)}


def failed(results: Mapping[K, R | RemoteError]) -> dict[K, RemoteError]:
    """Keep what did not, with the reason."""
    return {key: value for key, value in results.items() if isinstance(value, RemoteError)}
