"""Starting a keeper, away from whoever asks for it, and waiting for its machine's init."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from components.errors import LabError
from lab import cgroup, keeper, names, nspawn
from lab.place import MachineSpec, Place

PROJECT = Path(__file__).parents[1]
START_LIMIT = 120.0  # seconds until the machine's init runs


def launch(place: Place, spec: MachineSpec) -> None:
    place.forget()
    place.keeper_log.unlink(missing_ok=True)
    words = nspawn.keeper(place.path)
    if cgroup.uses_units():
        words = nspawn.in_unit(
            names.unit(spec.lab, spec.name),
            words,
            project=PROJECT,
            log=place.keeper_log,
            memory=spec.memory or keeper.half_of_memory(),
            pids=spec.pids,
        )
    else:
        words = nspawn.detached(words)
    # Nothing of the caller's environment: it may hold a passphrase, and the machine lives long.
    environment = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(PROJECT)}
    with place.keeper_log.open("w") as log:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=environment,
            check=False,
        )
    if done.returncode:
        raise no_boot(place, f"{words[0]} ended with status {done.returncode}")


def wait_for_init(place: Place) -> None:
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline:
        record = place.record()
        if record.init:
            return
        if record.fault:
            raise no_boot(place, record.fault)
        if record.keeper and not record.keeper.alive():
            raise no_boot(place, f"it ended with status {record.exit}")
        time.sleep(0.02)
    raise no_boot(place, f"its init did not run within {START_LIMIT:.0f} s")


def no_boot(place: Place, found: str) -> LabError:
    said = place.last_words()
    return LabError(
        where=f"machine {place.name} of lab {place.lab}",
        what="it did not boot" + (f"; its last words were\n    {said}\n   " if said else ""),
        found=found,
        hint=f"see {place.console} and {place.keeper_log}",
    )
