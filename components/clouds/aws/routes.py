"""Routes to containers: the same destination in every table, behind the slot's network interface.

By interface and not by instance: AWS refuses an instance as a target once it has two interfaces.
A route changes its target in place, so the tables are never without an entry.
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components.clouds.aws.site import Site
from components.clouds.base import Entry
from components.plan.model import Slot


def entries(
    site: Site,
    slot: Slot,
    tables: Mapping[str, Output[str]],
    interface: Input[str],
    opts: ResourceOptions,
) -> Entry:
    """A slot's container CIDR in every table."""
    made = tuple(
        aws.ec2.Route(
            # The name ends like those of everything else that a slot has: `--target '**::a1'`.
            f"{name}::{slot.name}",
            route_table_id=table,
            destination_cidr_block=str(slot.containers),
            network_interface_id=interface,
            opts=site.options(opts, delete_before_replace=True),  # a table takes it once
        )
        for name, table in tables.items()
    )
    hops = Output.all(*(Output.concat(each.id, " ", each.network_interface_id) for each in made))
    return Entry(resources=made, revision=hops.apply(" ".join))
