"""What a lab holds: one frozen kind for each thing a cloud would list, and what is known of it.

A *spec* is what somebody asked for; a *status* is what the kernel shows at the moment of asking,
so a status tells drift: a rule that was flushed, an entry that was deleted, a machine that died.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Generic, Literal, TypeVar

ETHERNET_MTU = 1500

Direction = Literal["in", "out"]
Protocol = Literal["tcp", "udp", "icmp", "any"]

# ready: as recorded. drifted: there, but not as recorded (`faults` says how).
# missing: recorded, but the kernel does not have it.
# running, stopped: a machine. failed: a machine that was made to fail, itself or with its zone.
# active: an entry, or prefixes, that carry packets. blackhole: their machine is stopped or gone.
State = Literal[
    "ready", "drifted", "missing", "running", "stopped", "failed", "active", "blackhole"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vpc:
    """The lab's one private network. All ranges must be free on this computer.

    `containers` is the range that entries of route tables lead to, None where containers have
    addresses of the VPC (`Prefixes`). `quota` is the number of entries each route table may hold.
    `uplink` is the /30 between the computer (first address) and the router (second); None makes a
    lab with no way in or out. `mtu` is the largest packet between machines; the uplink's stays
    1500.
    """

    cidr: IPv4Network
    containers: IPv4Network | None = None
    uplink: IPv4Network | None = None
    quota: int = 200
    mtu: int = ETHERNET_MTU

    @property
    def name(self) -> str:
        return "vpc"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTable:
    """A table of the VPC; vSwitches that name it send their packets by it."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VSwitch:
    """A subnet in one zone. Its first address is the gateway. The table may change in place."""

    name: str
    zone: str
    cidr: IPv4Network
    table: str

    @property
    def gateway(self) -> IPv4Address:
        return self.cidr.network_address + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Lets packets pass. `source` is the other side: a CIDR, or a group's name.

    A group stands for its members' own addresses and never for their containers', as on AWS and
    Alibaba. `ports` is an inclusive pair and belongs to tcp and udp only; None means all.
    """

    direction: Direction
    source: IPv4Network | str
    protocol: Protocol = "any"
    ports: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroup:
    """Stateful rules for its members. With no rule "out" everything may leave, as in the clouds.

    Nothing may come in but by a rule. What answers an admitted packet always passes.
    """

    name: str
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine. `groups` and `source_dest_check` change in place; the rest needs a new machine.

    `user_data` is a cloud-init document; it carries a host key and therefore has no repr.
    """

    name: str
    vswitch: str
    address: IPv4Address
    image: str = "trixie"
    groups: tuple[str, ...] = ()
    user_data: str = field(default="", repr=False)
    source_dest_check: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An entry of one table towards a machine *id*; the id may change in place.

    An entry whose machine is stopped or gone is a black hole, and still counts for the quota.
    """

    table: str
    destination: IPv4Network
    machine_id: str

    @property
    def name(self) -> str:
        """The entry's key, "table/destination"."""
        return f"{self.table}/{self.destination}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefixes:
    """Parts of a vSwitch, each a /28, that are delivered to the interface with that address.

    They stay with the address while its machine is off, gone or another one. No table has an entry
    for them, and the source/destination check knows them as the machine's own.
    """

    address: IPv4Address
    prefixes: tuple[IPv4Network, ...]

    @property
    def name(self) -> str:
        """The key, the interface's address."""
        return str(self.address)


Spec = Vpc | RouteTable | VSwitch | SecurityGroup | Machine | Route | Prefixes


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How a thing stands now. `faults` holds one sentence for each difference found."""

    id: str
    state: State
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineStatus(Status):
    """A machine's status; the id is the machine's own and no later machine has it."""

    zone: str
    address: IPv4Address
    gateway: IPv4Address


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteStatus(Status):
    """An entry's status. `machine` is the name of the machine it leads to, None if it is gone."""

    machine: str | None


S = TypeVar("S", bound=Spec)


@dataclass(frozen=True, slots=True)
class Held(Generic[S]):
    """A recorded thing and how it stands."""

    spec: S
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the router does with an address, read from the kernel.

    `kind` is "route" for a table's own entry, "local" for an address of the VPC, "default" for
    the way out, "none" where nothing matches and the packet is dropped. `machine` and
    `machine_id` name the next hop where it is a machine. `state` is that of a route.
    """

    table: str
    destination: IPv4Network
    kind: Literal["route", "local", "default", "none"]
    state: Literal["active", "blackhole", "missing"]
    machine: str | None = None
    machine_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drops:
    """Packets the router dropped for one machine since the rules were last loaded.

    `source` and `destination` are the source/destination check's: packets *from* the machine with
    a foreign source, packets *to* it with a foreign destination. `group_in` and `group_out` are
    its security groups'.
    """

    source: int = 0
    destination: int = 0
    group_in: int = 0
    group_out: int = 0
