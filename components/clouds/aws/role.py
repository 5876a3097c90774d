"""The role that instances carry: without any right, or with those of Session Manager."""

from __future__ import annotations

import json
from typing import Final

import pulumi_aws as aws
from pulumi import Output, ResourceOptions

from components.clouds.aws.site import Site

SSM_POLICY: Final = "policy/AmazonSSMManagedInstanceCore"
_PARTITIONS: Final = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
_ASSUMED_BY_EC2: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def make_profile(site: Site, opts: ResourceOptions) -> Output[str]:
    """The name of the hosts' instance profile.

    Routes are written from outside, so nothing on a host asks AWS's API: a role without policies
    is what a team may add rights to, for a registry for example.
    """
    # IAM knows no regions: an environment of the same name may stand in another one.
    name = f"fairway-{site.environment.name}-{site.settings.region}"
    options = site.options(opts, delete_before_replace=True)
    role = aws.iam.Role(
        "hosts",
        name=name,
        description=f"hosts of {site.environment.name}",
        assume_role_policy=json.dumps(_ASSUMED_BY_EC2),
        tags=site.tags("hosts"),
        opts=options,
    )
    after = []
    if site.settings.ssm:
        rights = aws.iam.RolePolicyAttachment(
            "ssm", role=role.name, policy_arn=_aws_policy(site), opts=options
        )
        after.append(rights)
    profile = aws.iam.InstanceProfile(
        "hosts",
        name=name,
        role=role.name,
        tags=site.tags("hosts"),
        opts=ResourceOptions.merge(options, ResourceOptions(depends_on=after)),
    )
    return profile.name


def _aws_policy(site: Site) -> str:
    """Session Manager's policy, which AWS keeps in each of its partitions."""
    region = site.settings.region
    partition = next((p for start, p in _PARTITIONS.items() if region.startswith(start)), "aws")
    return f"arn:{partition}:iam::aws:{SSM_POLICY}"
