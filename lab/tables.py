"""What the router's tables must hold, as arithmetic over the records; nothing here looks or acts.

The router decides in this order: addresses of the VPC and prefixes of interfaces (table LOCAL,
which no entry can override, as in the clouds), then the table of the vSwitch that the packet came
from, then, for packets of the uplink and of the router itself, table MAIN. Below every entry lies a
black hole, so that a packet whose machine is off vanishes and never falls through to a shorter
prefix.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from lab import names
from lab.model import Prefixes, Route, Vpc
from lab.state import State

LOCAL = 50
MAIN = 254
ANYWHERE = IPv4Network("0.0.0.0/0")

_BELT = 9999  # metric: below everything else
_LOCAL_PRIORITY = 100
_PORT_PRIORITY = 1000


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """One route in the kernel. Without a port it is a black hole."""

    table: int
    destination: IPv4Network
    port: str = ""
    via: str = ""
    metric: int = 0

    def __str__(self) -> str:
        way = f"{f'via {self.via} ' if self.via else ''}dev {self.port}" if self.port else "nowhere"
        return f"{self.destination} {way} in table {self.table}"


@dataclass(frozen=True, slots=True, order=True)
class Choice:
    """One policy rule: packets from this port (or from all) are looked up in that table."""

    priority: int
    table: int
    port: str = ""

    def __str__(self) -> str:
        return f"rule {self.priority}: from {self.port or 'all'} look up {self.table}"


def choices(state: State) -> set[Choice]:
    """Plan the policy rules; a machine keeps its rule while it is off."""
    wanted = {Choice(_LOCAL_PRIORITY, LOCAL)}
    for record in state.machines.values():
        table = state.tables[state.vswitches[record.spec.vswitch].table]
        wanted.add(Choice(_PORT_PRIORITY, table, names.port(record.spec.name)))
    return wanted


def lines(state: State, ports: Collection[str]) -> set[Line]:
    """Plan every route, given the ports that the router has at this moment."""
    if state.vpc is None:
        return set()
    wanted = {belt(LOCAL, state.vpc.cidr)}
    wanted |= _own_addresses(state, ports) | _prefixes(state, ports)
    for table, number in state.tables.items():
        wanted |= _below(state.vpc, number)
        wanted |= _entries(state, number, state.routes_of(table), ports)
    wanted |= _below(state.vpc, MAIN)
    wanted |= _entries(state, MAIN, _first_of_each(state), ports)
    return wanted


def entry_line(state: State, number: int, route: Route) -> Line | None:
    """Plan the route of an entry whose machine exists; None if the machine is gone."""
    record = state.machine_by_id(route.machine_id)
    if record is None:
        return None
    port = names.port(record.spec.name)
    return Line(number, route.destination, port, str(record.spec.address))


def _own_addresses(state: State, ports: Collection[str]) -> set[Line]:
    links = {names.port(m.spec.name): m.spec.address for m in state.machines.values()}
    return {
        Line(LOCAL, IPv4Network(address), port) for port, address in links.items() if port in ports
    }


def prefix_lines(state: State, spec: Prefixes) -> list[Line]:
    """Plan the routes of an interface's prefixes; none if no machine has the address."""
    record = state.machine_at(spec.address)
    if record is None:
        return []
    port = names.port(record.spec.name)
    return [Line(LOCAL, prefix, port, str(spec.address)) for prefix in spec.prefixes]


def _prefixes(state: State, ports: Collection[str]) -> set[Line]:
    planned = (line for spec in state.prefixes.values() for line in prefix_lines(state, spec))
    return {line for line in planned if line.port in ports}


def belt(number: int, destination: IPv4Network) -> Line:
    """Plan the black hole below an entry."""
    return Line(number, destination, metric=_BELT)


def _below(vpc: Vpc, number: int) -> set[Line]:
    """Plan what lies below a table's entries: containers of nobody, and the way out."""
    out = belt(number, ANYWHERE)
    if vpc.uplink is not None:
        out = Line(number, ANYWHERE, names.UPLINK_PORT, str(vpc.uplink[1]))
    return {out, *([belt(number, vpc.containers)] if vpc.containers else [])}


def _entries(
    state: State, number: int, routes: Iterable[Route], ports: Collection[str]
) -> set[Line]:
    wanted: set[Line] = set()
    for route in routes:
        wanted.add(belt(number, route.destination))
        line = entry_line(state, number, route)
        if line is not None and line.port in ports:
            wanted.add(line)
    return wanted


def _first_of_each(state: State) -> list[Route]:
    """Choose what the uplink sees: of each destination the entry of the oldest table."""
    chosen: dict[IPv4Network, Route] = {}
    for route in sorted(state.routes.values(), key=lambda r: state.tables[r.table]):
        chosen.setdefault(route.destination, route)
    return list(chosen.values())


def longest(lines: Iterable[Line], address: IPv4Address) -> Line | None:
    """Choose as the kernel does: the longest prefix, then the lowest metric."""
    matching = [line for line in lines if address in line.destination]
    return max(matching, key=lambda m: (m.destination.prefixlen, -m.metric), default=None)
