"""A stand-in's things as a test's lab has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network

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
from tests.support.standin.place import Instance
from tests.support.standin.public import PublicAddresses


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
