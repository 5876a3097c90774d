"""The hold of a command that runs the engine several times, from its start to its end.

The engine's own lock is taken and given back by each of its runs; between two of them this one
stands. A record in the checkout says so to commands of this computer, a mark in the Swarm
(scripts/operations/mark.py) to those of other operators.
"""

from __future__ import annotations

import getpass
import json
import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from components.errors import SetupError
from scripts import locks, workspace
from scripts.progress import already


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who does what, since when. `token` tells one operation from the next of the same process."""

    what: str
    pid: int = field(default_factory=os.getpid)
    user: str = field(default_factory=getpass.getuser)
    host: str = field(default_factory=socket.gethostname)
    since: float = field(default_factory=time.time)
    token: str = field(default_factory=lambda: secrets.token_hex(8))

    def __str__(self) -> str:
        who = f"process {self.pid} of {self.user} on {self.host}"
        return f"{self.what} by {who}, {locks.since(self.since)}"

    @property
    def here(self) -> bool:
        """Whether it is or was a process of this computer, which can be judged."""
        return self.host == socket.gethostname()

    @property
    def gone(self) -> bool:
        """Whether it is known to be no more."""
        lock = locks.Lock(
            path=Path(), pid=self.pid, user=self.user, host=self.host, taken=self.since
        )
        return self.here and not locks.alive(lock)

    @property
    def ours(self) -> bool:
        return self.here and self.pid == os.getpid()


@contextmanager
def operation(stack: str, what: str) -> Iterator[None]:
    """Hold the stack while `what` is done; the engine's runs of this process pass.

    Within another operation of this process it adds nothing.

    Raises:
        SetupError: Another operation, or a run of the engine, is at work on the stack.
    """
    known = recorded(stack)
    if known is not None and known.ours:
        yield
        return
    from scripts.operations.mark import marked  # noqa: PLC0415 - needs what `make up` may lack

    with _ends_in_order():
        holder = Holder(what=what)
        record(stack, holder)
        try:
            # The mark first: of two holds it says more than the engine's lock of one run.
            with marked(stack, holder):
                locks.release_stale(stack)
                yield
        finally:
            release(stack, holder)


def refuse_other(stack: str) -> None:
    """Let a single run of the engine pass where no other process holds the stack.

    Raises:
        SetupError: One does; it says who, what and since when.
    """
    known = recorded(stack)
    if known is None or known.ours:
        return
    if not known.gone:
        raise held_by(stack, known)
    release(stack, known)
    already("operation", f"released: {known.what} of process {known.pid}, which is no more")


def recorded(stack: str) -> Holder | None:
    """Who holds the stack, as this checkout knows; None if nobody does."""
    try:
        return Holder(**json.loads(_file(stack).read_text()))
    except FileNotFoundError:
        return None


def record(stack: str, holder: Holder) -> None:
    """Note the holder, for the owner alone to read; only one of several that try at once can.

    Raises:
        SetupError: Another operation holds the stack.
    """
    refuse_other(stack)
    file = _file(stack)
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"operation-{holder.token}.json")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(asdict(holder), out)
    try:
        os.link(fresh, file)
    except FileExistsError:
        raise held_by(stack, recorded(stack) or holder) from None
    finally:
        fresh.unlink()


def release(stack: str, holder: Holder) -> None:
    """Forget the holder, if it is still the one that is noted."""
    known = recorded(stack)
    if known is not None and known.token == holder.token:
        _file(stack).unlink(missing_ok=True)


def held_by(stack: str, holder: Holder) -> SetupError:
    stop = f", or interrupt it (kill -TERM {holder.pid})" if holder.here else ""
    return SetupError(
        where=f"stack {stack}",
        what="another operation is under way",
        found=str(holder),
        hint=f"wait for it{stop}; if it is no more, `./fairway unlock {stack}` shows it and lets"
        " you remove its hold",
    )


def _file(stack: str) -> Path:
    return workspace.FAIRWAY / stack / "operation.json"


@contextmanager
def _ends_in_order() -> Iterator[None]:
    """Let SIGTERM end this process as an exception does, so that nothing stays held."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
