"""The way to the internet: public addresses, NAT gateways, and each zone's route to one."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi_aws as aws
from pulumi import Output, Resource, ResourceOptions

from components.clouds.aws.network import Land
from components.clouds.aws.site import Site
from components.clouds.shape import gateways
from components.environment import Zone


def public_address(site: Site, land: Land, name: str, opts: ResourceOptions) -> aws.ec2.Eip:
    """An address that stays while what it is bound to comes and goes."""
    # AWS lets a public address be used only where the VPC has an internet gateway.
    after = [land.gateway] if land.gateway else []
    return aws.ec2.Eip(
        name, domain="vpc", tags=site.tags(name), opts=site.options(opts, depends_on=after)
    )


def make_ways_out(
    site: Site, land: Land, zones: Sequence[Zone], opts: ResourceOptions
) -> list[Resource]:
    """Make the gateways that `nat` asks for, and each zone's route to its own; returns those."""
    leaving = gateways(zones, site.settings.nat)
    made = {zone: _gateway(site, land, zone, opts) for zone in dict.fromkeys(leaving.values())}
    return [
        aws.ec2.Route(
            f"out-{zone}",
            route_table_id=land.tables[zone],
            destination_cidr_block="0.0.0.0/0",
            nat_gateway_id=made[by],
            opts=site.options(opts, delete_before_replace=True),
        )
        for zone, by in leaving.items()
    ]


def _gateway(site: Site, land: Land, zone: str, opts: ResourceOptions) -> Output[str]:
    """A NAT gateway in a zone's public subnet, with its own address."""
    name = f"nat-{zone}"
    address = public_address(site, land, name, opts)
    gateway = aws.ec2.NatGateway(
        name,
        subnet_id=land.public[zone],
        allocation_id=address.id,
        connectivity_type="public",
        tags=site.tags(name),
        # Its address is bound to it until it is gone.
        opts=site.options(opts, delete_before_replace=True),
    )
    return gateway.id
