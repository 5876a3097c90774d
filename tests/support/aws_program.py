"""The program on AWS under mocks."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from components.cluster import Cluster
from components.plan import make_plan
from components.plan.model import Plan
from tests.support.environments import aws_environment
from tests.support.mock_engine import Resources, registered

with warnings.catch_warnings():
    # Where the SDK is imported it warns of old parts of itself; that we use none is an error still.
    warnings.simplefilter("ignore", DeprecationWarning)
    import pulumi_aws

    from components.clouds.aws.driver import AwsCloud

    IMPORTED = (
        pulumi_aws.ec2.Instance,
        pulumi_aws.vpc.SecurityGroupIngressRule,
        pulumi_aws.iam.Role,
    )

Change = Callable[[dict[str, Any]], object]


def own(**keys: object) -> Change:
    """A change of `fairway:aws`."""
    return lambda config: config["aws"].update(keys)


def without_bastion(config: dict[str, Any]) -> None:
    del config["aws"]["bastion"]


def by_ssm(config: dict[str, Any]) -> None:
    del config["aws"]["bastion"], config["aws"]["ssh_from"]
    config["aws"]["ssm"] = True


def existing(config: dict[str, Any]) -> None:
    """Everything stands in a VPC of somebody else, where two zones share a table."""
    config["aws"] |= {
        "nat": "none",
        "existing": {
            "vpc": "vpc-theirs",
            "subnets": {"a": "subnet-a", "b": "subnet-b", "c": "subnet-c"},
            "tables": {"a": "rtb-1", "b": "rtb-2", "c": "rtb-1"},
            "public": {"a": "subnet-public"},
        },
    }


def planned(change: Change = lambda _: None) -> Plan:
    return make_plan(aws_environment(change))


def built(
    change: Change = lambda _: None,
    *,
    recorded: Mapping[str, Any] | None = None,
    running: Mapping[str, str] | None = None,
) -> Resources:
    """What the program registers for `aws_config()` after `change`; the API is not asked."""
    environment = aws_environment(change)

    def program() -> None:
        Cluster(environment, make_plan(environment), AwsCloud(environment)).export()

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAIRWAY_PREFLIGHT", "off")
        patch.setattr("components.clouds.aws.running.running", lambda *_: dict(running or {}))
        return registered(program, recorded=recorded)
