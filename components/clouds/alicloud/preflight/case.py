"""One preflight's question: what the environment needs, and what stands in the account already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network

from components.clouds.alicloud.api import Answer, Api, under
from components.clouds.alicloud.running import instances
from components.clouds.alicloud.tagged import tag_filter, tags_of
from components.clouds.tags import ENVIRONMENT, SLOT
from components.environment import AlicloudSettings, Environment
from components.host.bastion import BASTION
from components.plan.model import Plan, Slot

TYPES_AT_ONCE = 10  # of DescribeInstanceTypes


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """A machine that the plan has, and where the configuration says what it is."""

    name: str  # a slot's, or "bastion"
    zone: str  # the cloud's id
    type: str
    type_at: str
    image: str
    image_at: str
    disk: int  # GiB; 0 is a bastion's, which fits every image
    disk_at: str
    spot: bool = False


class Case:
    """What every check looks at. What several need is asked of the API once."""

    def __init__(self, environment: Environment, plan: Plan, api: Api) -> None:
        assert isinstance(environment.settings, AlicloudSettings)  # noqa: S101 - the table of clouds says so
        self.environment, self.plan, self.api = environment, plan, api
        self.settings = environment.settings
        self.zones = {zone.name: zone.zone for zone in plan.network.zones}

    def at(self, key: str) -> str:
        """Where a value is written, for messages."""
        return f"{self.environment.source}: fairway:{key}"

    @cached_property
    def wants(self) -> tuple[Want, ...]:
        """Every machine of the plan, and the bastion."""
        slots = [self._want(slot) for slot in self.plan.slots]
        bastion = self.settings.bastion
        if bastion is None:
            return tuple(slots)
        gate = Want(
            name=BASTION,
            zone=self.zones[bastion.zone],
            type=bastion.type,
            type_at=self.at("alicloud.bastion.type"),
            image=bastion.image,
            image_at=self.at(
                f"alicloud{'' if bastion.image == self.settings.image else '.bastion'}.image"
            ),
            disk=0,
            disk_at="",
        )
        return (*slots, gate)

    def _want(self, slot: Slot) -> Want:
        pool = next(pool for pool in self.environment.pools if pool.name == slot.pool)
        own = f"pools.{pool.name}"
        return Want(
            name=slot.name,
            zone=self.zones[slot.zone],
            type=slot.type,
            type_at=self.at(f"{own if pool.type else 'alicloud'}.type"),
            image=slot.image,
            image_at=self.at(f"{own if pool.image else 'alicloud'}.image"),
            disk=slot.disk,
            disk_at=self.at(f"{own if pool.disk else 'alicloud'}.disk"),
            spot=slot.spot,
        )

    @cached_property
    def own(self) -> Mapping[str, Answer]:
        """The environment's instances in any state, by slot; the bastion by its name."""
        gate = {"Name": f"{self.environment.name}-{BASTION}"}
        found = {}
        for instance in instances(self.api, self.environment.name):
            tags = tags_of(instance)
            name = BASTION if gate.items() <= tags.items() else tags.get(SLOT, "")
            found[name] = instance
        return found

    @cached_property
    def new(self) -> tuple[Want, ...]:
        """The machines that do not stand yet, or stand with another type."""
        return tuple(
            w for w in self.wants if self.own.get(w.name, {}).get("InstanceType") != w.type
        )

    @cached_property
    def offered(self) -> Mapping[str, set[str]]:
        """The region's zones, with what can be made in each."""
        answered = under(self.api.call("ecs", "DescribeZones"), "Zones", "Zone")
        return {
            zone["ZoneId"]: set(under(zone, "AvailableResourceCreation", "ResourceTypes"))
            for zone in answered
        }

    @cached_property
    def types(self) -> Mapping[str, Answer]:
        """What the API says about types that are wanted or stand; unknown ones are not there."""
        standing = {instance["InstanceType"] for instance in self.own.values()}
        names = sorted(standing | {want.type for want in self.wants})
        found = [
            kind
            for start in range(0, len(names), TYPES_AT_ONCE)
            for kind in self.api.all(
                "ecs", "DescribeInstanceTypes", InstanceTypes=names[start : start + TYPES_AT_ONCE]
            )
        ]
        return {kind["InstanceTypeId"]: kind for kind in found}

    @cached_property
    def vpcs(self) -> Mapping[str, Answer]:
        """Every VPC of the region."""
        return {vpc["VpcId"]: vpc for vpc in self.api.all("vpc", "DescribeVpcs")}

    @cached_property
    def vpc(self) -> str:
        """The VPC that the environment is in already, or will be; "" if it has none yet."""
        if self.settings.existing is not None:
            return self.settings.existing.vpc
        mine = [
            name
            for name, vpc in self.vpcs.items()
            if tags_of(vpc).get(ENVIRONMENT) == self.environment.name
        ]
        return mine[0] if mine else ""

    def tagged(self) -> list[dict[str, str]]:
        """The filter for what carries this environment's tag."""
        return tag_filter(ENVIRONMENT, self.environment.name)


def custom_entries(case: Case, table: str) -> list[Answer]:
    """A route table's entries that somebody made."""
    return case.api.all(
        "vpc", "DescribeRouteEntryList", RouteTableId=table, RouteEntryType="Custom"
    )


def ranges_of(vpc: Mapping[str, object]) -> tuple[IPv4Network, ...]:
    """A VPC's own ranges: the first and the secondary ones."""
    listed = (vpc.get("CidrBlock"), *under(vpc, "SecondaryCidrBlocks", "SecondaryCidrBlock"))
    return tuple(IPv4Network(str(cidr)) for cidr in listed if cidr)


def overlap(some: Iterable[IPv4Network], others: Iterable[IPv4Network]) -> tuple[str, str] | None:
    """The first two ranges that share addresses, as text."""
    others = tuple(others)
    return next(((str(a), str(b)) for a in some for b in others if a.overlaps(b)), None)
