"""The way to the internet: public addresses, NAT gateways, and each zone's entry for the rest."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi_alicloud as alicloud
from pulumi import Output, Resource, ResourceOptions

from components.clouds.alicloud.network import Land
from components.clouds.alicloud.site import Site
from components.clouds.shape import gateways
from components.environment import Zone


def public_address(site: Site, name: str, opts: ResourceOptions) -> alicloud.ecs.EipAddress:
    """An address that stays while what it is bound to comes and goes."""
    return alicloud.ecs.EipAddress(
        name,
        address_name=site.name(name),
        payment_type="PayAsYouGo",
        internet_charge_type="PayByTraffic",
        bandwidth=str(site.settings.bandwidth),
        tags=site.tags(name),
        opts=site.options(opts),
    )


def make_ways_out(
    site: Site, land: Land, zones: Sequence[Zone], opts: ResourceOptions
) -> list[Resource]:
    """Make the gateways that `nat` asks for, with each zone's entry in the chain.

    Returns what hosts go out by, beside the entries.
    """
    leaving = gateways(zones, site.settings.nat)
    made = {zone: _Gateway(site, land, zone, opts) for zone in dict.fromkeys(leaving.values())}
    for zone, by in leaving.items():
        made[by].lead(zone)
    return [made[by].translate(zone) for zone, by in leaving.items()]


class _Gateway:
    """A NAT gateway in a zone's public vSwitch, with its own address."""

    def __init__(self, site: Site, land: Land, zone: str, opts: ResourceOptions) -> None:
        self._site, self._land, self._opts = site, land, opts
        name = f"nat-{zone}"
        self._gateway = alicloud.vpc.NatGateway(
            name,
            vpc_id=land.vpc,
            vswitch_id=land.public[zone],
            nat_gateway_name=site.name(name),
            nat_type="Enhanced",
            network_type="internet",
            payment_type="PayAsYouGo",
            internet_charge_type="PayByLcu",
            tags=site.tags(name),
            opts=site.options(opts),
        )
        address = public_address(site, name, opts)
        bound = alicloud.ecs.EipAssociation(
            name,
            allocation_id=address.id,
            instance_id=self._gateway.id,
            instance_type="Nat",
            opts=site.options(opts, delete_before_replace=True),
        )
        # Bound first: a gateway translates to no address that it does not hold.
        self._address = Output.all(address.ip_address, bound.id).apply(lambda known: str(known[0]))

    def translate(self, zone: str) -> Resource:
        """The zone's hosts appear outside with the gateway's address."""
        return alicloud.vpc.SnatEntry(
            zone,
            snat_table_id=self._gateway.snat_table_ids,
            snat_ip=self._address,
            source_vswitch_id=self._land.switches[zone],
            snat_entry_name=self._site.name(zone),
            opts=self._site.options(self._opts, delete_before_replace=True),
        )

    def lead(self, zone: str) -> None:
        """What no other entry takes goes to the gateway, which writes that in no custom table."""
        self._land.chain.entry(
            f"out-{zone}",
            "0.0.0.0/0",
            table=self._land.tables[zone],
            hop=("NatGateway", self._gateway.id),
            opts=self._opts,
        )
