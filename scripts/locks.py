"""Locks that a dead process of this computer left in the local state backend."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """One lock of a stack, as the engine wrote it."""

    path: Path
    pid: int
    user: str
    host: str
    taken: float  # seconds since the epoch

    def __str__(self) -> str:
        held = span(max(0.0, time.time() - self.taken))
        return f"process {self.pid} of {self.user} on {self.host}, for {held}"


def release_stale(stack: str) -> None:
    """Remove the locks of processes that are no more; a SetupError names one that lives.

    Only a lock taken on this computer can be judged; others, and other backends, are the engine's.
    """
    for lock in held(stack):
        if lock.host != socket.gethostname():
            continue
        if alive(lock):
            raise SetupError(
                where=f"stack {stack}",
                what="another run is at work on it",
                found=str(lock),
                hint=f"wait for it, or interrupt it (kill -INT {lock.pid})",
            )
        lock.path.unlink(missing_ok=True)
        lock.path.with_name(f"{lock.path.name}.attrs").unlink(missing_ok=True)
        already("lock", f"released: held by {lock}, which is no more")


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
    """Whether the process that took the lock still runs, and is no later one with its number."""
    began = started(lock.pid)
    return began is not None and began <= lock.taken + 1


def started(pid: int) -> float | None:
    """When a process of this computer started, in seconds since the epoch; None if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    if fields[0] == "Z":
        return None
    since_boot = int(fields[19]) / TICKS  # field 22 of proc_pid_stat(5)
    return time.time() - float(Path("/proc/uptime").read_text().split()[0]) + since_boot
