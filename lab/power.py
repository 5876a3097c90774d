"""Machines on and off: booted, failed, restored, deleted; the lab's lock is never held meanwhile.

One lock per machine keeps two callers from booting and deleting the same one at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from ipaddress import IPv4Interface

from components.errors import LabError
from lab import locks, network, records, rules
from lab.model import Machine
from lab.place import MachineSpec
from lab.state import MachineRecord, State, Store, boot_id
from lab.status import Machines, Report

_BOOT_SECONDS = 300
_AT_ONCE = 32  # threads that wait; how many machines really boot at once is their own affair


@dataclass(frozen=True, slots=True)
class Power:
    """Switches the machines of one lab."""

    store: Store
    machines: Machines

    @property
    def lab(self) -> str:
        return self.store.lab

    def put(self, spec: Machine, report: Report) -> None:
        """Record a machine and boot it; one that runs already is left alone."""
        with locks.hold(self.lab, spec.name, deadline=_BOOT_SECONDS):
            self._record(spec)
            self._start(spec.name, report)

    def delete(self, name: str) -> None:
        """Remove a machine with its disk; its entries become black holes."""
        with locks.hold(self.lab, name, deadline=_BOOT_SECONDS):
            self.machines.destroy(self.lab, name)
            with self.store.changing() as state:
                if records.drop(state, Machine, name):
                    self.store.save(state)
                    network.sync(self.store, state)

    def fail(self, name: str) -> None:
        """Cut a machine's power for good."""
        self._mark(name, failed=True)
        self.machines.kill(self.lab, name)

    def restore(self, name: str, report: Report) -> None:
        """Boot a failed machine from the disk it had."""
        self._mark(name, failed=False)
        self._boot(name, report)

    def fail_zone(self, zone: str) -> None:
        """Cut the power of a zone for good."""
        hit = self._mark_zone(zone, failed=True)
        _each(hit, lambda name: self.machines.kill(self.lab, name))

    def restore_zone(self, zone: str, report: Report) -> None:
        """Boot the machines of a zone that did not fail by themselves."""
        hit = self._mark_zone(zone, failed=False)
        _each(hit, lambda name: self._boot(name, report))

    def forgive(self) -> None:
        """Forget all failures that were made on purpose; starts nothing."""
        if not self.store.exists():
            return
        with self.store.changing() as state:
            state.failed_zones.clear()
            for name, record in state.machines.items():
                state.machines[name] = replace(record, failed=False)
            self.store.save(state)

    def recover(self, report: Report) -> None:
        """Build the network again and boot everything that is not off on purpose."""
        with self.store.changing() as state:
            if state.vpc is None:
                return
            state.boot_id = boot_id()
            self.store.save(state)
            network.sync(self.store, state)
            wanted = [m.spec.name for m in state.machines.values() if not state.is_off(m)]
        _each(wanted, lambda name: self._boot(name, report))

    def _boot(self, name: str, report: Report) -> None:
        with locks.hold(self.lab, name, deadline=_BOOT_SECONDS):
            self._start(name, report)

    def _start(self, name: str, report: Report) -> None:
        """Boot a recorded machine unless it is off on purpose."""
        state = self.store.read()
        record = state.machines.get(name)
        if record is None or state.is_off(record):
            return
        now = self.machines.status(self.lab, name)
        if now.id not in ("", record.id):
            self.machines.destroy(self.lab, name)
        spec = _spec(self.lab, state, record)
        try:
            self.machines.start(spec, report=report)
        except LabError:
            if now.state not in ("starting", "running"):
                raise
            self.machines.start(spec, report=report)  # it was about to end when we came
        if not record.whole:
            self._note(name, lambda known: replace(known, whole=True))

    def _record(self, spec: Machine) -> None:
        with self.store.changing() as state:
            rules.check_put(spec, state)
            known = state.machines.get(spec.name)
            if known is not None and known.whole:
                rules.check_same_machine(spec, known.spec)
            elif known is not None and rules.changes_identity(spec, known.spec):
                records.drop(state, Machine, spec.name)
            if records.keep(state, spec):
                self.store.save(state)
            network.sync(self.store, state)

    def _note(self, name: str, change: Callable[[MachineRecord], MachineRecord]) -> None:
        with self.store.changing() as state:
            if name in state.machines:
                state.machines[name] = change(state.machines[name])
                self.store.save(state)

    def _mark(self, name: str, *, failed: bool) -> None:
        known = self.store.read().machines
        if name not in known:
            raise unknown(self.lab, "machine", name, known)
        self._note(name, lambda record: replace(record, failed=failed))

    def _mark_zone(self, zone: str, *, failed: bool) -> list[str]:
        with self.store.changing() as state:
            if zone not in state.zones():
                raise unknown(self.lab, "zone", zone, state.zones())
            (state.failed_zones.add if failed else state.failed_zones.discard)(zone)
            self.store.save(state)
            return [m.spec.name for m in state.machines.values() if state.zone_of(m.spec) == zone]


def unknown(lab: str, what: str, name: str, known: Iterable[str]) -> LabError:
    """Say that something does not exist, and what does."""
    return LabError(
        where=f"lab {lab}",
        what=f"there is no {what} {name!r}",
        found=", ".join(sorted(known)) or "none at all",
        hint="see `python -m lab status`",
    )


def _spec(lab: str, state: State, record: MachineRecord) -> MachineSpec:
    spec, vswitch = record.spec, state.vswitches[record.spec.vswitch]
    return MachineSpec(
        lab=lab,
        name=spec.name,
        id=record.id,
        image=spec.image,
        address=IPv4Interface((spec.address, vswitch.cidr.prefixlen)),
        gateway=vswitch.gateway,
        user_data=spec.user_data,
    )


def _each(wanted: Iterable[str], work: Callable[[str], object]) -> None:
    """Do the work for all names at once; all are tried before the first error is raised."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        tried = [pool.submit(work, name) for name in wanted]
    for done in tried:
        done.result()
