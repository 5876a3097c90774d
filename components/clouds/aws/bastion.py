"""The ways in: a small instance with a public address, Session Manager, or straight."""

from __future__ import annotations

import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components.clouds.aws.groups import Groups
from components.clouds.aws.machines import Machines
from components.clouds.aws.network import Land
from components.clouds.aws.site import Site
from components.clouds.aws.ways_out import public_address
from components.clouds.bill import BASTION_DISK
from components.clouds.rules import BASTION
from components.remote.way import BY_BASTION, BY_SSM


def way_in(
    site: Site,
    machines: Machines,
    land: Land,
    groups: Groups,
    *,
    user_data: Output[str],
    opts: ResourceOptions,
) -> dict[str, Input[str]]:
    """How the plugin reaches hosts; makes the bastion where one is wanted."""
    if site.settings.ssm:
        return {BY_SSM: site.settings.region}
    wanted = site.settings.bastion
    if wanted is None or groups.bastion is None:
        return {}
    address = public_address(site, land, BASTION, opts)
    instance = machines.start(
        BASTION,
        ami=wanted.image,
        instance_type=wanted.type,
        subnet_id=land.public[wanted.zone],
        vpc_security_group_ids=[groups.bastion],
        user_data=user_data,
        disk=BASTION_DISK,
        protect=site.settings.protect,
        tags=site.tags(BASTION, role=BASTION),
        opts=opts,
    )
    bound = aws.ec2.EipAssociation(
        BASTION,
        allocation_id=address.id,
        instance_id=instance.id,
        opts=site.options(opts, delete_before_replace=True),
    )
    # Whoever goes this way depends on all of it: nodes that leave at the end need it too.
    rules = [rule.id for rule in groups.rules]
    parts = Output.all(address.public_ip, bound.id, *rules, *(part.id for part in land.parts))
    return {BY_BASTION: parts.apply(lambda known: str(known[0]))}
