"""The engine's locks in a state backend of files: whose they are, and those of dead processes."""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlparse

from components.errors import SetupError
from scripts import workspace
from scripts.progress import already, span

PROJECT = "fairway"  # as Pulumi.yaml names it
TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """One lock of a stack, as the engine wrote it."""

    path: Path
    pid: int
    user: str
    host: str
    taken: float  # seconds since the epoch

    def __str__(self) -> str:
        who = f"process {self.pid} of {self.user} on {self.host}"
        return f"a run of the engine by {who}, {since(self.taken)}"

    @property
    def here(self) -> bool:
        """Whether a process of this computer took it, which can be judged."""
        return self.host == socket.gethostname()

    @property
    def gone(self) -> bool:
        """Whether its process is known to be no more."""
        return self.here and not alive(self)


def since(moment: float) -> str:
    """When something began, and how long ago that is."""
    began = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(moment))
    return f"since {began} ({span(max(0.0, time.time() - moment))})"


def release_stale(stack: str) -> None:
    """Remove the locks of processes that are no more; other backends' are the engine's to judge.

    Raises:
        SetupError: Another run is at work, or a lock of another computer's was left behind.
    """
    for lock in held(stack):
        if not lock.gone:
            raise at_work(stack, lock)
        lock.path.unlink(missing_ok=True)
        lock.path.with_name(f"{lock.path.name}.attrs").unlink(missing_ok=True)
        already("lock", f"released: {lock}, which is no more")


def at_work(stack: str, lock: Lock) -> SetupError:
    """What is told where a run holds the stack."""
    cancel = f"run `pulumi cancel --yes --stack {stack}`"
    if lock.here:
        another = "" if _told_apart() else f"; if process {lock.pid} is another by now, {cancel}"
        hint = f"wait for it, or interrupt it (kill -INT {lock.pid}){another}"
    else:
        hint = f"wait for it; if it is no more, {cancel}"
    return SetupError(
        where=f"stack {stack}", what="another run is at work on it", found=str(lock), hint=hint
    )


def held(stack: str) -> list[Lock]:
    """The locks of a stack in the local backend; none where the backend is another."""
    backend = urlparse(workspace.full_environment().get("PULUMI_BACKEND_URL", ""))
    if backend.scheme != "file":
        return []
    folder = Path(backend.path) / ".pulumi" / "locks"
    return [_read(path) for path in sorted(folder.glob(f"*/{PROJECT}/{stack}/*.json"))]


def _read(path: Path) -> Lock:
    told = json.loads(path.read_text())
    return Lock(
        path=path,
        pid=told["pid"],
        user=told["username"],
        host=told["hostname"],
        taken=datetime.fromisoformat(told["timestamp"]).timestamp(),
    )


def alive(lock: Lock) -> bool:
    """Whether the process that took the lock still runs, and is no later one with its number.

    Where there is no /proc, as on a Mac, a later one cannot be told from it and counts as alive.
    """
    if not _told_apart():
        return _answers(lock.pid)
    began = started(lock.pid)
    return began is not None and began <= lock.taken + 1


def _told_apart() -> bool:
    return (PROC / "self" / "stat").exists()


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def started(pid: int) -> float | None:
    """When a process of this computer started, in seconds since the epoch; None if it is gone."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    if fields[0] == "Z":
        return None
    since_boot = int(fields[19]) / TICKS  # field 22 of proc_pid_stat(5)
    return time.time() - float((PROC / "uptime").read_text().split()[0]) + since_boot
