"""What is left of a machine whose record or keeper is gone, and how it is ended and removed."""

from __future__ import annotations

import importlib
import signal
import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from lab import cgroup, keeper, names, nspawn
from lab.place import GRACE, Place, Record
from lab.process import Process

PROPAGATE = Path("/run/systemd/nspawn/propagate")


def end_orphan(place: Place, record: Record, how: signal.Signals) -> None:
    """End a machine whose keeper is gone."""
    if record.nspawn is None or not record.nspawn.alive():
        return
    if how == keeper.STOP:
        record.nspawn.signal(signal.SIGTERM)
        if record.nspawn.wait(grace_of(place)):
            return
    keeper.cut_power(place, record)
    record.nspawn.wait(10)


def seen(place: Place) -> Record:
    """Give the record, filled up from what runs: a record may be lost, a process is not."""
    record = place.record()
    if record.nspawn and record.nspawn.alive():
        return record
    main = roots_of_machines().get(str(place.root))
    init = next((pid for pid in main.children()), None) if main else None
    return replace(record, nspawn=main, init=Process.of(init) if init else None)


def roots_of_machines() -> dict[str, Process]:
    found: dict[str, Process] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            process = Process.of(int(entry.name))
            if process and words[0] == "systemd-nspawn":
                root = next((w for w in words if w.startswith("--directory=")), "=")
                found[root.partition("=")[2]] = process
    return found


def grace_of(place: Place) -> float:
    """Give the seconds that a clean stop of the machine may take."""
    spec = place.spec()
    return spec.grace if spec else GRACE


def tidy(place: Place) -> None:
    """Remove what an ended machine left behind, but for its disk and its network."""
    place.unmount()
    if cgroup.uses_units():
        unit = names.unit(place.lab, place.name)
        subprocess.run(["systemctl", "stop", unit], capture_output=True, check=False)
    else:
        cgroup.leave_nothing(cgroup.plain_home(place.lab, place.name))
    with suppress(OSError):
        (PROPAGATE / nspawn.label(place.lab, place.name)).rmdir()


def unwire(place: Place) -> None:
    """Remove the machine's network. A start makes its own anew, so only an end needs this."""
    spec = place.spec()
    wiring = importlib.import_module(spec.wiring if spec else "lab.netns")
    wiring.detach(place.lab, place.name)
