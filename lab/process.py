"""Processes by pid *and* start time, so that a reused pid is never taken for the old process."""

from __future__ import annotations

import os
import select
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from components.errors import FairwayError


@dataclass(frozen=True, slots=True)
class Process:
    """A process as the kernel identifies it; `started` is in clock ticks since the boot."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Process | None:
        """Give the process that has this pid now; a zombie counts as gone."""
        fields = _stat(pid)
        return cls(pid, int(fields[19])) if fields and fields[0] != "Z" else None

    def alive(self) -> bool:
        return Process.of(self.pid) == self

    def signal(self, number: signal.Signals) -> bool:
        """Send a signal to this very process; False if it is gone."""
        descriptor = self._open()
        if descriptor is None:
            return False
        try:
            signal.pidfd_send_signal(descriptor, number)
        except ProcessLookupError:
            return False
        finally:
            os.close(descriptor)
        return True

    def wait(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for its end; False if it still lives."""
        descriptor = self._open()
        if descriptor is None:
            return True
        try:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            return bool(poll.poll(timeout * 1000)) or not self.alive()
        finally:
            os.close(descriptor)

    def children(self) -> list[int]:
        """Give the pids of its children, in order of birth."""
        try:
            return [int(pid) for pid in self._children_file().read_text().split()]
        except FileNotFoundError:
            return [] if not self.alive() else self._children_by_search()

    def _children_file(self) -> Path:
        return Path(f"/proc/{self.pid}/task/{self.pid}/children")

    def _children_by_search(self) -> list[int]:
        # Kernels without CONFIG_PROC_CHILDREN have no such file.
        pids = sorted(int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
        return [pid for pid in pids if (_stat(pid) or ["", "0"])[1] == str(self.pid)]

    def _open(self) -> int | None:
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return None
        # Checked after opening: from here on the descriptor cannot mean another process.
        if self.alive():
            return descriptor
        os.close(descriptor)
        return None


def is_init_of_a_namespace(pid: int) -> bool:
    """Tell whether the process is number 1 of a pid namespace of its own."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    inner = next(
        (line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:")), []
    )
    return len(inner) > 1 and inner[-1] == "1"


def apart(work: Callable[[], None]) -> str:
    """Do the work in a forked child, whose memory goes with it; give its fault, empty if none.

    Only for processes of one thread. The child starts with no signal blocked, and writes the
    traceback of a fault that no user can mend to its standard error.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        _work_and_exit(work, writer)
    os.close(writer)
    with os.fdopen(reader, errors="replace") as told:
        fault = told.read().strip()
    _, status = os.waitpid(pid, 0)
    return fault or (f"its process ended with {status}" if status else "")


def _work_and_exit(work: Callable[[], None], writer: int) -> NoReturn:
    status = 1
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        work()
        status = 0
    except FairwayError as error:
        os.write(writer, str(error).encode())
    except BaseException as error:  # noqa: BLE001 -- whatever it is, the parent tells it
        os.write(writer, f"{type(error).__name__}: {error}".encode())
        traceback.print_exc()
    finally:
        os._exit(status)


def boot_id() -> str:
    """Give the identity of the computer's present boot; pids of another one mean nothing."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _stat(pid: int) -> list[str] | None:
    """Give the fields of /proc/PID/stat from the state on; the name before may hold blanks."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()
