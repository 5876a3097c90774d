"""Security groups: who may open a connection to hosts, and to the bastion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final

import pulumi_aws as aws
from pulumi import CustomResource, Input, Output, ResourceOptions

from components.clouds.aws.site import Site
from components.clouds.rules import BASTION, HOSTS, MEMBERS, Allow, into_bastion, into_hosts
from components.plan.model import Plan

_ALL: Final = "-1"  # every protocol; AWS takes no ports with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """The groups, and every rule in them."""

    hosts: Output[str]
    bastion: Output[str] | None
    rules: Sequence[CustomResource]

    @property
    def revision(self) -> Output[str]:
        """The ids of the rules: AWS gives a new one where another kind of source is let in."""
        return Output.all(*(rule.id for rule in self.rules)).apply(" ".join)


def make_groups(site: Site, plan: Plan, vpc: Input[str], opts: ResourceOptions) -> Groups:
    """The hosts' group, and the bastion's where there is one."""
    settings = site.settings
    # In a VPC that is not ours this is what stands in the way of a `destroy` by accident.
    kept = {"protect": True} if settings.protect and settings.existing else {}
    hosts = _group(site, HOSTS, vpc, site.options(opts, **kept))
    sources = {MEMBERS: hosts}
    bastion = None
    if settings.bastion is not None:
        bastion = _group(site, BASTION, vpc, site.options(opts))
        sources[BASTION] = bastion
    rules = _rules(site, hosts, HOSTS, into_hosts(plan, settings), sources, opts)
    if bastion is not None:
        rules += _rules(site, bastion, BASTION, into_bastion(settings), sources, opts)
    return Groups(hosts=hosts, bastion=bastion, rules=rules)


def _group(site: Site, name: str, vpc: Input[str], opts: ResourceOptions) -> Output[str]:
    group = aws.ec2.SecurityGroup(
        name,
        vpc_id=vpc,
        description=f"{name} of {site.environment.name}",
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
) -> list[CustomResource]:
    # The provider takes away the rule that lets everything out, which AWS gives to a new group.
    out = aws.vpc.SecurityGroupEgressRule(
        f"{name}-out",
        security_group_id=group,
        ip_protocol=_ALL,
        cidr_ipv4="0.0.0.0/0",
        description="everything may leave",
        tags=site.tags(f"{name}-out"),
        opts=site.options(opts),
    )
    return [out, *(_ingress(site, group, name, allow, sources, opts) for allow in allowed)]


def _ingress(
    site: Site,
    group: Output[str],
    name: str,
    allow: Allow,
    sources: Mapping[str, Output[str]],
    opts: ResourceOptions,
) -> CustomResource:
    source = allow.source
    by_range = isinstance(source, IPv4Network)
    low, high = _ports(allow)
    return aws.vpc.SecurityGroupIngressRule(
        f"{name}-{allow.key}",
        security_group_id=group,
        ip_protocol=_ALL if allow.protocol == "any" else allow.protocol,
        from_port=low,
        to_port=high,
        cidr_ipv4=str(source) if by_range else None,
        referenced_security_group_id=None if isinstance(source, IPv4Network) else sources[source],
        description=allow.why,
        tags=site.tags(f"{name}-{allow.key}"),
        opts=site.options(opts),
    )


def _ports(allow: Allow) -> tuple[int | None, int | None]:
    if allow.ports:
        return allow.ports
    # For icmp the two are type and code, and -1 is every one.
    return (-1, -1) if allow.protocol == "icmp" else (None, None)
