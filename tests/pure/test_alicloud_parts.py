"""What the driver for Alibaba Cloud knows without asking anybody, and the files beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from components.clouds.alicloud.actions import ACTIONS
from components.clouds.alicloud.jumbo import mtu_of, supports
from components.clouds.shape import distinct, gateways, view_of
from components.environment import AlicloudSettings, Environment, read_stack_file
from components.plan import make_plan
from tests.support.environments import alicloud_environment
from tests.support.source import ROOT

EXAMPLES = ("ali-staging", "ali-production")
GUIDE = (ROOT / "docs/alicloud.md").read_text(encoding="utf-8")
POLICY: Mapping[str, Any] = json.loads((ROOT / "docs/policies/alicloud.json").read_text())


@pytest.mark.parametrize("kind", ["ecs.g8i.large", "ecs.c8ine.4xlarge", "ecs.r9i.xlarge"])
def test_the_families_with_jumbo_frames_are_known(kind: str) -> None:
    assert supports(kind)


@pytest.mark.parametrize(
    "kind", ["ecs.g7.large", "ecs.u1-c1m2.large", "ecs.g8is.large", "ecs.r8ine.large", "m7i.large"]
)
def test_a_family_that_is_not_known_counts_as_plain(kind: str) -> None:
    assert not supports(kind)


def test_one_plain_type_makes_packets_plain_for_all() -> None:
    assert mtu_of(["ecs.g8i.large", "ecs.c8a.large"]) == 8500
    assert mtu_of(["ecs.g8i.large", "ecs.g7.large"]) == 1500


def test_a_zone_leaves_by_its_own_gateway_by_the_first_zones_or_by_none() -> None:
    zones = alicloud_environment().network.zones

    assert gateways(zones, "zone") == {"a": "a", "b": "b", "c": "c"}
    assert gateways(zones, "one") == {"a": "a", "b": "a", "c": "a"}
    assert gateways(zones, "none") == {}


def test_a_table_that_zones_share_counts_once() -> None:
    assert distinct({"a": "t1", "b": "t2", "c": "t1"}) == {"a": "t1", "b": "t2"}


def test_the_plugin_is_told_each_zones_table() -> None:
    assert view_of("alicloud", "eu-central-1", "prod", {"a": "t1"}) == {
        "alicloud": "eu-central-1",
        "environment": "prod",
        "table-a": "t1",
    }


# -- the worked stacks


def example(stack: str) -> Environment:
    return read_stack_file(ROOT / f"stacks/Pulumi.{stack}.yaml")


@pytest.mark.parametrize("stack", EXAMPLES)
def test_a_worked_stack_is_sound_and_one_can_log_in(stack: str) -> None:
    environment = example(stack)
    settings = environment.settings

    assert make_plan(environment).slots
    assert isinstance(settings, AlicloudSettings)
    assert settings.bastion is not None
    assert [str(source) for source in settings.ssh_from] == ["203.0.113.0/24"]  # nobody's


def test_staging_is_cheap_and_can_be_thrown_away() -> None:
    environment = example("ali-staging")

    assert environment.settings.key == "alicloud"
    assert isinstance(environment.settings, AlicloudSettings)
    assert environment.settings.nat == "one"
    assert not environment.settings.protect
    assert all(pool.spot for pool in environment.pools if pool.role == "worker")


def test_production_survives_a_zone_and_is_protected() -> None:
    environment = example("ali-production")
    plan = make_plan(environment)

    assert isinstance(environment.settings, AlicloudSettings)
    assert environment.settings.protect
    assert environment.survivable
    assert environment.settings.nat == "zone"
    assert {slot.zone for slot in plan.managers} == {"a", "b", "c"}
    assert not any(slot.spot for slot in plan.slots)
    assert mtu_of(slot.type for slot in plan.slots) == 8500


def test_the_two_worked_stacks_can_be_joined() -> None:
    ranges = [
        each
        for stack in EXAMPLES
        for each in (example(stack).network.vpc, *example(stack).network.ranges)
    ]
    assert not any(a.overlaps(b) for i, a in enumerate(ranges) for b in ranges[:i])


# -- the guide and its policy


def allowed() -> list[str]:
    found: list[str] = []
    for statement in POLICY["Statement"]:
        assert statement["Effect"] == "Allow"
        actions = statement["Action"]
        found += [actions] if isinstance(actions, str) else actions
    return found


def test_the_policy_allows_everything_that_is_asked_and_nothing_wholesale() -> None:
    actions = allowed()

    assert set(actions) >= ACTIONS
    assert not [action for action in actions if "*" in action]
    assert len(actions) == len(set(actions))


def test_no_right_over_other_peoples_rights_is_asked_for() -> None:
    rights = [action for action in allowed() if action.startswith("ram:")]
    assert rights == ["ram:CreateServiceLinkedRole"]
    assert POLICY["Statement"][-1]["Condition"]["StringEquals"]["ram:ServiceName"] == [
        "nat.aliyuncs.com"
    ]


def test_the_guide_names_only_files_that_exist() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", GUIDE)
    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


def test_the_guide_tells_the_families_that_the_code_knows() -> None:
    named = re.search(r"families ([^)]*), the same of c", GUIDE)
    assert named is not None
    assert all(supports(f"ecs.{family}.large") for family in named[1].split(", "))
    told = {family.removeprefix("g") for family in named[1].split(", ")}
    assert {kind for kind in told if supports(f"ecs.r{kind}.large")} == told - {"8ine"}
