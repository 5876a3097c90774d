"""Where a stand-in builds: the lab of a test, each thing under the id that the cloud gave it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Protocol

from lab.lab import Lab
from lab.model import (
    Machine,
    Prefixes,
    Route,
    RouteTable,
    Rule,
    SecurityGroup,
    Vpc,
    VSwitch,
)
from lab.status import Machines
from tests.support.standin.public import LED, NOWHERE, PublicAddresses

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


class InLab:
    """Builds in the lab of this name, whose other ranges the cloud does not know."""

    def __init__(
        self,
        lab: str,
        *,
        containers: IPv4Network | None,
        uplink: IPv4Network,
        images: Mapping[str, str],
        vpc: IPv4Network | None = None,  # where a cloud's has several blocks: all of its range
        machines: Machines | None = None,  # other than real ones
    ) -> None:
        self._lab = Lab.open(lab, machines=machines)
        self._containers, self._uplink, self._images = containers, uplink, images
        self._vpc = vpc
        self._public = PublicAddresses(lab, uplink)

    def vpc(self, cidr: IPv4Network, *, quota: int, mtu: int) -> None:
        ranges = {"containers": self._containers, "uplink": self._uplink}
        self._lab.put(Vpc(cidr=self._vpc or cidr, **ranges, quota=quota, mtu=mtu))

    def table(self, table: str) -> None:
        self._lab.put(RouteTable(name=table))

    def subnet(self, subnet: str, *, zone: str, cidr: IPv4Network, table: str) -> None:
        self._lab.put(VSwitch(name=subnet, zone=zone, cidr=cidr, table=table))

    def group(self, group: str, rules: Iterable[Rule]) -> None:
        self._lab.put(SecurityGroup(name=group, rules=tuple(rules)))

    def instance(self, instance: Instance) -> None:
        self._lab.put(
            Machine(
                name=instance.id,
                vswitch=instance.subnet,
                address=instance.address,
                image=self._images[instance.image],
                groups=instance.groups,
                user_data=instance.user_data,
                source_dest_check=instance.source_dest_check,
            )
        )

    def route(self, table: str, destination: IPv4Network, instance: str) -> None:
        held = self._lab.get(Machine, instance)
        machine_id = held.status.id if held else instance
        self._lab.put(Route(table=table, destination=destination, machine_id=machine_id))

    def deliver(self, address: str, prefixes: tuple[IPv4Network, ...]) -> None:
        self._lab.put(Prefixes(address=IPv4Address(address), prefixes=prefixes))

    def drop(self, kind: type, name: str) -> None:
        self._lab.delete(kind, name)

    def holds(self, kind: type, name: str) -> bool:
        return self._lab.get(kind, name) is not None

    def runs(self, instance: str) -> bool:
        held = self._lab.get(Machine, instance)
        return held is not None and held.status.state == "running"

    def next_hop(self, table: str, destination: IPv4Network, told: str) -> str:
        held = self._lab.get(Route, f"{table}/{destination}")
        if held is None or held.status.state == "missing":
            return ""
        if held.status.state != "drifted":
            return told  # also to a machine that is off or gone: a black hole stays an entry
        return str(getattr(held.status, "machine", None) or "")

    def restart(self, instance: str) -> None:
        if self.runs(instance):
            self._lab.fail_machine(instance)
        self._lab.restore_machine(instance)

    def publish(self, public: IPv4Address, private: IPv4Address) -> None:
        self._public.lead(public, private)

    def withdraw(self, public: IPv4Address) -> None:
        self._public.close(public)


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
    containers = told["containers"]
    return InLab(
        told["name"],
        containers=IPv4Network(containers) if containers else None,
        uplink=IPv4Network(told["uplink"]),
        images=told["images"],
        vpc=IPv4Network(told["vpc"]) if "vpc" in told else None,
    )
