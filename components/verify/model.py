"""What verify is told, what it asks of a cloud, and what it finds: frozen values only."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Literal, Protocol

from components.remote.endpoint import Endpoint, Session

Place = Literal["container", "host", "bridge"]
Kind = Literal["tcp", "mtu", "ping", "published", "outside"]


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

    `outside` is an address beyond the VPC that answers ping (on the lab: the computer's end
    of the uplink); None leaves out the check that containers reach the world.
    """

    environment: str
    vpc: IPv4Network
    containers: IPv4Network
    outside: IPv4Address | None = None


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

    def refusal(self, slot: str, flow: Flow) -> str:
        """Give "" if a group of the slot's machine allows the flow, else its rules as evidence."""


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
    """The first wrong hop on a way, and what was seen there that proves it."""

    cause: str  # one of the names in diagnose.py, stable for programs
    where: str  # a host, a route table, a security group
    what: str
    evidence: str = ""
    hint: str

    def sentence(self) -> str:
        seen = f" [{self.evidence}]" if self.evidence else ""
        return f"{self.where}: {self.what}{seen}; {self.hint}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One fault with everything that it explains."""

    fault: Fault
    pairs: tuple[tuple[str, str], ...]
    checks: tuple[str, ...]  # what failed, in words, without repeats
