"""Security groups: who may open a connection to hosts, and to the bastion.

Everything may leave a basic group that has no rule about leaving, so none is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi_alicloud as alicloud
from pulumi import Input, Output, ResourceOptions

from components.clouds.alicloud.site import Site
from components.clouds.rules import BASTION, HOSTS, MEMBERS, Allow, into_bastion, into_hosts
from components.plan.model import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """The groups, and every rule in them."""

    hosts: Output[str]
    bastion: Output[str] | None
    rules: Sequence[alicloud.ecs.SecurityGroupRule]


def make_groups(site: Site, plan: Plan, vpc: Input[str], opts: ResourceOptions) -> Groups:
    """The hosts' group, and the bastion's where there is one."""
    settings = site.settings
    # In a VPC that is not ours this is what stands in the way of a `destroy` by accident.
    kept = {"protect": True} if settings.protect and settings.existing else {}
    hosts = _group(site, HOSTS, vpc, site.options(opts, **kept))
    sources = {MEMBERS: hosts}
    if settings.bastion is None:
        rules = _rules(site, hosts, HOSTS, into_hosts(plan, settings), sources, opts)
        return Groups(hosts=hosts, bastion=None, rules=rules)
    bastion = _group(site, BASTION, vpc, site.options(opts))
    sources[BASTION] = bastion
    rules = _rules(site, hosts, HOSTS, into_hosts(plan, settings), sources, opts)
    rules += _rules(site, bastion, BASTION, into_bastion(settings), sources, opts)
    return Groups(hosts=hosts, bastion=bastion, rules=rules)


def _group(site: Site, name: str, vpc: Input[str], opts: ResourceOptions) -> Output[str]:
    group = alicloud.ecs.SecurityGroup(
        name,
        vpc_id=vpc,
        security_group_name=site.name(name),
        security_group_type="normal",
        # Members of a basic group reach each other on every port unless this says otherwise; it
        # yields to rules, so what the rules let in goes on.
        inner_access_policy="Drop",
        tags=site.tags(name),
        opts=opts,
    )
    return group.id


def _rules(
    site: Site,
    group: Output[str],
    name: str,
    allowed: Sequence[Allow],
    sources: Mapping[str, Output[str]],
    opts: ResourceOptions,
) -> list[alicloud.ecs.SecurityGroupRule]:
    return [
        alicloud.ecs.SecurityGroupRule(
            f"{name}-{allow.key}",
            type="ingress",
            security_group_id=group,
            nic_type="intranet",  # the only one in a VPC
            policy="accept",
            priority=1,
            ip_protocol="all" if allow.protocol == "any" else allow.protocol,
            port_range="{}/{}".format(*(allow.ports or (-1, -1))),
            description=allow.why,
            cidr_ip=str(allow.source) if isinstance(allow.source, IPv4Network) else None,
            source_security_group_id=(
                None if isinstance(allow.source, IPv4Network) else sources[allow.source]
            ),
            opts=site.options(opts),
        )
        for allow in allowed
    ]
