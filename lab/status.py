"""How the recorded things stand, from one look at kernel and machines."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Protocol

from lab import filter as nftables
from lab import machine as real_machines
from lab import names, router, tables, uplink
from lab.model import (
    Machine,
    MachineStatus,
    Prefixes,
    Route,
    RouteStatus,
    RouteTable,
    SecurityGroup,
    Spec,
    State,
    Status,
    Vpc,
    VSwitch,
)
from lab.place import MachineSpec
from lab.reading import entry, live_line, prefix_faults
from lab.state import MachineRecord, Store
from lab.state import State as Records

Report = Callable[[str], None]


class Machines(Protocol):
    """What the lab needs of machines; the module `lab.machine` is the real one."""

    def start(self, spec: MachineSpec, *, report: Report = ...) -> real_machines.MachineStatus: ...
    def kill(self, lab: str, name: str) -> real_machines.MachineStatus: ...
    def destroy(self, lab: str, name: str) -> None: ...
    def status(self, lab: str, name: str) -> real_machines.MachineStatus: ...
    def present(self, lab: str) -> list[str]: ...


class Look:
    """One look at a lab; `of` tells from it how a thing stands."""

    def __init__(self, store: Store, records: Records, machines: Machines) -> None:
        self.lab = store.lab
        self.records = records
        self._store = store
        self._machines = machines
        self.seen = router.look(store.lab)

    @cached_property
    def _rules_changed(self) -> bool:
        return nftables.is_changed(self._store)

    def of(self, spec: Spec) -> Status:
        """Tell how a recorded thing stands."""
        match spec:
            case Machine():
                return self._machine(self.records.machines[spec.name])
            case Route():
                return self._route(spec)
            case Prefixes():
                return self._prefixes(spec)
            case _:
                return self._plain(spec)

    def _plain(self, spec: Vpc | RouteTable | VSwitch | SecurityGroup) -> Status:
        faults = self._faults(spec)
        state: State = "drifted" if faults else "ready"
        return Status(
            id=self._id(spec), state=state if self.seen.ports else "missing", faults=faults
        )

    def _id(self, spec: Vpc | RouteTable | VSwitch | SecurityGroup) -> str:
        if isinstance(spec, RouteTable):
            return str(self.records.tables[spec.name])
        return f"{type(spec).__name__.lower()}-{names.digest(f'{self.lab}/{spec.name}')}"

    def _faults(self, spec: Vpc | RouteTable | VSwitch | SecurityGroup) -> tuple[str, ...]:
        match spec:
            case Vpc():
                return (*self._router_faults(), *uplink.faults(self.lab, spec))
            case RouteTable():
                return self._table_faults(self.records.tables[spec.name])
            case VSwitch():
                there = spec.gateway in self.seen.gateways
                return () if there else (f"its gateway {spec.gateway} is missing",)
            case SecurityGroup():
                return self._rule_faults()

    def _router_faults(self) -> tuple[str, ...]:
        if not self.seen.ports and not self.seen.lines:
            return (f"the router {names.router(self.lab)} is missing",)
        missing, foreign = router.differences(self.records, self.seen)
        ours = [t for t in missing if isinstance(t, tables.Choice) or self._is_shared(t)]
        return (
            *(f"{thing} is missing" for thing in ours),
            *(f"{thing} has no record" for thing in foreign if self._is_shared(thing)),
        )

    def _is_shared(self, thing: object) -> bool:
        """Tell a line of all from an entry's or a prefix's, which have a status of their own."""
        if not isinstance(thing, tables.Line) or thing.table not in (tables.LOCAL, tables.MAIN):
            return False
        return not any(
            thing.destination in each.prefixes for each in self.records.prefixes.values()
        )

    def _table_faults(self, number: int) -> tuple[str, ...]:
        """Tell of what is in a table beside its entries; those have a status of their own."""
        own = {route.destination for route in self.records.routes.values()}
        missing, foreign = router.differences(self.records, self.seen)
        told = [
            *((thing, "is missing") for thing in missing),
            *((thing, "has no record") for thing in foreign),
        ]
        return tuple(
            f"{thing} {fault}"
            for thing, fault in told
            if isinstance(thing, tables.Line)
            and thing.table == number
            and thing.destination not in own
        )

    def _rule_faults(self) -> tuple[str, ...]:
        return ("the router's rules are not as last loaded",) if self._rules_changed else ()

    def _machine(self, record: MachineRecord) -> MachineStatus:
        vswitch = self.records.vswitches[record.spec.vswitch]
        now = self._machines.status(self.lab, record.spec.name)
        state: State = "running" if now.state == "running" else "stopped"
        faults = [*self._rule_faults(), *([now.fault] if now.fault else [])]
        if state == "running" and names.port(record.spec.name) not in self.seen.ports:
            faults.append("its link to the router is missing")
        if state == "stopped" and self.records.is_off(record):
            state = "failed"
        return MachineStatus(
            id=record.id,
            state=state,
            faults=tuple(faults),
            zone=vswitch.zone,
            address=record.spec.address,
            gateway=vswitch.gateway,
        )

    def _route(self, spec: Route) -> RouteStatus:
        told = entry(self.records, self.seen, spec)
        planned = tables.entry_line(self.records, self.records.tables[spec.table], spec)
        live = live_line(self.seen, self.records.tables[spec.table], spec.destination)
        astray = live is not None and live != planned
        return RouteStatus(
            id=f"rt-{names.digest(f'{self.lab}/{spec.name}')}",
            state="drifted" if astray else told.state,
            faults=(f"it leads to {told.machine or live}",) if astray else (),
            machine=told.machine,
        )

    def _prefixes(self, spec: Prefixes) -> Status:
        faults = prefix_faults(self.records, self.seen, spec)
        planned = tables.prefix_lines(self.records, spec)
        carries = all(line.port in self.seen.ports for line in planned) and bool(planned)
        state: State = "drifted" if faults else "active" if carries else "blackhole"
        return Status(
            id=f"pf-{names.digest(f'{self.lab}/{spec.name}')}", state=state, faults=faults
        )
