"""Network namespaces: made, entered and removed by threads, never by forking.

A process with gRPC threads must not fork, so pyroute2's `NetNS` (which forks, and creates what it
was only asked to open) is not used. A thread enters the namespace, does its work with ordinary
sockets, files and children, and ends; no other thread ever notices. Measured: 3 to 15 ms.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from pyroute2 import netns

from components.errors import LabError

RUN = Path("/run/netns")
SYSCTLS = Path("/proc/sys")
_CLONE_NEWNET = 0x40000000

T = TypeVar("T")


def exists(name: str) -> bool:
    return (RUN / name).exists()


def names() -> tuple[str, ...]:
    return tuple(sorted(path.name for path in RUN.glob("*")))


def within(name: str, work: Callable[[], T]) -> T:
    """Do `work` inside a namespace and return or raise what it did.

    Raises:
        LabError: there is no such namespace.
    """

    def enter() -> T:
        netns.setns(str(RUN / name), flags=0)
        return work()

    if not exists(name):
        raise LabError(
            where=f"network namespace {name}",
            what="it does not exist",
            hint="`python -m lab restore` builds again what is recorded",
        )
    return _in_a_thread(enter)


def create(name: str) -> None:
    """Make an empty namespace; loopback is down in it. One that is there already is an error."""

    def unshare() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), name)
        netns.attach(name, threading.get_native_id())

    _in_a_thread(unshare)


def remove(name: str) -> None:
    """Remove a namespace; one that is gone already is fine, and so is one half made."""
    if not exists(name):
        return
    try:
        netns.remove(name)
    except FileNotFoundError:
        return


def set_sysctls(values: Mapping[str, str]) -> None:
    """Write kernel settings ("net/ipv4/ip_forward") of the calling thread's namespace."""
    for key, value in values.items():
        (SYSCTLS / key).write_text(value)


def _in_a_thread(work: Callable[[], T]) -> T:
    done: list[T] = []
    failed: list[BaseException] = []

    def body() -> None:
        try:
            done.append(work())
        except BaseException as error:  # noqa: BLE001 -- raised again in the caller's thread
            failed.append(error)

    thread = threading.Thread(target=body, name="namespace")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]
