"""Specs in and out of the records, one small rule for each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lab.model import Machine, Prefixes, Route, RouteTable, S, SecurityGroup, Spec, Vpc, VSwitch
from lab.state import MachineRecord, State, new_id


def specs(state: State, kind: type[S]) -> dict[str, S]:
    """Give the recorded specs of a kind by name."""
    return _READ[kind](state)


def keep(state: State, spec: Spec) -> bool:
    """Record a spec that was checked; tells if that changed anything."""
    if specs(state, type(spec)).get(spec.name) == spec:
        return False
    match spec:
        case Vpc():
            state.vpc = spec
        case RouteTable():
            state.tables[spec.name] = state.free_table()
        case Machine():
            state.machines[spec.name] = _machine(state, spec)
        case _:
            getattr(state, _HOLDER[type(spec)])[spec.name] = spec
    return True


def drop(state: State, kind: type[Spec], name: str) -> bool:
    """Forget a thing; tells if it was there."""
    if kind is Vpc:
        was, state.vpc = state.vpc is not None, None
        return was
    holder: dict[str, Any] = getattr(state, _HOLDER[kind])
    return holder.pop(name, None) is not None


def _machine(state: State, spec: Machine) -> MachineRecord:
    known = state.machines.get(spec.name)
    if known is None:
        return MachineRecord(spec=spec, id=new_id(spec.name))
    return MachineRecord(spec=spec, id=known.id, failed=known.failed, whole=known.whole)


_HOLDER: Mapping[type[Spec], str] = {
    RouteTable: "tables",
    VSwitch: "vswitches",
    SecurityGroup: "groups",
    Machine: "machines",
    Route: "routes",
    Prefixes: "prefixes",
}

_READ: Mapping[type[Any], Callable[[State], dict[str, Any]]] = {
    Vpc: lambda state: {state.vpc.name: state.vpc} if state.vpc else {},
    RouteTable: lambda state: {name: RouteTable(name=name) for name in state.tables},
    VSwitch: lambda state: dict(state.vswitches),
    SecurityGroup: lambda state: dict(state.groups),
    Machine: lambda state: {name: record.spec for name, record in state.machines.items()},
    Route: lambda state: dict(state.routes),
    Prefixes: lambda state: dict(state.prefixes),
}
