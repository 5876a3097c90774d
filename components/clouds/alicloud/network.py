"""The VPC with vSwitches and route tables in every zone, or the named parts of another's VPC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi_alicloud as alicloud
from pulumi import Input, Output, Resource, ResourceOptions

from components.clouds.alicloud.routes import Chain
from components.clouds.alicloud.site import Site
from components.clouds.shape import distinct
from components.config.model import Existing
from components.environment import Network, Zone

# The table of the public vSwitches. The point keeps it apart from zones, whose names have none.
PUBLIC_TABLE: Final = "vpc.public"


@dataclass(frozen=True, slots=True, kw_only=True)
class Land:
    """What hosts stand on, all but `routed` by zone; `routed` are the tables with our entries."""

    vpc: Input[str]
    switches: Mapping[str, Output[str]]
    public: Mapping[str, Output[str]]
    tables: Mapping[str, Output[str]]
    routed: Mapping[str, Output[str]]
    chain: Chain


def existing_land(site: Site, existing: Existing) -> Land:
    """The named parts of a VPC that is not ours: nothing is made."""
    tables = _known(existing.tables)
    return Land(
        vpc=existing.vpc,
        switches=_known(existing.subnets),
        public=_known(existing.public),
        tables=tables,
        routed={zone: tables[zone] for zone in distinct(existing.tables)},
        chain=Chain(site, ()),
    )


def make_land(site: Site, network: Network, opts: ResourceOptions) -> Land:
    """A VPC of our own."""
    builder = _Builder(site, network, opts)
    # Custom tables: the VPC's system table belongs to whoever else works in it, ACK for one.
    tables = {zone.name: builder.table(zone.name) for zone in network.zones}
    switches = {zone.name: builder.private(zone, tables[zone.name]) for zone in network.zones}
    outer = [zone for zone in network.zones if zone.public]
    shared: dict[str, Output[str]] = {}
    if outer:
        shared[PUBLIC_TABLE] = builder.table(PUBLIC_TABLE)
    public = {zone.name: builder.public(zone, shared[PUBLIC_TABLE]) for zone in outer}
    return Land(
        vpc=builder.vpc,
        switches=switches,
        public=public,
        tables=tables,
        routed={**tables, **shared},
        chain=Chain(site, builder.parts),
    )


class _Builder:
    """Makes the parts of one VPC, and keeps what others wait for."""

    def __init__(self, site: Site, network: Network, opts: ResourceOptions) -> None:
        self._site = site
        self._opts = opts
        self.vpc = self._vpc(network)
        self.parts: list[Resource] = []  # vSwitches and their tables: no entry before them

    def _vpc(self, network: Network) -> Output[str]:
        kept = {"protect": True} if self._site.settings.protect else {}
        vpc = alicloud.vpc.Network(
            "vpc",
            vpc_name=self._site.name("vpc"),
            cidr_block=str(network.vpc),
            tags=self._site.tags("vpc"),
            opts=self._site.options(self._opts, **kept),
        )
        return vpc.id

    def table(self, name: str) -> Output[str]:
        table = alicloud.vpc.RouteTable(
            name,
            vpc_id=self.vpc,
            associate_type="VSwitch",
            route_table_name=self._site.name(name),
            tags=self._site.tags(name),
            opts=self._site.options(self._opts),
        )
        return table.id

    def private(self, zone: Zone, table: Output[str]) -> Output[str]:
        return self._switch(zone.name, zone.zone, str(zone.subnet), table)

    def public(self, zone: Zone, table: Output[str]) -> Output[str]:
        return self._switch(f"{zone.name}.public", zone.zone, str(zone.public), table)

    def _switch(self, name: str, zone: str, cidr: str, table: Output[str]) -> Output[str]:
        # A vSwitch's CIDR, and its place in a table, are taken until the old one is gone.
        opts = self._site.options(self._opts, delete_before_replace=True)
        switch = alicloud.vpc.Switch(
            name,
            vpc_id=self.vpc,
            zone_id=zone,
            cidr_block=cidr,
            vswitch_name=self._site.name(name),
            tags=self._site.tags(name),
            opts=opts,
        )
        attached = alicloud.vpc.RouteTableAttachment(
            name, route_table_id=table, vswitch_id=switch.id, opts=opts
        )
        self.parts += [switch, attached]
        return switch.id


def _known(ids: Mapping[str, str]) -> dict[str, Output[str]]:
    return {zone: Output.from_input(each) for zone, each in ids.items()}
