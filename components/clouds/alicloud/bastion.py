"""The bastion: a small instance with a public address, through which hosts are reached."""

from __future__ import annotations

import pulumi_alicloud as alicloud
from pulumi import Input, Output, ResourceOptions

from components.clouds.alicloud.groups import Groups
from components.clouds.alicloud.machines import Machines
from components.clouds.alicloud.network import Land
from components.clouds.alicloud.site import Site
from components.clouds.alicloud.ways_out import public_address
from components.clouds.bill import BASTION_DISK
from components.clouds.rules import BASTION
from components.remote.way import BY_BASTION


def way_in(
    site: Site,
    machines: Machines,
    land: Land,
    groups: Groups,
    *,
    user_data: Output[str],
    opts: ResourceOptions,
) -> dict[str, Input[str]]:
    """How the plugin reaches hosts: through the bastion that this makes, or straight."""
    wanted = site.settings.bastion
    if wanted is None or groups.bastion is None:
        return {}
    address = public_address(site, BASTION, opts)
    instance = machines.start(
        BASTION,
        image_id=wanted.image,
        instance_type=wanted.type,
        vswitch_id=land.public[wanted.zone],
        security_groups=[groups.bastion],
        user_data=user_data,
        system_disk_size=BASTION_DISK,
        deletion_protection=site.settings.protect,
        tags=site.tags(BASTION, role=BASTION),
        opts=opts,
    )
    bound = alicloud.ecs.EipAssociation(
        BASTION,
        allocation_id=address.id,
        instance_id=instance.id,
        instance_type="EcsInstance",
        opts=site.options(opts, delete_before_replace=True),
    )
    # Whoever goes this way depends on all of it: nodes that leave at the end need it too.
    parts = Output.all(address.ip_address, bound.id, *(rule.id for rule in groups.rules))
    return {BY_BASTION: parts.apply(lambda known: str(known[0]))}
