"""A network on paper: hosts, tables, groups. Plain values, made from a plan or from what stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network
from typing import Final, Literal

OUT: Final = "out"  # the next hop of an entry that leads out of the VPC
Direction = Literal["in", "out"]
Protocol = Literal["tcp", "udp", "icmp", "any"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Lets new connections of a group's members pass; answers pass by themselves.

    `peer` is the other side: a CIDR, or a group's name, which stands for its members' own
    addresses and never for their containers'. `ports` is an inclusive pair, None means all.
    """

    direction: Direction
    peer: IPv4Network | str
    protocol: Protocol = "any"
    ports: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A machine in its slot. `forwards` is whether it passes packets on to its containers."""

    name: str
    zone: str
    address: IPv4Address
    containers: IPv4Network
    groups: tuple[str, ...] = ()
    source_dest_check: bool = False
    running: bool = True
    forwards: bool = True


@dataclass(frozen=True, kw_only=True)
class World:
    """Everything that decides where a packet goes.

    `tables` holds each table's entries: destination to the slot of the next hop, or OUT; the VPC's
    own range is in every table by itself. `associations` is the table of each zone. `groups` holds
    each group's rules; a group with no rule "out" lets everything out, as the clouds' do.
    `prefixes` are what interfaces are given beside the hosts' own addresses, by their hosts; None
    where containers lie outside the VPC, and entries alone lead to them.
    """

    hosts: Mapping[str, Host]
    tables: Mapping[str, Mapping[IPv4Network, str]]
    associations: Mapping[str, str]
    groups: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    prefixes: Mapping[IPv4Network, str] | None = None

    @cached_property
    def owners(self) -> Mapping[IPv4Address, Host]:
        """The host of each host address."""
        return {host.address: host for host in self.hosts.values()}

    @cached_property
    def ranges(self) -> Mapping[IPv4Network, Host]:
        """The host of each container CIDR."""
        return {host.containers: host for host in self.hosts.values()}

    @cached_property
    def range_lengths(self) -> frozenset[int]:
        """The prefix lengths of container CIDRs."""
        return frozenset(each.prefixlen for each in self.ranges)

    @cached_property
    def lengths(self) -> Mapping[str, tuple[int, ...]]:
        """The prefix lengths that each table has, the longest first.

        With them a lookup costs as many steps as there are lengths, whatever the entries.
        """
        return {
            name: tuple(sorted({each.prefixlen for each in table}, reverse=True))
            for name, table in self.tables.items()
        }

    @cached_property
    def members(self) -> Mapping[str, frozenset[IPv4Address]]:
        """Each group's members' own addresses."""
        found: dict[str, set[IPv4Address]] = {name: set() for name in self.groups}
        for host in self.hosts.values():
            for group in host.groups:
                found.setdefault(group, set()).add(host.address)
        return {name: frozenset(addresses) for name, addresses in found.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A new connection, or a ping with no port."""

    source: IPv4Address
    target: IPv4Address
    protocol: Literal["tcp", "udp", "icmp"] = "tcp"
    port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether it arrives and the answer comes back; else the first rule that says no.

    `cause` is a word of verify's own (components/verify/report.py), `where` the thing that says
    no, `why` its sentence; all are "" when it arrives.
    """

    cause: str = ""
    where: str = ""
    why: str = ""

    @property
    def arrives(self) -> bool:
        return not self.cause

    def __str__(self) -> str:
        return f"{self.where}: {self.why}" if self.cause else "arrives"
