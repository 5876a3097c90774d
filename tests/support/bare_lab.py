"""A lab of bare network namespaces: the real router and real packets, without booting anything.

`BareMachines` stands in for the machines; a "container" is one more address on a machine's
loopback. `Town` is a small VPC over three zones with a route table each.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, ip_network

from components import reach
from lab import names, namespaces, netns
from lab.lab import Lab
from lab.machine import MachineStatus
from lab.model import (
    Machine,
    Route,
    RouteTable,
    Rule,
    SecurityGroup,
    Vpc,
    VSwitch,
)
from lab.netlink import LOOPBACK, netlink
from lab.place import MachineSpec

ANY = IPv4Network("0.0.0.0/0")
OPEN = Rule(direction="in", source=ANY)
# Seconds: an answer takes less than a millisecond, and a lost first packet comes again in 1 s.
PATIENCE = 1.5


def net(text: str) -> IPv4Network:
    return ip_network(text)  # type: ignore[return-value]


def lab_rule(rule: reach.Rule) -> Rule:
    """Give a group's rule on paper as the lab has it."""
    return Rule(
        direction=rule.direction, source=rule.peer, protocol=rule.protocol, ports=rule.ports
    )


class BareMachines:
    """Machines that are a namespace and nothing else; `boots` counts the starts of each."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}
        self.boots: dict[str, int] = {}
        self.on_start: Callable[[MachineSpec], None] = lambda _: None

    def start(
        self, spec: MachineSpec, *, report: Callable[[str], None] = lambda _: None
    ) -> MachineStatus:
        self.on_start(spec)
        if not namespaces.exists(names.namespace(spec.lab, spec.name)):
            netns.attach(spec.lab, spec.name)
            self.boots[spec.name] = self.boots.get(spec.name, 0) + 1
        self.ids[spec.name] = spec.id
        report("booted")
        return self.status(spec.lab, spec.name)

    def kill(self, lab: str, name: str) -> MachineStatus:
        netns.cut(lab, name)
        netns.detach(lab, name)
        return self.status(lab, name)

    def destroy(self, lab: str, name: str) -> None:
        netns.detach(lab, name)
        self.ids.pop(name, None)

    def status(self, lab: str, name: str) -> MachineStatus:
        running = namespaces.exists(names.namespace(lab, name))
        state = "running" if running else "stopped" if name in self.ids else "absent"
        return MachineStatus(lab=lab, name=name, id=self.ids.get(name, ""), state=state)  # type: ignore[arg-type]

    def present(self, lab: str) -> list[str]:
        return sorted(self.ids)


class Town:
    """Zones a, b, c with a table and a vSwitch each; machine N of a zone is <zone>N."""

    def __init__(self, name: str, half: int = 0, *, uplink: bool = False, quota: int = 50) -> None:
        self.name = name
        self.base = 128 * half
        self.machines = BareMachines()
        self.lab = Lab.open(name, machines=self.machines)
        self.containers = net(f"10.222.{self.base}.0/17")
        self.vpc = Vpc(
            cidr=net(f"10.92.{self.base}.0/17"),
            containers=self.containers,
            uplink=net(f"10.76.92.{4 * half}/30") if uplink else None,
            quota=quota,
        )

    def build(self, *hosts: str, source_dest_check: bool = False) -> Town:
        self.lab.put(self.vpc)
        self.lab.put(SecurityGroup(name="open", rules=(OPEN,)))
        for zone in sorted({host[0] for host in hosts} | {"a", "b", "c"}):
            self.lab.put(RouteTable(name=zone))
            self.lab.put(VSwitch(name=zone, zone=zone, cidr=self.subnet(zone), table=zone))
        for host in hosts:
            self.add(host, source_dest_check=source_dest_check)
        return self

    def add(self, host: str, *, source_dest_check: bool = False, **more: object) -> str:
        spec = replace(self.machine(host), source_dest_check=source_dest_check, **more)  # type: ignore[arg-type]
        status = self.lab.put(spec)
        self.container(host)
        return status.id

    def machine(self, host: str) -> Machine:
        return Machine(name=host, vswitch=host[0], address=self.address(host), groups=("open",))

    def route_all(self, *hosts: str, tables: str = "abc") -> Town:
        for host in hosts:
            for table in tables:
                self.lab.put(self.route(table, host))
        return self

    def route(self, table: str, host: str) -> Route:
        held = self.lab.get(Machine, host)
        assert held is not None
        return Route(table=table, destination=self.cidr(host), machine_id=held.status.id)

    def subnet(self, zone: str) -> IPv4Network:
        return net(f"10.92.{self.base + 1 + 'abc'.index(zone)}.0/24")

    def address(self, host: str) -> IPv4Address:
        return self.subnet(host[0]).network_address + 10 + int(host[1:])

    def cidr(self, host: str) -> IPv4Network:
        return net(f"10.222.{self.base + 10 * 'abc'.index(host[0]) + int(host[1:])}.0/24")

    def inner(self, host: str) -> IPv4Address:
        """Give the address of the container on a host."""
        return self.cidr(host).network_address + 2

    def container(self, host: str, address: IPv4Address | None = None) -> None:
        """Put a container on a host; its address is one of the host's loopback."""

        wanted = str(address or self.inner(host))

        def add() -> None:
            with netlink() as ip:
                ip.addr("replace", index=LOOPBACK, address=wanted, prefixlen=32)

        namespaces.within(names.namespace(self.name, host), add)

    def where(self, end: str) -> tuple[str, IPv4Address]:
        """Give namespace and address of "a1" (the host) or "a1.c" (its container)."""
        host, _, inner = end.partition(".")
        return names.namespace(self.name, host), self.inner(host) if inner else self.address(host)

    def reaches(
        self, source: str, target: str, port: int = 7000, *, within: float = PATIENCE
    ) -> bool:
        """Open a TCP connection from one end to another."""
        from_ns, from_address = self.where(source)
        to_ns, to_address = self.where(target)
        with listening(to_ns, to_address, port):
            return connects(from_ns, from_address, to_address, port, within=within)


@contextmanager
def listening(namespace: str, address: IPv4Address, port: int) -> Iterator[None]:
    def listen() -> socket.socket:
        server = socket.socket()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((str(address), port))
        server.listen()
        return server

    with namespaces.within(namespace, listen):
        yield


def connects(
    namespace: str,
    source: IPv4Address,
    target: IPv4Address,
    port: int,
    *,
    within: float = PATIENCE,
) -> bool:
    def connect() -> bool:
        with socket.socket() as client:
            client.settimeout(within)
            client.bind((str(source), 0))
            try:
                client.connect((str(target), port))
            except OSError:
                return False
            return True

    return namespaces.within(namespace, connect)


@contextmanager
def town(
    name: str, *hosts: str, half: int = 0, uplink: bool = False, quota: int = 50
) -> Iterator[Town]:
    """Build a town with routed hosts and sweep it afterwards, whatever happened."""
    made = Town(name, half, uplink=uplink, quota=quota)
    try:
        yield made.build(*hosts).route_all(*hosts)
    finally:
        made.lab.sweep()
