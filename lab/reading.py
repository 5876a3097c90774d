"""What the router's kernel shows, told in the cloud's words; pure over records and a look."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Literal

from lab import names, tables
from lab.model import Entry, Prefixes, Route
from lab.state import State
from lab.tables import Choice, Line

EntryState = Literal["active", "blackhole", "missing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One look at the router. `lines` tells of each route whether its link is down."""

    lines: dict[Line, bool] = field(default_factory=dict)
    choices: frozenset[Choice] = frozenset()
    ports: dict[str, int] = field(default_factory=dict)  # name -> kernel index
    gateways: frozenset[IPv4Address] = frozenset()


def live_line(seen: Seen, number: int, destination: IPv4Network) -> Line | None:
    """Find the route of a table that carries packets for exactly this destination."""
    found = [
        line
        for line in seen.lines
        if line.table == number and line.destination == destination and line.port
    ]
    return min(found, key=lambda line: line.metric, default=None)


def entry_state(state: State, seen: Seen, route: Route) -> EntryState:
    """Tell whether an entry carries packets, leads to a machine that is off, or was deleted."""
    number = state.tables[route.table]
    line = live_line(seen, number, route.destination)
    if line is not None:
        return "blackhole" if seen.lines[line] else "active"
    planned = tables.entry_line(state, number, route)
    if planned is not None and planned.port in seen.ports:
        return "missing"
    belt = tables.belt(number, route.destination)
    return "blackhole" if belt in seen.lines else "missing"


def entry(state: State, seen: Seen, route: Route) -> Entry:
    """Tell of a recorded entry where it really leads."""
    line = live_line(seen, state.tables[route.table], route.destination)
    machine = _machine_at(state, line) if line else _name_of(state, route.machine_id)
    return Entry(
        table=route.table,
        destination=route.destination,
        kind="route",
        state=entry_state(state, seen, route),
        machine=machine,
        machine_id=_id_of(state, machine) if line else route.machine_id,
    )


def delivered(state: State, seen: Seen, machine: str) -> tuple[IPv4Network, ...]:
    """Tell which prefixes the kernel leads to a machine; those recorded where it has no link."""
    spec, port = state.machines[machine].spec, names.port(machine)
    if port not in seen.ports:
        held = state.prefixes.get(str(spec.address))
        return tuple(sorted(held.prefixes)) if held else ()
    own = IPv4Network(spec.address)
    led = (line for line in seen.lines if line.table == tables.LOCAL and line.port == port)
    return tuple(sorted(line.destination for line in led if line.destination != own))


def prefix_faults(state: State, seen: Seen, spec: Prefixes) -> tuple[str, ...]:
    """Name each prefix that the kernel does not lead where the records say."""
    found: list[str] = []
    for planned in tables.prefix_lines(state, spec):
        live = live_line(seen, tables.LOCAL, planned.destination)
        if live is None and planned.port in seen.ports:
            found.append(f"prefix {planned.destination} is missing")
        elif live is not None and live != planned:
            where = _machine_at(state, live) or live
            found.append(f"prefix {planned.destination} leads to {where}")
    return tuple(found)


def lookup(state: State, seen: Seen, table: str, address: IPv4Address) -> Entry:
    """Decide as the router would for a packet that `table` is responsible for."""
    for number in (tables.LOCAL, state.tables[table]):
        found = tables.longest((r for r in seen.lines if r.table == number), address)
        if found is not None:
            return _tell(state, seen, table, found)
    return _nothing(table)


def _tell(state: State, seen: Seen, table: str, line: Line) -> Entry:
    route = state.routes.get(f"{table}/{line.destination}")
    if route is not None and line.table != tables.LOCAL:
        return entry(state, seen, route)
    if line.port == names.UPLINK_PORT:
        return Entry(table=table, destination=line.destination, kind="default", state="active")
    if line.table != tables.LOCAL and not line.port:
        return _nothing(table)
    machine = _machine_at(state, line)
    return Entry(
        table=table,
        destination=line.destination,
        kind="local" if line.table == tables.LOCAL else "route",
        state="active" if line.port and not seen.lines[line] else "blackhole",
        machine=machine,
        machine_id=_id_of(state, machine),
    )


def _nothing(table: str) -> Entry:
    return Entry(table=table, destination=tables.ANYWHERE, kind="none", state="missing")


def _machine_at(state: State, line: Line) -> str | None:
    ports = {names.port(name): name for name in state.machines}
    return ports.get(line.port)


def _name_of(state: State, machine_id: str) -> str | None:
    record = state.machine_by_id(machine_id)
    return record.spec.name if record else None


def _id_of(state: State, machine: str | None) -> str | None:
    return state.machines[machine].id if machine in state.machines else None
