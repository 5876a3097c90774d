"""The program's life ends with the engine's, also when the engine is killed and can say nothing."""

from __future__ import annotations

import os
import select
import signal
import sys
from pathlib import Path
from threading import Thread


def end_with_the_engine() -> None:
    """End this program and its language host when the engine that started them is gone.

    The engine starts the language host, which starts this program; neither of them notices a
    killed engine, and both would stay for ever. Only Linux tells a process of another's end.
    """
    if sys.platform != "linux":
        return
    host = os.getppid()
    try:
        engine = os.pidfd_open(_parent_of(host))
    except OSError:
        return  # not started by an engine, or it is gone already
    Thread(target=_watch, args=(engine, host), daemon=True).start()


def _watch(engine: int, host: int) -> None:
    select.select([engine], [], [])
    if os.getppid() == host:  # else it has ended, and its number may be another's by now
        os.kill(host, signal.SIGKILL)
    os._exit(1)


def _parent_of(pid: int) -> int:
    """Read field 4 of /proc/PID/stat (proc(5)); the name before it may hold spaces."""
    text = Path(f"/proc/{pid}/stat").read_text()
    return int(text.rpartition(")")[2].split()[1])
