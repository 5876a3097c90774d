"""A stack's configuration as typed, frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Literal

Role = Literal["manager", "worker"]
Cloud = Literal["lab"]

ROLES: tuple[Role, ...] = ("manager", "worker")
CLOUDS: tuple[Cloud, ...] = ("lab",)
LAB_IMAGES = ("trixie", "bookworm", "sid")
OFFERED_ZONES: dict[Cloud, tuple[str, ...]] = {"lab": ("a", "b", "c", "d", "e", "f")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A failure domain: its vSwitch (subnet) and the block its hosts' container CIDRs come from."""

    name: str
    zone: str  # the cloud's own zone id; on the lab the name
    subnet: IPv4Network
    containers: IPv4Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Hosts that are alike. `first` is the number of the pool's first slot in every zone."""

    name: str
    role: Role
    first: int
    size: int  # slots the pool may ever hold in a zone: numbers first .. first + size - 1
    hosts: dict[str, int]  # zone name -> number of hosts there
    image: str = ""  # "" is the cloud's own default image
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def numbers(self) -> range:
        """The slot numbers that belong to this pool, used or not."""
        return range(self.first, self.first + self.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The address ranges, each with one owner."""

    vpc: IPv4Network
    containers: IPv4Network
    host_prefix: int  # prefix length of one host's container CIDR
    zones: tuple[Zone, ...]
    docker0: IPv4Network  # the same on every host, never routed
    gwbridge: IPv4Network  # the same on every host, never routed
    overlays: IPv4Network  # Swarm's --default-addr-pool, immutable after init
    peers: tuple[IPv4Network, ...] = ()  # networks of others that must stay reachable


@dataclass(frozen=True, slots=True, kw_only=True)
class LabSettings:
    """What only the lab understands."""

    image: str  # trixie | bookworm | sid
    route_quota: int
    uplink: IPv4Network  # a /30 between the router and this computer


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One stack."""

    name: str
    source: str  # where it was read, for messages: "stacks/Pulumi.lab.yaml"
    cloud: Cloud
    network: Network
    pools: tuple[Pool, ...]
    survivable: bool  # the cluster must survive the loss of any one zone's managers
    batch: int  # workers replaced at once
    operators: tuple[str, ...]  # more public keys that may log in, OpenSSH format
    lab: LabSettings
