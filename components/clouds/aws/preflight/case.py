"""What one preflight judges: the environment, and each machine that it wants with its reasons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network

from components.clouds.bill import BASTION_DISK
from components.clouds.rules import BASTION
from components.clouds.shape import gateways
from components.environment import AwsSettings, Environment, Zone
from components.plan.blocks import blocks
from components.plan.model import Plan, Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine that is wanted. `type_key` and `image_key` are where the stack's file says it."""

    name: str  # of its slot, or BASTION
    zone: Zone
    type: str
    image: str
    spot: bool
    disk: int  # GiB
    type_key: str
    image_key: str


class Case:
    """One environment, judged once."""

    def __init__(self, environment: Environment, plan: Plan, settings: AwsSettings) -> None:
        self.environment = environment
        self.plan = plan
        self.settings = settings
        self.network = environment.network

    def at(self, key: str) -> str:
        """A place in the stack's file, as messages name it."""
        return f"{self.environment.source}: fairway:{key}"

    @cached_property
    def zones(self) -> dict[str, Zone]:
        return {zone.name: zone for zone in self.network.zones}

    @cached_property
    def hosts(self) -> tuple[Machine, ...]:
        return tuple(map(self._host, self.plan.slots))

    @cached_property
    def blocks(self) -> tuple[IPv4Network, ...]:
        """What the VPC is made of, the first block first; an existing one is not made."""
        return blocks(self.network) if self.settings.existing is None else ()

    @cached_property
    def machines(self) -> tuple[Machine, ...]:
        return tuple(self._machines())

    @cached_property
    def nat_zones(self) -> tuple[Zone, ...]:
        """Where a NAT gateway of ours stands."""
        names = set(gateways(self.network.zones, self.settings.nat).values())
        return tuple(zone for zone in self.network.zones if zone.name in names)

    @cached_property
    def ranges(self) -> tuple[tuple[str, IPv4Network], ...]:
        """Our ranges that no route of others may lead to, by key; the VPC's own is not one."""
        network = self.network
        return (
            *network.ranges_by_key.items(),
            ("network.docker0", network.docker0),
            ("network.gwbridge", network.gwbridge),
            ("network.overlays", network.overlays),
        )

    def _machines(self) -> Iterator[Machine]:
        yield from self.hosts
        bastion = self.settings.bastion
        if bastion is None:
            return
        own = bastion.image != self.settings.image
        yield Machine(
            name=BASTION,
            zone=self.zones[bastion.zone],
            type=bastion.type,
            image=bastion.image,
            spot=False,
            disk=BASTION_DISK,
            type_key="aws.bastion.type",
            image_key="aws.bastion.image" if own else "aws.image",
        )

    def _host(self, slot: Slot) -> Machine:
        pool = next(pool for pool in self.environment.pools if pool.name == slot.pool)
        section = f"pools.{pool.name}"
        return Machine(
            name=slot.name,
            zone=self.zones[slot.zone],
            type=slot.type,
            image=slot.image,
            spot=slot.spot,
            disk=slot.disk,
            type_key=f"{section}.type" if pool.type else "aws.type",
            image_key=f"{section}.image" if pool.image else "aws.image",
        )
