"""The lab as a cloud's API: put, get, list, delete, and what no cloud offers: fail."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Any, cast, overload

from lab import filter as nftables
from lab import machine as real_machines
from lab import names, network, reading, records, router, rules, sweep, uplink
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
    Vpc,
)
from lab.power import Power, unknown
from lab.state import State, Store, boot_id, lab_names
from lab.status import Look, Machines, Report


def ignore(news: str) -> None:
    """Say nothing."""


class Lab:
    """One lab on this computer. Methods are idempotent, and may be called from many threads."""

    def __init__(self, name: str, machines: Machines | None = None) -> None:
        names.check_name("lab", name)
        self.name = name
        self._machines = machines or cast("Machines", real_machines)
        self._store = Store(name)
        self._power = Power(self._store, self._machines)

    @classmethod
    def open(cls, name: str, *, recover: bool = True, machines: Machines | None = None) -> Lab:
        """Open a lab that may or may not exist; creates nothing.

        After a reboot of the computer it starts again what should run, unless told not to.

        Raises:
            LabError: the recorded state cannot be read; the message names the sweep.
        """
        lab = cls(name, machines)
        if recover and lab.was_rebooted():
            lab.recover()
        return lab

    @staticmethod
    def names() -> tuple[str, ...]:
        """Name the labs that this computer holds."""
        return lab_names()

    @overload
    def put(self, spec: Machine, report: Report = ...) -> MachineStatus: ...
    @overload
    def put(self, spec: Route, report: Report = ...) -> RouteStatus: ...
    @overload
    def put(self, spec: Spec, report: Report = ...) -> Status: ...
    def put(self, spec: Spec, report: Report = ignore) -> Status:
        """Make it so: create it, change in place what can be, repair what drifted.

        Putting what is there already changes nothing and adopts what an interrupted put left.

        Raises:
            QuotaExceeded: the route's table is full.
            LabConflict: a route of this computer overlaps the VPC's ranges.
            LabError: it names something that does not exist, or asks for a change that needs a
                new one (delete it first), or its zone was failed.
        """
        if isinstance(spec, Machine):
            self._power.put(spec, report)
            return self._look(self._store.read()).of(spec)
        with self._store.changing() as state:
            rules.check_put(spec, state)
            if isinstance(spec, Vpc) and spec.uplink is not None:
                uplink.check(self.name, spec)
            if records.keep(state, spec):
                self._store.save(state)
            network.sync(self._store, state, rules=not isinstance(spec, Route))
            return self._look(state).of(spec)

    def get(self, kind: type[S], name: str) -> Held[S] | None:
        """Tell what was asked for and how it stands now, or None if there is no such thing.

        The key of a Vpc is "vpc"; of a Route "table/destination"; of Prefixes the address; of the
        others their name.
        """
        state = self._store.read()
        spec = records.specs(state, kind).get(name)
        return None if spec is None else Held(spec, self._look(state).of(spec))

    def all(self, kind: type[S]) -> tuple[Held[S], ...]:
        """List a kind, in order of names."""
        state = self._store.read()
        found = records.specs(state, kind)
        if not found:
            return ()
        look = self._look(state)
        return tuple(Held(found[name], look.of(found[name])) for name in sorted(found))

    def delete(self, kind: type[Any], name: str) -> None:
        """Take it away; what is missing already is fine.

        Raises:
            LabError: something still uses it; the message names what.
        """
        if not self._store.exists():
            return
        if kind is Machine:
            self._power.delete(name)
            return
        with self._store.changing() as state:
            rules.check_delete(kind, name, state)
            if not records.drop(state, kind, name):
                return
            self._store.save(state)
            if kind is Vpc:
                network.remove(self.name)
                sweep.forget(self._store)
            else:
                network.sync(self._store, state, rules=kind is not Route)

    def lookup(self, table: str, address: IPv4Address) -> Entry:
        """Tell what the router does with `address` when `table` decides, read from the kernel."""
        state = self._with_table(table)
        return reading.lookup(state, router.look(self.name), table, address)

    def entries(self, table: str) -> tuple[Entry, ...]:
        """Tell of each recorded entry of a table where the kernel really leads it."""
        state = self._with_table(table)
        seen = router.look(self.name)
        routes = sorted(state.routes_of(table), key=lambda route: route.destination)
        return tuple(reading.entry(state, seen, route) for route in routes)

    def prefixes(self) -> dict[str, tuple[IPv4Network, ...]]:
        """Tell of each machine which prefixes are delivered to it; of one that is off, would be."""
        state, seen = self._store.read(), router.look(self.name)
        return {name: reading.delivered(state, seen, name) for name in sorted(state.machines)}

    def counters(self) -> dict[str, Drops]:
        """Count what the router dropped, by machine, since the rules last changed."""
        return nftables.counters(self.name, self._store.read())

    def sync(self) -> tuple[str, ...]:
        """Repair every drift of router and uplink; returns a sentence for each found."""
        if not self._store.exists():
            return ()
        with self._store.changing() as state:
            return network.sync(self._store, state)

    def was_rebooted(self) -> bool:
        """Tell whether the computer was rebooted since the lab was last built."""
        return self._store.read().boot_id != boot_id()

    def recover(self, report: Report = ignore) -> None:
        """Start again what should run and does not, and repair the router."""
        self._power.recover(report)

    def fail_machine(self, name: str) -> None:
        """Cut a machine's power, at once and without a goodbye. It stays off until restored."""
        self._power.fail(name)

    def fail_zone(self, zone: str) -> None:
        """Cut the power of all machines of a zone; no machine can be put there until restored."""
        self._power.fail_zone(zone)

    def restore_machine(self, name: str, report: Report = ignore) -> None:
        """Bring a failed or stopped machine back, with its disk as it was."""
        self._power.restore(name, report)

    def restore_zone(self, zone: str, report: Report = ignore) -> None:
        """Bring a failed zone back, with the machines that failed with it."""
        self._power.restore_zone(zone, report)

    def restore_all(self, report: Report = ignore) -> tuple[str, ...]:
        """Bring back everything, failed on purpose or not; names what the network lacked."""
        self._power.forgive()
        repaired = self.sync()
        self._power.recover(report)
        return repaired

    def failed_zones(self) -> tuple[str, ...]:
        """Name the zones that were made to fail."""
        return tuple(sorted(self._store.read().failed_zones))

    def down(self, report: Report = ignore) -> None:
        """Remove the lab and everything of it. Removing what is not there is fine."""
        self.sweep(report)

    def sweep(self, report: Report = ignore) -> tuple[str, ...]:
        """Remove everything that carries the lab's label, state or no state; names what it met."""
        return sweep.sweep(self._store, self._machines, report)

    def _look(self, state: State) -> Look:
        return Look(self._store, state, self._machines)

    def _with_table(self, table: str) -> State:
        state = self._store.read()
        if table not in state.tables:
            raise unknown(self.name, "route table", table, state.tables)
        return state
