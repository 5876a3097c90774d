"""A lab's status as one value, for programs as JSON and for people as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from ipaddress import IPv4Network, collapse_addresses
from typing import Any

from lab.lab import Lab
from lab.model import (
    Drops,
    Entry,
    Held,
    Machine,
    MachineStatus,
    Prefixes,
    RouteTable,
    SecurityGroup,
    Vpc,
    VSwitch,
)

_SOUND = frozenset({"ready", "running", "active"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All of a lab at one moment."""

    lab: str
    rebooted: bool
    failed_zones: tuple[str, ...]
    vpc: Held[Vpc] | None
    machines: tuple[Held[Machine], ...]
    entries: dict[str, tuple[Entry, ...]]  # by route table
    prefixes: dict[str, tuple[IPv4Network, ...]]  # by machine
    drops: dict[str, Drops]
    faults: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Tell whether everything is as recorded and everything runs."""
        entries = [entry.state for table in self.entries.values() for entry in table]
        states = {held.status.state for held in self.machines} | set(entries)
        return not self.faults and not self.rebooted and states <= _SOUND


def overview(lab: Lab) -> Overview:
    """Look at everything of a lab; changes nothing."""
    shared = [held for kind in (Vpc, RouteTable, VSwitch, SecurityGroup) for held in lab.all(kind)]
    machines = lab.all(Machine)
    told = [f"{type(h.spec).__name__} {h.spec.name}: {f}" for h in shared for f in h.status.faults]
    told += [f"prefixes of {h.spec.name}: {f}" for h in lab.all(Prefixes) for f in h.status.faults]
    told += [f"machine {h.spec.name}: {fault}" for h in machines for fault in h.status.faults]
    return Overview(
        lab=lab.name,
        rebooted=lab.was_rebooted(),
        failed_zones=lab.failed_zones(),
        vpc=lab.get(Vpc, "vpc"),
        machines=machines,
        entries={held.spec.name: lab.entries(held.spec.name) for held in lab.all(RouteTable)},
        prefixes=lab.prefixes(),
        drops=lab.counters() if machines else {},
        faults=tuple(dict.fromkeys(told)),
    )


def as_json(seen: Overview) -> dict[str, Any]:
    """Turn an overview into plain values; user data stays out, for it holds keys."""
    return {
        "lab": seen.lab,
        "sound": seen.is_sound,
        "rebooted": seen.rebooted,
        "failed_zones": list(seen.failed_zones),
        "vpc": _plain(seen.vpc.spec) if seen.vpc else None,
        "machines": [_machine(held) for held in seen.machines],
        "tables": {name: [_plain(e) for e in held] for name, held in seen.entries.items()},
        "prefixes": {name: _scalar(held) for name, held in seen.prefixes.items() if held},
        "drops": {name: asdict(drops) for name, drops in seen.drops.items()},
        "faults": list(seen.faults),
    }


def as_text(seen: Overview) -> str:
    """Draw an overview as a table."""
    if seen.vpc is None:
        return f"lab {seen.lab}: nothing is there"
    vpc = seen.vpc.spec
    containers = vpc.containers or "inside"
    head = f"lab {seen.lab}: VPC {vpc.cidr}, containers {containers}, uplink {vpc.uplink or '-'}"
    return "\n".join([head, *_machine_table(seen), *_table_lines(seen, vpc.quota), *_notes(seen)])


def _machine_table(seen: Overview) -> list[str]:
    rows = [("MACHINE", "ZONE", "STATE", "ADDRESS", "CONTAINERS", "CHECK", "GROUPS", "DROPPED")]
    for held in seen.machines:
        spec = held.spec
        rows.append(
            (
                spec.name,
                _status(held).zone,
                held.status.state,
                str(spec.address),
                _containers(seen, spec.name),
                "on" if spec.source_dest_check else "off",
                ",".join(spec.groups) or "-",
                str(sum(asdict(seen.drops.get(spec.name, Drops())).values())),
            )
        )
    return ["", *columns(rows)] if len(rows) > 1 else []


def _containers(seen: Overview, machine: str) -> str:
    entries = (entry for table in seen.entries.values() for entry in table)
    found = {str(entry.destination) for entry in entries if entry.machine == machine}
    found |= {str(whole) for whole in collapse_addresses(seen.prefixes.get(machine, ()))}
    return ",".join(sorted(found)) or "-"


def _table_lines(seen: Overview, quota: int) -> list[str]:
    rows = [("TABLE", "ENTRIES", "NOT ACTIVE")]
    for name, entries in seen.entries.items():
        off = [f"{e.destination} {e.state}" for e in entries if e.state != "active"]
        rows.append((name, f"{len(entries)} of {quota}", ", ".join(off) or "-"))
    return ["", *columns(rows)] if len(rows) > 1 else []


def _notes(seen: Overview) -> list[str]:
    notes = [f"zone {zone} was made to fail" for zone in seen.failed_zones]
    notes += [f"! {fault}" for fault in seen.faults]
    if seen.rebooted:
        notes.append("! the computer was rebooted since: `python -m lab restore` starts all again")
    elif seen.faults:
        notes.append("`python -m lab restore` repairs this")
    return ["", *notes] if notes else []


def columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Align rows of words in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _machine(held: Held[Machine]) -> dict[str, Any]:
    spec = {name: value for name, value in _plain(held.spec).items() if name != "user_data"}
    return spec | _plain(held.status)


def _status(held: Held[Machine]) -> MachineStatus:
    assert isinstance(held.status, MachineStatus)  # noqa: S101 -- a machine has no other status
    return held.status


def _plain(value: Any) -> dict[str, Any]:
    return {field.name: _scalar(getattr(value, field.name)) for field in fields(value)}


def _scalar(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_scalar(item) for item in value]
    return value if isinstance(value, str | int | None) else str(value)
