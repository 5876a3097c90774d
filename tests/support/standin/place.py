"""Where a stand-in builds: the lab of a test, each thing under the id that the cloud gave it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Protocol

from lab.model import Rule

NOWHERE = IPv4Network("198.51.100.0/24")  # TEST-NET-2 of RFC 5737, where nothing is built
LED = list(IPv4Network("198.18.0.0/16").subnets(new_prefix=24))  # RFC 2544, for tests of networks
VARIABLE = "FAIRWAY_STANDIN"  # JSON: where the cloud's account is, and which lab to build in


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """An instance as a cloud starts it; `user_data` is the text that its cloud-init gets."""

    id: str
    subnet: str
    address: IPv4Address
    image: str  # the cloud's id
    groups: tuple[str, ...]
    user_data: str
    source_dest_check: bool


class Place(Protocol):
    """What a stand-in builds of a cloud; every name is the cloud's id."""

    def vpc(self, cidr: IPv4Network, *, quota: int, mtu: int) -> None: ...
    def table(self, table: str) -> None: ...
    def subnet(self, subnet: str, *, zone: str, cidr: IPv4Network, table: str) -> None: ...
    def group(self, group: str, rules: Iterable[Rule]) -> None: ...
    def instance(self, instance: Instance) -> None: ...
    def route(self, table: str, destination: IPv4Network, instance: str) -> None: ...
    def deliver(self, address: str, prefixes: tuple[IPv4Network, ...]) -> None: ...
    def drop(self, kind: type, name: str) -> None: ...

    def holds(self, kind: type, name: str) -> bool:
        """Whether it is still there; a machine that is off is."""
        ...

    def runs(self, instance: str) -> bool:
        """Whether the instance's machine is on."""
        ...

    def next_hop(self, table: str, destination: IPv4Network, told: str) -> str:
        """The instance that an entry really leads to, "" when it is gone; `told` is the cloud's."""
        ...

    def restart(self, instance: str) -> None:
        """Cut the machine's power and give it back; its disk stays."""
        ...

    def publish(self, public: IPv4Address, private: IPv4Address) -> None:
        """Let a public address lead to a private one, as this computer sees it."""
        ...

    def withdraw(self, public: IPv4Address) -> None:
        """Let a public address lead nowhere."""
        ...


class Nowhere:
    """Builds nothing: for tests and benchmarks of the engine's own share."""

    def vpc(self, cidr: IPv4Network, *, quota: int, mtu: int) -> None: ...
    def table(self, table: str) -> None: ...
    def subnet(self, subnet: str, *, zone: str, cidr: IPv4Network, table: str) -> None: ...
    def group(self, group: str, rules: Iterable[Rule]) -> None: ...
    def instance(self, instance: Instance) -> None: ...
    def route(self, table: str, destination: IPv4Network, instance: str) -> None: ...
    def deliver(self, address: str, prefixes: tuple[IPv4Network, ...]) -> None: ...
    def drop(self, kind: type, name: str) -> None: ...

    def holds(self, kind: type, name: str) -> bool:
        return True

    def runs(self, instance: str) -> bool:
        return True

    def next_hop(self, table: str, destination: IPv4Network, told: str) -> str:
        return told

    def restart(self, instance: str) -> None: ...
    def publish(self, public: IPv4Address, private: IPv4Address) -> None: ...
    def withdraw(self, public: IPv4Address) -> None: ...


def settings() -> dict[str, object]:
    """What the test told the stand-in through its environment."""
    told: dict[str, object] = json.loads(os.environ[VARIABLE])
    return told


def public_addresses() -> Iterator[str]:
    """The addresses that the account may give out; each lab has its own, by its uplink."""
    told = settings().get("lab") if VARIABLE in os.environ else None
    uplink = IPv4Network(told["uplink"]).network_address if isinstance(told, dict) else None
    yield from map(str, (LED[uplink.packed[2]] if uplink else NOWHERE).hosts())


def open_place() -> Place:
    """Open the lab that the test named, or nothing where it named none."""
    told = settings().get("lab")
    if not isinstance(told, dict):
        return Nowhere()
    # Half of a stand-in's start, and most build nothing.
    from tests.support.standin.in_lab import InLab  # noqa: PLC0415

    containers = told["containers"]
    return InLab(
        told["name"],
        containers=IPv4Network(containers) if containers else None,
        uplink=IPv4Network(told["uplink"]),
        images=told["images"],
        vpc=IPv4Network(told["vpc"]) if "vpc" in told else None,
    )
