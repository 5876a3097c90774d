"""Machines boot in waves: more at once than the cores can serve makes even the first one late."""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[str], None]

SLOTS = 2 * (os.cpu_count() or 1)


@contextmanager
def slot(report: Report, *, slots: int = SLOTS, label: str = "fairway-boot") -> Iterator[None]:
    """Hold one of the computer's places for a booting machine, waiting until one is free.

    A place is a socket name in the kernel: it is freed by the holder's end and leaves no file.
    """
    held = _take(slots, label)
    if held is None:
        report("waiting until other machines have booted")
    while held is None:
        time.sleep(0.05)
        held = _take(slots, label)
    with held:
        yield


def _take(slots: int, label: str) -> socket.socket | None:
    for number in range(slots):
        place = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            place.bind(f"\0{label}-{number}")
        except OSError as error:
            place.close()
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return place
    return None
