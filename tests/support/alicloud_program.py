"""The program on Alibaba Cloud under mocks, and what can be asked about what it registered."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from components.cluster import Cluster
from components.plan import make_plan
from components.plan.model import Plan
from tests.support.environments import alicloud_environment
from tests.support.mock_engine import Resources, behind, named, of_kind, registered

with warnings.catch_warnings():
    # Where the SDK is imported it warns of old parts of itself; that we use none is an error still.
    warnings.simplefilter("ignore", DeprecationWarning)
    import pulumi_alicloud

    from components.clouds.alicloud.driver import AlicloudCloud

    IMPORTED = (pulumi_alicloud.vpc.Switch, pulumi_alicloud.ecs.Instance)

__all__ = ["Resources", "behind", "built", "named", "of_kind", "planned"]

Change = Callable[[dict[str, Any]], object]


def own(**keys: object) -> Change:
    """A change of `fairway:alicloud`."""
    return lambda config: config["alicloud"].update(keys)


def without_bastion(config: dict[str, Any]) -> None:
    del config["alicloud"]["bastion"]


def existing(config: dict[str, Any]) -> None:
    """Everything stands in a VPC of somebody else, where two zones share a table."""
    config["alicloud"] |= {
        "nat": "none",
        "existing": {
            "vpc": "vpc-theirs",
            "subnets": {"a": "vsw-a", "b": "vsw-b", "c": "vsw-c"},
            "tables": {"a": "vtb-1", "b": "vtb-2", "c": "vtb-1"},
            "public": {"a": "vsw-public"},
        },
    }


def planned(change: Change = lambda _: None) -> Plan:
    return make_plan(alicloud_environment(change))


def built(
    change: Change = lambda _: None,
    *,
    recorded: Mapping[str, Any] | None = None,
    running: Mapping[str, str] | None = None,
) -> Resources:
    """What the program registers for `alicloud_config()` after `change`; the API is not asked."""
    environment = alicloud_environment(change)

    def program() -> None:
        Cluster(environment, make_plan(environment), AlicloudCloud(environment)).export()

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAIRWAY_PREFLIGHT", "off")
        patch.setattr("components.clouds.alicloud.running.running", lambda *_: dict(running or {}))
        return registered(program, recorded=recorded)
