"""A machine's directory: what was asked for, what is known of it, and its disk.

<labs>/<lab>/machines/<name>/
    spec.json    what was asked for (0600: the user data holds a private key)
    state.json   what the keeper last saw
    image        link to the image that the disk stands on
    upper work   the disk: what differs from the image
    root         where image and disk are mounted as one while the machine runs
    data/        directories of the machine that need a real disk below them
    console.log keeper.log
<labs>/<lab>/backups  shared by the lab's machines, and gone with the lab
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass, fields
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any

from components.errors import LabError
from lab import names, seed
from lab.process import Process, boot_id

LABS = Path("/var/lib/fairway/labs")
MOUNTS = Path("/proc/self/mountinfo")
GRACE = 30.0  # seconds; Swarm gives its tasks ten, and a loaded computer takes longer
DATA = ("/var/lib/docker", "/var/lib/fairway")
BACKUPS = "/var/lib/fairway/backups"  # in every machine the same directory, the lab's own


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineSpec:
    """A machine that should run.

    `image` is a Debian release. `nameservers` None means: whichever of the computer's answer.
    `wiring` names the module whose `attach(lab, name)` makes the machine's network namespace and
    whose `detach(lab, name)` removes it. `memory` is a limit in bytes, None half of the computer's.
    Docker's overlays do not work on the machine's root, so the paths of `data` get a real disk.
    `grace` is how many seconds a clean stop may take.
    """

    lab: str
    name: str
    id: str
    image: str
    address: IPv4Interface
    gateway: IPv4Address
    user_data: str
    nameservers: tuple[IPv4Address, ...] | None = None
    wiring: str = "lab.netns"
    memory: int | None = None
    pids: int = 16384
    data: tuple[str, ...] = DATA
    grace: float = GRACE

    def __repr__(self) -> str:
        return f"MachineSpec(lab={self.lab!r}, name={self.name!r}, id={self.id!r})"


def dump_spec(spec: MachineSpec) -> str:
    """Give the spec as JSON."""
    values = {field.name: getattr(spec, field.name) for field in fields(spec)}
    return json.dumps(values, default=str, indent=1)


def load_spec(text: str) -> MachineSpec:
    """Read what `dump_spec` wrote."""
    values: dict[str, Any] = json.loads(text)
    servers = values["nameservers"]
    values |= {
        "address": IPv4Interface(values["address"]),
        "gateway": IPv4Address(values["gateway"]),
        "nameservers": None if servers is None else tuple(map(IPv4Address, servers)),
        "data": tuple(values["data"]),
    }
    return MachineSpec(**values)


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What is known of a machine's processes; those of another boot of the computer are gone.

    `exit` is nspawn's status, None while it runs. `fault` says why the machine is not there.
    `homes` are its cgroups.
    """

    keeper: Process | None = None
    nspawn: Process | None = None
    init: Process | None = None
    boots: int = 0
    exit: int | None = None
    fault: str = ""
    homes: tuple[str, ...] = ()


class Place:
    """The directory of one machine."""

    def __init__(self, lab: str, name: str, labs: Path = LABS) -> None:
        self.lab = lab
        self.name = name
        self.path = labs / lab / "machines" / name
        self.root = self.path / "root"
        self.image = self.path / "image"
        self.console = self.path / "console.log"
        self.keeper_log = self.path / "keeper.log"
        self.backups = labs / lab / "backups"
        self.netns = names.namespace(lab, name)

    @classmethod
    def at(cls, path: Path) -> Place:
        """Give the place whose directory this is."""
        return cls(path.parents[1].name, path.name, path.parents[2])

    def prepare(self, spec: MachineSpec, image: Path) -> None:
        """Make the directories and write down what is wanted; the image of a disk never changes."""
        self.path.mkdir(parents=True, exist_ok=True)
        for private in (self.path, self.path.parent):
            private.chmod(0o700)
        refuse_unusable_disk(self.path, filesystem_of(self.path, MOUNTS.read_text()))
        for directory in (self.root, self.path / "upper", self.path / "work"):
            directory.mkdir(exist_ok=True)
        for inside in spec.data:
            self.data(inside).mkdir(parents=True, exist_ok=True)
        self.backups.mkdir(mode=0o700, exist_ok=True)
        if not self.image.is_symlink():
            self.image.symlink_to(image)
        seed.write_private(self.path / "spec.json", dump_spec(spec))

    def data(self, inside: str) -> Path:
        """Give the directory on the real disk that appears as `inside` in the machine."""
        return self.path / "data" / inside.strip("/").replace("/", "-")

    def spec(self) -> MachineSpec | None:
        try:
            return load_spec((self.path / "spec.json").read_text())
        except FileNotFoundError:
            return None

    def record(self) -> Record:
        try:
            values = json.loads((self.path / "state.json").read_text())
        except FileNotFoundError:
            return Record()
        processes = ("keeper", "nspawn", "init")
        same_boot = values.pop("boot_id") == boot_id()
        for key in processes:
            values[key] = Process(**values[key]) if values[key] and same_boot else None
        return Record(**values | {"homes": tuple(values["homes"]) if same_boot else ()})

    def write(self, record: Record) -> None:
        """Replace the record at once: a reader sees the old one or the new."""
        values: dict[str, Any] = {f.name: getattr(record, f.name) for f in fields(record)}
        for key, value in values.items():
            if isinstance(value, Process):
                values[key] = {"pid": value.pid, "started": value.started}
        text = json.dumps(values | {"boot_id": boot_id()}, indent=1)
        seed.write_private(self.path / "state.json", text)

    def forget(self) -> None:
        """Drop the record, so that the next one is known to be news."""
        (self.path / "state.json").unlink(missing_ok=True)

    def mounted(self) -> bool:
        return os.path.ismount(self.root)

    def mount(self) -> None:
        """Put the disk over the image; does nothing where that is done."""
        if self.mounted():
            return
        layers = (
            f"lowerdir={self.image.resolve()},upperdir={self.path}/upper,workdir={self.path}/work"
        )
        label = f"fairway:{self.lab}:{self.name}"
        _run(["mount", "-t", "overlay", label, "-o", layers, str(self.root)], str(self.root))

    def unmount(self) -> None:
        """Take the mounted root away; what still uses it keeps it to its own end."""
        while self.mounted():
            _run(["umount", "--lazy", str(self.root)], str(self.root))

    def remove(self) -> None:
        """Remove the directory and the lab's directory of machines when that was the last."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self.path.exists():
            shutil.rmtree(self.path)
        with suppress(OSError):  # others are there, or somebody else has just removed it
            self.path.parent.rmdir()
            with suppress(OSError):  # it holds some, and stays until the lab goes
                self.backups.rmdir()

    def last_words(self, lines: int = 8) -> str:
        """Give the end of what the keeper and the machine's console said."""
        said = [_tail(log, lines) for log in (self.keeper_log, self.console)]
        return "\n    ".join(line for text in said for line in text)


def filesystem_of(path: Path, mountinfo: str) -> str:
    """Give the type of the file system that holds a path, from the text of mountinfo."""
    best, kind = "", ""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        point = before.split()[4]
        if path.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, after.split()[0]
    return kind


def refuse_unusable_disk(path: Path, kind: str) -> None:
    """Raise LabError where the kernel cannot keep a machine's disk: overlays do not stack."""
    if kind not in ("overlay", "nfs", "nfs4", "9p", "virtiofs", "vfat", "fuse"):
        return
    raise LabError(
        where=str(path),
        what="machines cannot keep their disks on this file system",
        found=kind,
        wanted="a real disk: ext4, xfs or btrfs",
        hint="mount one (mount --bind DIRECTORY-ON-A-DISK /var/lib/fairway) and try again",
    )


def _run(words: list[str], where: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(
            where=where,
            what=f"{words[0]} failed",
            found=done.stderr.strip(),
            hint="see dmesg for the kernel's reason",
        )


def _tail(log: Path, lines: int) -> list[str]:
    text = log.read_text(errors="replace") if log.is_file() else ""
    return [line for line in text.splitlines() if line.strip()][-lines:]
