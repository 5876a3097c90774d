"""What a lab was asked to hold, kept in one file that is always whole.

The file is replaced, never edited; every change happens under the lab's lock. It knows the boot
of the computer it was written in, so that a reboot is noticed.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from components.errors import LabError
from lab import locks
from lab.model import Machine, Prefixes, Route, SecurityGroup, Vpc, VSwitch

LABS = Path("/var/lib/fairway/labs")

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_FIRST_TABLE = 1001  # far from the kernel's own 253 to 255 and from what VPN clients take


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineRecord:
    """A machine that was asked for.

    `failed` ones were made to fail and stay off. `whole` ones have started once; what an
    interrupted start left may still become another machine.
    """

    spec: Machine
    id: str
    failed: bool = False
    whole: bool = False


@dataclass(slots=True, kw_only=True)
class State:
    """A lab's records by name; tables hold their number in the kernel."""

    boot_id: str = ""
    vpc: Vpc | None = None
    tables: dict[str, int] = field(default_factory=dict)
    vswitches: dict[str, VSwitch] = field(default_factory=dict)
    groups: dict[str, SecurityGroup] = field(default_factory=dict)
    machines: dict[str, MachineRecord] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)
    prefixes: dict[str, Prefixes] = field(default_factory=dict)
    failed_zones: set[str] = field(default_factory=set)

    def zone_of(self, machine: Machine) -> str:
        return self.vswitches[machine.vswitch].zone

    def is_off(self, record: MachineRecord) -> bool:
        """Tell whether a machine is off on purpose: by itself or with its zone."""
        return record.failed or self.zone_of(record.spec) in self.failed_zones

    def zones(self) -> set[str]:
        return {vswitch.zone for vswitch in self.vswitches.values()}

    def machine_by_id(self, machine_id: str) -> MachineRecord | None:
        return next((m for m in self.machines.values() if m.id == machine_id), None)

    def machine_at(self, address: IPv4Address) -> MachineRecord | None:
        return next((m for m in self.machines.values() if m.spec.address == address), None)

    def routes_of(self, table: str) -> list[Route]:
        return [route for route in self.routes.values() if route.table == table]

    def free_table(self) -> int:
        taken = set(self.tables.values())
        return next(n for n in range(_FIRST_TABLE, _FIRST_TABLE * 2) if n not in taken)


_ADAPTER = TypeAdapter(State)


def boot_id() -> str:
    """Name the computer's present boot."""
    return _BOOT_ID.read_text().strip()


def new_id(machine: str) -> str:
    """Make an id that no other machine of that name ever had."""
    return f"{machine}-{secrets.token_hex(4)}"


class Store:
    """The state file of one lab."""

    def __init__(self, lab: str) -> None:
        self.lab = lab
        self.directory = LABS / lab
        self.path = self.directory / "state.json"

    def exists(self) -> bool:
        return self.directory.exists()

    def read(self) -> State:
        """Read the records; a lab that does not exist has none. Needs no lock.

        Raises:
            LabError: the file is not what this program writes.
        """
        try:
            return _ADAPTER.validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return State(boot_id=boot_id())
        except ValidationError as error:
            raise LabError(
                where=str(self.path),
                what="the lab's records cannot be read",
                found=_first_fault(error),
                wanted="the records as this version writes them",
                hint=f"remove the lab by its labels: `python -m lab sweep --lab {self.lab}`",
            ) from None

    @contextmanager
    def changing(self) -> Iterator[State]:
        """Hold the lab's lock and give the records; `save` keeps what was changed in them."""
        with locks.hold(self.lab):
            try:
                yield self.read()
            finally:
                if not self.exists():
                    locks.forget(self.lab)

    def save(self, state: State) -> None:
        """Replace the file, for root's eyes only: it holds user data with host keys."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(self.path, _ADAPTER.dump_json(state, indent=1))

    def note(self, name: str, value: object) -> None:
        """Keep a small fact beside the records, which may be lost without harm."""
        write_whole(self.directory / name, json.dumps(value).encode())

    def noted(self, name: str) -> object:
        try:
            return json.loads((self.directory / name).read_bytes())
        except (FileNotFoundError, ValueError):
            return None

    def remove(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file at once, mode 0600: a reader sees the old content or the new."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as new:
            new.write(content)
            new.flush()
            os.fsync(new.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def lab_names() -> tuple[str, ...]:
    """Name the labs that have a directory on this computer."""
    if not LABS.is_dir():
        return ()
    return tuple(sorted(path.name for path in LABS.iterdir() if path.is_dir()))


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in fault["loc"])
    return f"{place or 'the file'}: {fault['msg']}"
