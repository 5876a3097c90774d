"""What verify is told, what it asks of a cloud, and what it finds: frozen values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Final, Literal, Protocol

from components.remote.endpoint import Endpoint, Session

Place = Literal["container", "host", "bridge"]
Kind = Literal["tcp", "mtu", "ping", "published", "outside"]
BetweenHosts = Literal["services", "swarm"]

OWN_GROUP: Final = "members"  # of the hosts' own group, as a rule's peer and as a machine's group


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A host as the plan has it. `address` is its own address in the VPC, which others see."""

    name: str
    zone: str
    endpoint: Endpoint
    containers: IPv4Network
    address: IPv4Address


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFacts:
    """What the plan says about the whole network.

    `ranges` hold all container addresses: one, or each zone's where prefixes lead to containers.
    `outside` is an address beyond the VPC that answers ping (on the lab: the computer's end
    of the uplink); None leaves out the check that containers reach the world. `between_hosts`
    is what security groups let a host open on another one: any port ("services"), or what Swarm
    itself needs and nothing more ("swarm"), so that no published port can be promised.
    """

    environment: str
    vpc: IPv4Network
    ranges: tuple[IPv4Network, ...]
    outside: IPv4Address | None = None
    between_hosts: BetweenHosts = "services"

    @property
    def by_prefixes(self) -> bool:
        """Whether interfaces are given the containers' addresses: only those are the VPC's own."""
        return all(each.subnet_of(self.vpc) for each in self.ranges)

    @property
    def ranges_text(self) -> str:
        return ", ".join(map(str, self.ranges))

    def is_inner(self, address: IPv4Address) -> bool:
        return any(address in each for each in self.ranges)


class Opens(Protocol):
    """Gives sessions to hosts; the one to a host is kept and given again."""

    def to(self, endpoint: Endpoint, *, deadline: float = ...) -> Session: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A route table's most specific entry for an address, as the cloud's API shows it.

    `next_hop` is the slot whose machine the entry points at, or "" when that machine is gone.
    `text` is the entry in the cloud's own words, shown as evidence.
    """

    destination: IPv4Network
    next_hop: str
    active: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A new connection as a host's security groups judge it."""

    direction: Literal["in", "out"]
    peer: IPv4Address
    protocol: Literal["tcp", "icmp"]
    port: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRule:
    """A rule of the hosts' group, in the words that all clouds share.

    `peer` is a CIDR, OWN_GROUP, "bastion", or the id of a group that is not the environment's.
    `ports` is an inclusive pair, None where there are none or all.
    """

    direction: Literal["in", "out"]
    peer: str
    protocol: str = "any"
    ports: tuple[int, int] | None = None
    drops: bool = False

    def __str__(self) -> str:
        low, high = self.ports or (0, 0)
        ports = f" {low}" + f"-{high}" * (low != high) if self.ports else ""
        way = "from" if self.direction == "in" else "to"
        verb = "drop" if self.drops else "let"
        what = "all" if self.protocol == "any" else self.protocol
        return f"{verb} {what}{ports} {self.direction} {way} {self.peer}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """All of an environment's network at one moment, as the cloud's API shows it.

    `tables` are those that `up` made or was given, by the zone they are for; `serving` is the table
    that the zone's subnet has now. `entries` are by table; a table that is gone is not there.
    `machines` are states by slot, and `groups` what each wears: OWN_GROUP, or the id of another.
    `prefixes` are what each slot's interface is given beside its address.
    """

    tables: Mapping[str, str]
    serving: Mapping[str, str]
    entries: Mapping[str, tuple[Entry, ...]]
    machines: Mapping[str, str]
    checked: frozenset[str]  # slots whose source/destination check is on
    groups: Mapping[str, tuple[str, ...]]
    rules: frozenset[GroupRule]  # of the hosts' own group
    prefixes: Mapping[str, tuple[IPv4Network, ...]] = field(default_factory=dict)


class NetworkView(Protocol):
    """A cloud's own tables, read as they are now. Each call may ask the cloud's API."""

    def machine(self, slot: str) -> str:
        """Give the state of the slot's machine: "running", "stopped" or "absent"."""

    def table(self, zone: str) -> str:
        """Name the route table that the zone's subnet is associated with."""

    def entry(self, zone: str, address: IPv4Address) -> Entry | None:
        """Give the most specific entry for the address in the zone's table, if there is one."""

    def source_dest_check(self, slot: str) -> bool:
        """Tell whether the cloud drops what is not from or to the machine's own address."""

    def prefixes(self, slot: str) -> tuple[IPv4Network, ...]:
        """Give the prefixes that the cloud delivers to the slot's interface."""

    def refusal(self, slot: str, flow: Flow) -> str:
        """Give "" if a group of the slot's machine allows the flow, else its rules as evidence."""

    def held(self) -> Held:
        """Give everything at once, to be compared with the plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question, asked from a place on the source host.

    `expect` is the source address that the far side must see ("" = does not matter).
    """

    source: str
    place: Place
    kind: Kind
    target: str  # a slot's name, or "outside"
    address: str
    port: int = 0
    expect: str = ""

    @property
    def pair(self) -> tuple[str, str]:
        return self.source, self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A check and what came back: "seen ADDRESS", "ok", "lost ...".

    More words: "small" and "stalled" where only small packets pass, "unasked" where the probe
    itself could not run.
    """

    check: Check
    word: str
    detail: str = ""

    @property
    def arrived(self) -> bool:
        return self.word in {"seen", "ok"}

    @property
    def good(self) -> bool:
        expected = self.check.expect
        return self.arrived and (not expected or self.detail == expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The first wrong hop on a way, and what was seen there that proves it.

    `about` is the host whose containers are not reached because of it, "" for the one that `where`
    names; `short` is the fault in a clause, for a sentence about that host.
    """

    cause: str  # one of the names in diagnose.py, stable for programs
    where: str  # a host, a route table, a security group
    what: str
    evidence: str = ""
    hint: str
    about: str = ""
    short: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One fault with everything that it explains."""

    fault: Fault
    pairs: tuple[tuple[str, str], ...]
    checks: tuple[str, ...]  # what failed, in words, without repeats


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One thing of the network that is not as planned, whether or not a probe felt it.

    `kind` is stable for programs: a cause of diagnose.py, or a name in compare.py. `about` is the
    host that it concerns, "" for none.
    """

    kind: str
    where: str
    found: str
    wanted: str
    repair: str
    about: str = ""
