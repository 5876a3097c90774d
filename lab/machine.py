"""Machines: start, stop, cut the power, destroy, and tell how they are.

Every function may be called again, from any process, whatever an earlier call left half done.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from components.errors import LabConflict, LabError
from lab import cgroup, keeper, locks, waves
from lab.image import ensure_image
from lab.launch import launch, no_boot, wait_for_init
from lab.place import LABS, MachineSpec, Place, Record
from lab.process import Process
from lab.remains import end_orphan, grace_of, roots_of_machines, seen, tidy, unwire

Report = Callable[[str], None]
State = Literal["absent", "stopped", "starting", "running"]

BOOT_LIMIT = 60.0  # seconds until Docker answers; then others may boot, and this one may go on
TIDY_LIMIT = 60.0  # seconds that a keeper may need after its machine's end


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineStatus:
    """How a machine is now. `init` is its first process; `docker` tells whether dockerd answers.

    `boots` counts since the last start; `exit` is the status it ended with, `fault` why it is down.
    """

    lab: str
    name: str
    id: str
    state: State
    init: Process | None = None
    docker: bool = False
    boots: int = 0
    exit: int | None = None
    fault: str = ""


def start(spec: MachineSpec, *, report: Report = lambda _: None) -> MachineStatus:
    """Boot the machine, or find it running, and wait until Docker in it answers.

    A machine whose Docker does not answer within a minute is given back as it is. Raises LabError
    when it does not boot, LabConflict when another machine holds its name.
    """
    image = ensure_image(spec.image, report=lambda news: report(f"machine image {news}"))
    place = Place(spec.lab, spec.name)
    if _already(place, spec):
        return _when_booted(place, report)
    with waves.slot(report):
        with locks.hold(spec.lab, f"{spec.name}+keeper"):
            if not _already(place, spec):
                report("booting")
                tidy(place)
                place.prepare(spec, image)
                launch(place, spec)
                wait_for_init(place)
        return _when_booted(place, report)


def start_again(lab: str, name: str, *, report: Report = lambda _: None) -> MachineStatus:
    """Boot a stopped machine as it was last asked for. Raises LabError if there is none."""
    spec = Place(lab, name).spec()
    if spec is None:
        raise LabError(
            where=f"machine {name} of lab {lab}",
            what="it does not exist",
            hint="see `python -m lab status` for those that do",
        )
    return start(spec, report=report)


def stop(lab: str, name: str) -> MachineStatus:
    """Shut the machine down cleanly, within 30 seconds or else hard. Nothing but its disk stays."""
    return _end(Place(lab, name), keeper.STOP)


def kill(lab: str, name: str) -> MachineStatus:
    """Cut the machine's power: from now on it is silent. Nothing but its disk stays."""
    return _end(Place(lab, name), keeper.CUT)


def destroy(lab: str, name: str) -> None:
    """Remove the machine with its disk; a missing one is fine."""
    place = Place(lab, name)
    kill(lab, name)
    with locks.hold(lab, f"{name}+keeper"):
        place.remove()


def status(lab: str, name: str) -> MachineStatus:
    """Tell how the machine is now, from its processes."""
    place = Place(lab, name)
    spec, record = place.spec(), place.record()
    init = record.init if record.init and record.init.alive() else None
    return MachineStatus(
        lab=lab,
        name=name,
        id=spec.id if spec else "",
        state=_state(place, record, init),
        init=init,
        docker=init is not None and docker_answers(init),
        boots=record.boots,
        exit=record.exit,
        fault=record.fault,
    )


def present(lab: str) -> list[str]:
    """Name the lab's machines, also those of which only a mount, a process or a cgroup is left."""
    directory = LABS / lab / "machines"
    found = {path.name for path in directory.glob("*")}
    label = f" - overlay fairway:{lab}:"
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    found |= {line.split(label)[1].split()[0] for line in mounts if label in line}
    if not cgroup.uses_units():
        trees = [tree / "fairway" / lab for tree in cgroup.trees()]
        found |= {path.name for tree in trees for path in tree.glob("*") if path.is_dir()}
    found |= {
        Path(root).parent.name for root in roots_of_machines() if root.startswith(f"{directory}/")
    }
    return sorted(found)


def shell_command(lab: str, name: str, *words: str) -> list[str]:
    """Give the words that run a command, or a login shell, inside the running machine."""
    now = status(lab, name)
    if now.init is None:
        raise LabError(
            where=f"machine {name} of lab {lab}",
            what="it is not running",
            found=now.state,
            hint="start it: python -m lab restore",
        )
    inside = [
        "nsenter",
        f"--target={now.init.pid}",
        "--all",
        "--root",
        "--",
    ]
    clean = [
        "env",
        "-i",
        "--chdir=/root",
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME=/root",
        "LANG=C.UTF-8",
    ]
    terminal = [f"TERM={os.environ.get('TERM', 'dumb')}"]
    return [*inside, *clean, *terminal, *(words or ("/bin/bash", "--login"))]


def docker_answers(init: Process) -> bool:
    """Ask the machine's dockerd for a ping, without causing a start of it."""
    run = Path(f"/proc/{init.pid}/root/run")
    # The socket is there before dockerd, and connecting to it would start dockerd too early.
    if not (run / "docker.pid").exists():
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(0.5)
        try:
            asking.connect(str(run / "docker.sock"))
            asking.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 " in asking.recv(64)
        except OSError:
            return False


def _already(place: Place, spec: MachineSpec) -> bool:
    """Tell whether this very machine runs. Raises LabConflict for another one of its name."""
    held = place.spec()
    if held and held.id != spec.id:
        raise LabConflict(
            where=f"machine {spec.name} of lab {spec.lab}",
            what="another machine holds this name",
            found=held.id,
            wanted=spec.id,
            hint="destroy that one first",
        )
    return bool(held) and _kept(seen(place))


def _kept(record: Record) -> bool:
    """Tell whether a machine goes on; without its keeper it does, unless systemd ends both."""
    if record.keeper and record.keeper.alive():
        return True
    return bool(record.nspawn and record.nspawn.alive()) and not cgroup.uses_units()


def _state(place: Place, record: Record, init: Process | None) -> State:
    if init is not None:
        return "running"
    if any(process and process.alive() for process in (record.keeper, record.nspawn)):
        return "starting"
    return "stopped" if place.path.exists() else "absent"


def _when_booted(place: Place, report: Report) -> MachineStatus:
    deadline = time.monotonic() + BOOT_LIMIT
    while time.monotonic() < deadline:
        now = status(place.lab, place.name)
        if now.docker:
            report("Docker answers")
            return now
        if now.state not in ("starting", "running"):
            raise no_boot(place, now.fault or f"it ended with status {now.exit}")
        time.sleep(0.05)
    report(f"Docker does not answer after {BOOT_LIMIT:.0f} s")
    return status(place.lab, place.name)


def _end(place: Place, how: signal.Signals) -> MachineStatus:
    with locks.hold(place.lab, f"{place.name}+keeper"):
        record = seen(place)
        if record.keeper and record.keeper.signal(how):
            record.keeper.wait(grace_of(place) + TIDY_LIMIT)
        end_orphan(place, seen(place), how)
        tidy(place)
        unwire(place)
    return status(place.lab, place.name)
