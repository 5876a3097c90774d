"""A stack's configuration as typed, frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import ClassVar, Final, Literal

Role = Literal["manager", "worker"]
Cloud = Literal["lab", "aws", "alicloud"]
Nat = Literal["zone", "one", "none"]
Routing = Literal["tables", "prefixes"]
BetweenHosts = Literal["services", "swarm"]

ROLES: tuple[Role, ...] = ("manager", "worker")
CLOUDS: tuple[Cloud, ...] = ("lab", "aws", "alicloud")
BETWEEN_HOSTS: tuple[BetweenHosts, ...] = ("services", "swarm")
ROUTINGS: tuple[Routing, ...] = ("tables", "prefixes")
NATS: tuple[Nat, ...] = ("zone", "one", "none")
LAB_IMAGES = ("trixie", "bookworm", "sid")
LAB_ZONES = ("a", "b", "c", "d", "e", "f")

AT_ONCE: Final = "FAIRWAY_AT_ONCE"  # an environment variable: `batch` for one run of the engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A failure domain: its vSwitch (subnet) and the block its hosts' container CIDRs come from."""

    name: str
    zone: str  # the cloud's own zone id; on the lab the name
    subnet: IPv4Network
    containers: IPv4Network
    public: IPv4Network | None = None  # a cloud's second subnet there, with a way to the internet


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Hosts that are alike. `first` is the number of the pool's first slot in every zone."""

    name: str
    role: Role
    first: int
    size: int  # slots the pool may ever hold in a zone: numbers first .. first + size - 1
    hosts: dict[str, int]  # zone name -> number of hosts there
    image: str = ""  # "", here and for type and disk: what the cloud's section says
    type: str = ""
    disk: int = 0  # GiB
    spot: bool = False  # machines that the cloud may take away at any time, for less money
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def numbers(self) -> range:
        """The slot numbers that belong to this pool, used or not."""
        return range(self.first, self.first + self.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The address ranges, each with one owner."""

    vpc: IPv4Network
    containers: IPv4Network | None  # None with prefixes: zones' containers lie in their subnets
    host_prefix: int  # prefix length of one host's container CIDR
    zones: tuple[Zone, ...]
    docker0: IPv4Network  # the same on every host, never routed
    gwbridge: IPv4Network  # the same on every host, never routed
    overlays: IPv4Network  # Swarm's --default-addr-pool, immutable after init
    peers: tuple[IPv4Network, ...] = ()  # networks of others that must stay reachable
    routing: Routing = "tables"

    @property
    def by_prefixes(self) -> bool:
        """Whether interfaces are given their containers' addresses, and no table has entries."""
        return self.routing == "prefixes"

    @property
    def ranges_by_key(self) -> dict[str, IPv4Network]:
        """The ranges that hold all container addresses, by their keys below `fairway:`."""
        if self.containers is not None:
            return {"network.containers": self.containers}
        return {f"network.zones.{zone.name}.containers": zone.containers for zone in self.zones}

    @property
    def ranges(self) -> tuple[IPv4Network, ...]:
        """The ranges that hold all container addresses: one with tables, one a zone else."""
        return tuple(self.ranges_by_key.values())

    @property
    def ranges_text(self) -> str:
        """The ranges in one text, a space between them."""
        return " ".join(map(str, self.ranges))


@dataclass(frozen=True, slots=True, kw_only=True)
class LabSettings:
    """What only the lab understands."""

    key: ClassVar[Cloud] = "lab"

    image: str  # trixie | bookworm | sid
    route_quota: int
    uplink: IPv4Network  # a /30 between the router and this computer
    type: ClassVar[str] = ""
    disk: ClassVar[int] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bastion:
    """The one host with a public address, through which all others are reached."""

    zone: str  # a zone's name
    type: str
    image: str  # the cloud's own id


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """A VPC of somebody else in which hosts are put; ids of the cloud, by zone name."""

    vpc: str
    subnets: Mapping[str, str]
    tables: Mapping[str, str]  # each zone's route table, which gets our entries and no other change
    public: Mapping[str, str]  # where a bastion may stand


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudSettings:
    """What both clouds understand."""

    key: ClassVar[Cloud]
    uplink: ClassVar[None] = None

    region: str
    image: str  # the cloud's own id
    type: str  # of instances
    disk: int  # GiB of a host's system disk
    route_quota: int  # entries of one route table
    nat: Nat
    bastion: Bastion | None
    ssh_from: tuple[IPv4Network, ...]
    between_hosts: BetweenHosts
    protect: bool  # against deletion by accident
    owner: str
    tags: Mapping[str, str]
    existing: Existing | None
    kms_key: str  # "" is the cloud's own key for disks


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsSettings(CloudSettings):
    """What only AWS understands."""

    key: ClassVar[Cloud] = "aws"

    ssm: bool  # Session Manager is the way in: no bastion, no open port


@dataclass(frozen=True, slots=True, kw_only=True)
class AlicloudSettings(CloudSettings):
    """What only Alibaba Cloud understands."""

    key: ClassVar[Cloud] = "alicloud"

    disk_category: str
    bandwidth: int  # Mbit/s of each public address


Settings = LabSettings | AwsSettings | AlicloudSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Generations of the SSH keys of hosts and operator: the one in use, and others accepted."""

    generation: int = 1
    accept: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """When backups of the Swarm are made, and where they go."""

    every: str  # as in EVERY of components/config/backup_keys.py
    keep: int  # of one Swarm
    to: str  # "": the lab's own place; else SCHEME://BUCKET/PREFIX
    role: str = ""  # the RAM role of managers, on Alibaba Cloud


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One stack."""

    name: str
    source: str  # where it was read, for messages: "stacks/Pulumi.lab.yaml"
    network: Network
    pools: tuple[Pool, ...]
    survivable: bool  # the cluster must survive the loss of any one zone's managers
    batch: int  # workers replaced at once
    operators: tuple[str, ...]  # more public keys that may log in, OpenSSH format
    keys: Keys = Keys()
    backup: Backup | Literal[False] | None = None  # None: nothing was said where it has to be
    autolock: bool = False  # managers that restart wait for a key
    settings: Settings  # of the chosen cloud, and so the choice

    @property
    def cloud(self) -> Cloud:
        return self.settings.key
