"""The lab as a cloud's API: put, get, list, delete, and what a cloud never offers: fail."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import overload

from lab.model import (
    Drops,
    Entry,
    Held,
    Machine,
    MachineStatus,
    Route,
    RouteStatus,
    S,
    Spec,
    Status,
)

Report = Callable[[str], None]


class Lab:
    """One lab on this computer. Methods are idempotent, and may be called from many threads."""

    name: str

    @classmethod
    def open(cls, name: str, *, recover: bool = True) -> Lab:
        """Open a lab that may or may not exist; creates nothing.

        After a reboot of the computer it starts again what should run, unless told not to.

        Raises:
            LabError: the recorded state cannot be read; the message names the sweep.
        """
        raise NotImplementedError

    @staticmethod
    def names() -> tuple[str, ...]:
        """Name the labs that this computer holds."""
        raise NotImplementedError

    @overload
    def put(self, spec: Machine, report: Report = ...) -> MachineStatus: ...
    @overload
    def put(self, spec: Route, report: Report = ...) -> RouteStatus: ...
    @overload
    def put(self, spec: Spec, report: Report = ...) -> Status: ...
    def put(self, spec: Spec, report: Report = print) -> Status:
        """Make it so: create it, change in place what can be, repair what drifted.

        Putting what is there already changes nothing and adopts what an interrupted put left.

        Raises:
            QuotaExceeded: the route's table is full.
            LabConflict: a route of this computer overlaps the VPC's ranges.
            LabError: it names something that does not exist, or asks for a change that needs a
                new one (delete it first), or its zone was failed.
        """
        raise NotImplementedError

    def get(self, kind: type[S], name: str) -> Held[S] | None:
        """Tell what was asked for and how it stands now, or None if there is no such thing.

        The key of a Vpc is "vpc"; of a Route "table/destination"; of the others their name.
        """
        raise NotImplementedError

    def all(self, kind: type[S]) -> tuple[Held[S], ...]:
        """List a kind, in order of names."""
        raise NotImplementedError

    def delete(self, kind: type[Spec], name: str) -> None:
        """Take it away; what is missing already is fine.

        Raises:
            LabError: something still uses it; the message names what.
        """
        raise NotImplementedError

    def lookup(self, table: str, address: IPv4Address) -> Entry:
        """Tell what the router does with `address` when `table` decides, read from the kernel."""
        raise NotImplementedError

    def entries(self, table: str) -> tuple[Entry, ...]:
        """List a table's own entries as the kernel has them, and the recorded ones it lacks."""
        raise NotImplementedError

    def counters(self) -> dict[str, Drops]:
        """Count what the router dropped, by machine."""
        raise NotImplementedError

    def sync(self) -> tuple[str, ...]:
        """Repair every drift of the router and the uplink; returns a sentence for each found."""
        raise NotImplementedError

    def recover(self, report: Report = print) -> None:
        """Start again what should run and does not, and repair the router."""
        raise NotImplementedError

    def fail_machine(self, name: str) -> None:
        """Cut a machine's power, at once and without a goodbye. It stays off until restored."""
        raise NotImplementedError

    def fail_zone(self, zone: str) -> None:
        """Cut the power of all machines of a zone; no machine can be put there until restored."""
        raise NotImplementedError

    def restore_machine(self, name: str) -> None:
        """Bring a failed machine back, with its disk as it was."""
        raise NotImplementedError

    def restore_zone(self, zone: str) -> None:
        """Bring a failed zone back with the machines that failed with it."""
        raise NotImplementedError

    def down(self, report: Report = print) -> None:
        """Remove the lab and everything of it. Removing what is not there is fine."""
        raise NotImplementedError

    def sweep(self, report: Report = print) -> tuple[str, ...]:
        """Remove everything that carries the lab's label, state or no state; names what it met."""
        raise NotImplementedError
