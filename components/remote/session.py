"""Sessions to hosts: opening one, and keeping those that are open."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, Self

from components.errors import HostUnreachable, RemoteError
from components.remote.command import Secret
from components.remote.endpoint import Endpoint, Session
from components.remote.keys import operator_keys
from components.remote.wait import Deadline, Report, ignore

if TYPE_CHECKING:
    from components.remote.ssh import SshSession

__all__ = ["Endpoint", "Opener", "Session", "Sessions", "connect"]

# What one logs in with: a private key, or several that are offered one after the other.
Keys = Secret | tuple[Secret, ...]

PATIENCE = 60.0  # seconds that a host may take until it lets us in


def connect(
    endpoint: Endpoint,
    key: Keys,
    *,
    deadline: float = PATIENCE,
    report: Report = ignore,
    through: Session | None = None,
) -> SshSession:
    """Log in to `endpoint`, through its bastion if it has one, trying for `deadline` seconds.

    `through` is an open session to that bastion, which others share and which stays open; without
    it the bastion's is opened, and closed with the session.

    Raises:
        HostKeyMismatch: At once, if another key than the pinned one is shown.
        LoginRefused: At once, if the host accepts no key of ours.
        HostUnreachable: The host did not answer in time; says what was met last.
    """
    # The SSH library is a third of a start, and most previews open no session at all.
    from components.remote.dial import open_session  # noqa: PLC0415
    from components.remote.ssh import SshSession  # noqa: PLC0415

    limit, keys = Deadline(deadline), (key,) if isinstance(key, Secret) else key
    if endpoint.via is None:
        return open_session(endpoint, keys, limit, report)
    if isinstance(through, SshSession):
        return open_session(endpoint, keys, limit, report, through=through)
    bastion = connect(endpoint.via, key, deadline=limit.left, report=report)
    try:
        session = open_session(endpoint, keys, limit, report, through=bastion)
    except BaseException:
        bastion.close()
        raise
    session.closes(bastion)
    return session


class Opener(Protocol):
    """What `connect` does, for `Sessions` to call."""

    def __call__(
        self,
        endpoint: Endpoint,
        key: Keys,
        *,
        deadline: float,
        report: Report,
        through: Session | None,
    ) -> Session: ...


class Sessions:
    """One session per endpoint, opened when first asked for, opened again when it broke.

    A bastion has one as well, which all sessions through it share. Any number of threads may use
    this and the sessions it gives.
    """

    def __init__(self, key: Keys, *, opener: Opener = connect) -> None:
        self._key = key
        self._opener = opener
        self._lock = threading.Lock()
        self._locks: dict[Endpoint, threading.Lock] = {}
        self._open: dict[Endpoint, Session] = {}
        self._refused: dict[Endpoint, RemoteError] = {}  # why the last attempt failed

    @classmethod
    def of(cls, ring: Secret) -> Self:
        """Sessions that log in with the operator's keys of this keyring."""
        return cls(operator_keys(ring))

    def to(
        self, endpoint: Endpoint, *, deadline: float = PATIENCE, report: Report = ignore
    ) -> Session:
        """The session to `endpoint`; raises as `connect` does.

        Waiting for another thread that is opening it counts: who has waited as long as it may
        gets the error that the other met, so that a silent host costs all of them one wait.
        """
        limit = Deadline(deadline)
        with self._lock:
            lock = self._locks.setdefault(endpoint, threading.Lock())
        with lock:
            session = self._open.get(endpoint)
            if session is None or not session.alive:
                session = self._fresh(endpoint, limit, report)
            return session

    def _fresh(self, endpoint: Endpoint, limit: Deadline, report: Report) -> Session:
        refused = self._refused.get(endpoint)
        if refused is not None and limit.passed:
            raise refused
        try:
            session = self._opened(endpoint, limit, report)
        except RemoteError as error:
            self._refused[endpoint] = error
            raise
        self._refused.pop(endpoint, None)
        self._keep(endpoint, session)
        return session

    def _opened(self, endpoint: Endpoint, limit: Deadline, report: Report) -> Session:
        """Open one, if there is a bastion through its shared session, opened again if it breaks."""
        while True:
            through = None
            if endpoint.via is not None:
                through = self.to(endpoint.via, deadline=limit.left, report=report)
            try:
                return self._opener(
                    endpoint, self._key, deadline=limit.left, report=report, through=through
                )
            except HostUnreachable:
                if through is None or through.alive or limit.passed:
                    raise

    def _keep(self, endpoint: Endpoint, session: Session) -> None:
        with self._lock:
            old, self._open[endpoint] = self._open.get(endpoint), session
        if old is not None:
            old.close()

    def drop(self, endpoint: Endpoint) -> None:
        """Close what is open to `endpoint`, because its machine is replaced or gone."""
        self._close(lambda kept: kept.place == endpoint.place)

    def close(self) -> None:
        self._close(lambda _: True)

    def _close(self, chosen: Callable[[Endpoint], bool]) -> None:
        with self._lock:
            closing = [self._open.pop(kept) for kept in list(self._open) if chosen(kept)]
        for session in closing:
            session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
