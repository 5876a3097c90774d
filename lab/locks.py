"""Locks that hold across processes and threads, and leave no file behind when a lab is gone."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from components.errors import LabError

LOCKS = Path("/run/fairway/locks")

_POLL_SECONDS = 0.005


def path_of(lab: str, part: str = "") -> Path:
    return LOCKS / f"{lab}+{part}.lock"  # + is in no name, so no two locks share a file


@contextmanager
def hold(lab: str, part: str = "", *, deadline: float = 180) -> Iterator[None]:
    """Hold a lab's lock, or one machine's (`part`). Not reentrant.

    Raises:
        LabError: another process held it for longer than `deadline` seconds.
    """
    descriptor = _acquire(path_of(lab, part), time.monotonic() + deadline)
    try:
        yield
    finally:
        os.close(descriptor)  # closing unlocks: every holder has its own open file


def forget(lab: str) -> None:
    """Remove a lab's lock files; whoever waits on one starts again with a new file."""
    for path in LOCKS.glob(f"{lab}+*.lock"):
        path.unlink(missing_ok=True)
    for directory in (LOCKS, LOCKS.parent):
        with suppress(OSError):  # others' locks are in it
            directory.rmdir()


def _acquire(path: Path, end: float) -> int:
    while True:
        descriptor = _open(path)
        if _lock(descriptor) and _is_still(path, descriptor):
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
            return descriptor
        os.close(descriptor)
        if time.monotonic() > end:
            raise LabError(
                where=str(path),
                what="another process does not give up this lock",
                found=f"process {_holder(path)}",
                hint="look whether that process still works; ending it frees the lock",
            )
        time.sleep(_POLL_SECONDS)


def _open(path: Path) -> int:
    while True:  # the last holder of all may remove the directory at any time
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(path: Path, descriptor: int) -> bool:
    """Tell whether the locked file is still the one at `path`, not one removed meanwhile."""
    try:
        return path.stat().st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False


def _holder(path: Path) -> str:
    try:
        return path.read_text() or "unknown"
    except FileNotFoundError:
        return "unknown"
