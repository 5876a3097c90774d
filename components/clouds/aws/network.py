"""The VPC with subnets and route tables in every zone, or the named parts of another's VPC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final

import pulumi_aws as aws
from pulumi import CustomResource, Input, Output, ResourceOptions

from components.clouds.aws.site import Site
from components.clouds.shape import distinct
from components.config.model import Existing
from components.environment import Network, Zone
from components.plan.blocks import block_of, blocks

# The table of the public subnets. The point keeps it apart from zones, whose names have none.
PUBLIC_TABLE: Final = "vpc.public"


@dataclass(frozen=True, slots=True, kw_only=True)
class Land:
    """What hosts stand on, all but `routed` by zone; `routed` are the tables with our entries.

    `parts` are what a machine waits for before it needs the network; `gateway` is the way to the
    internet, without which no public address can be used.
    """

    vpc: Input[str]
    subnets: Mapping[str, Output[str]]
    public: Mapping[str, Output[str]]
    tables: Mapping[str, Output[str]]
    routed: Mapping[str, Output[str]]
    parts: tuple[CustomResource, ...] = ()
    gateway: CustomResource | None = None


def existing_land(existing: Existing) -> Land:
    """The named parts of a VPC that is not ours: nothing is made."""
    tables = _known(existing.tables)
    return Land(
        vpc=existing.vpc,
        subnets=_known(existing.subnets),
        public=_known(existing.public),
        tables=tables,
        routed={zone: tables[zone] for zone in distinct(existing.tables)},
    )


def make_land(site: Site, network: Network, opts: ResourceOptions) -> Land:
    """A VPC of our own."""
    builder = _Builder(site, network, opts)
    tables = {zone.name: builder.table(zone.name) for zone in network.zones}
    subnets = {
        zone.name: builder.subnet(zone.name, zone, zone.subnet, tables[zone.name])
        for zone in network.zones
    }
    shared: dict[str, Output[str]] = {}
    if any(zone.public for zone in network.zones):
        shared[PUBLIC_TABLE] = builder.table(PUBLIC_TABLE)
        builder.open(shared[PUBLIC_TABLE])
    public = {
        zone.name: builder.subnet(f"{zone.name}.public", zone, zone.public, shared[PUBLIC_TABLE])
        for zone in network.zones
        if zone.public
    }
    return Land(
        vpc=builder.vpc,
        subnets=subnets,
        public=public,
        tables=tables,
        routed={**tables, **shared},
        parts=tuple(builder.parts),
        gateway=builder.gateway,
    )


class _Builder:
    """Makes the parts of one VPC, and keeps what others wait for."""

    def __init__(self, site: Site, network: Network, opts: ResourceOptions) -> None:
        self._site = site
        self._opts = opts
        self._network = network
        first, *further = blocks(network)
        self.vpc = self._vpc(first)
        self._joined = {block: self._join(block) for block in further}
        self.parts: list[CustomResource] = []
        self.gateway: CustomResource | None = None

    def _vpc(self, block: IPv4Network) -> Output[str]:
        kept = {"protect": True} if self._site.settings.protect else {}
        vpc = aws.ec2.Vpc(
            "vpc",
            cidr_block=str(block),
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self._site.tags("vpc"),
            opts=self._site.options(self._opts, **kept),
        )
        return vpc.id

    def _join(self, block: IPv4Network) -> CustomResource:
        return aws.ec2.VpcIpv4CidrBlockAssociation(
            f"vpc.{block.network_address}",
            vpc_id=self.vpc,
            cidr_block=str(block),
            opts=self._site.options(self._opts),
        )

    def table(self, name: str) -> Output[str]:
        table = aws.ec2.RouteTable(
            name,
            vpc_id=self.vpc,
            tags=self._site.tags(name),
            opts=self._site.options(self._opts),
        )
        return table.id

    def open(self, table: Output[str]) -> None:
        """Lead a table to the internet, through a gateway that this makes."""
        gateway = aws.ec2.InternetGateway(
            "internet",
            vpc_id=self.vpc,
            tags=self._site.tags("internet"),
            opts=self._site.options(self._opts),
        )
        self.gateway = gateway
        route = aws.ec2.Route(
            "internet",
            route_table_id=table,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
            opts=self._site.options(self._opts, delete_before_replace=True),
        )
        self.parts.append(route)

    def subnet(self, name: str, zone: Zone, cidr: IPv4Network, table: Output[str]) -> Output[str]:
        # A subnet's CIDR, and its place in a table, are taken until the old one is gone.
        opts = self._site.options(self._opts, delete_before_replace=True)
        joined = self._joined.get(block_of(self._network, cidr))
        subnet = aws.ec2.Subnet(
            name,
            vpc_id=self.vpc,
            availability_zone=zone.zone,
            cidr_block=str(cidr),
            map_public_ip_on_launch=False,  # the bastion's address is an EIP, and stays
            tags=self._site.tags(name),
            opts=ResourceOptions.merge(opts, ResourceOptions(depends_on=joined)),
        )
        associated = aws.ec2.RouteTableAssociation(
            name, route_table_id=table, subnet_id=subnet.id, opts=opts
        )
        self.parts.append(associated)
        return subnet.id


def _known(ids: Mapping[str, str]) -> dict[str, Output[str]]:
    return {zone: Output.from_input(each) for zone, each in ids.items()}
