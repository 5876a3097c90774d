"""Containers without entries: their part of each subnet, set aside, and each host's share of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi_aws as aws
from pulumi import CustomResource, Input, Output, ResourceOptions

from components.clouds.aws.site import Site
from components.clouds.base import Entry
from components.environment import Zone
from components.plan.model import Slot
from components.plan.slots import prefixes
from components.resources import Owned


class InterfacePrefixes(Owned):
    """What AWS delivers to a network interface beside its own address: /28s of its subnet."""

    def __init__(
        self,
        name: str,
        *,
        region: Input[str],
        interface: Input[str],
        prefixes: Sequence[Input[str]],
        opts: ResourceOptions | None = None,
    ) -> None:
        inputs = {"region": region, "interface": interface, "prefixes": prefixes}
        super().__init__("aws:Prefixes", name, inputs, opts)


def set_aside(
    site: Site, zones: Sequence[Zone], subnets: Mapping[str, Output[str]], opts: ResourceOptions
) -> list[CustomResource]:
    """Keep the containers' part of each subnet for those who ask for addresses by name.

    Of the type "explicit": with "prefix" EC2 would give ours to whoever wants just any prefix.
    """
    return [
        aws.ec2.SubnetCidrReservation(
            zone.name,
            subnet_id=subnets[zone.name],
            cidr_block=str(zone.containers),
            reservation_type="explicit",
            description=f"containers of {site.environment.name} in zone {zone.name}",
            opts=site.options(opts, delete_before_replace=True),  # two may not overlap
        )
        for zone in zones
    ]


def delivered(site: Site, slot: Slot, interface: Input[str], opts: ResourceOptions) -> Entry:
    """A slot's containers, as prefixes of the network interface of its machine."""
    made = InterfacePrefixes(
        slot.name,
        region=site.settings.region,
        interface=interface,
        prefixes=[str(prefix) for prefix in prefixes(slot.containers)],
        opts=opts,
    )
    return Entry(resources=(made,), revision=made.revision)
