"""The files beside AWS's driver: the worked stacks, the guide, and the policy that it hands out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest

from components.clouds.aws.api import ACTIONS, CHANGES, REHEARSED
from components.clouds.aws.preflight import quotas
from components.environment import AwsSettings, Environment, read_stack_file
from components.plan import make_plan
from tests.support.source import ROOT

EXAMPLES = ("aws-staging", "aws-production")
GUIDE = (ROOT / "docs/aws.md").read_text(encoding="utf-8")
POLICY: Mapping[str, Any] = json.loads((ROOT / "docs/policies/aws.json").read_text())
OURS = "aws:ResourceTag/fairway:environment"
LONGEST_POLICY = 6144  # characters of a customer-managed policy, white space aside


# -- the worked stacks


def example(stack: str) -> tuple[Environment, AwsSettings]:
    environment = read_stack_file(ROOT / f"stacks/Pulumi.{stack}.yaml")
    assert isinstance(environment.settings, AwsSettings)
    return environment, environment.settings


@pytest.mark.parametrize("stack", EXAMPLES)
def test_a_worked_stack_is_sound_and_one_can_log_in(stack: str) -> None:
    environment, settings = example(stack)

    assert make_plan(environment).slots
    assert settings.bastion is not None
    assert [str(source) for source in settings.ssh_from] == ["203.0.113.0/24"]  # nobody's


def test_staging_is_cheap_and_can_be_thrown_away() -> None:
    environment, settings = example("aws-staging")

    assert settings.nat == "one"
    assert not settings.protect
    assert all(pool.spot for pool in environment.pools if pool.role == "worker")


def test_production_survives_a_zone_and_is_protected() -> None:
    environment, settings = example("aws-production")
    plan = make_plan(environment)

    assert settings.protect
    assert environment.survivable
    assert settings.nat == "zone"
    assert {slot.zone for slot in plan.managers} == {"a", "b", "c"}
    assert not any(slot.spot for slot in plan.slots)


def test_the_worked_stacks_of_all_clouds_can_be_joined() -> None:
    stacks = sorted((ROOT / "stacks").glob("Pulumi.*-*.yaml"))
    networks = [read_stack_file(stack).network for stack in stacks]
    ranges = [each for network in networks for each in (network.vpc, *network.ranges)]

    assert len(ranges) >= 2 * len(EXAMPLES)
    assert not any(a.overlaps(b) for i, a in enumerate(ranges) for b in ranges[:i])


# -- the policy


def statements(action: str) -> list[Mapping[str, Any]]:
    """The statements that allow an action."""
    return [
        each
        for each in POLICY["Statement"]
        if any(fnmatchcase(action, pattern) for pattern in each["Action"])
    ]


def conditions(statement: Mapping[str, Any]) -> dict[str, str]:
    """The conditions of a statement, by key; one that also holds without its key is left out."""
    return {
        key: value
        for operator, pairs in statement.get("Condition", {}).items()
        if not operator.endswith("IfExists")
        for key, value in pairs.items()
    }


def allowed() -> Iterator[str]:
    for statement in POLICY["Statement"]:
        assert statement["Effect"] == "Allow"
        yield from statement["Action"]


def test_the_policy_allows_everything_that_is_asked_and_nothing_wholesale() -> None:
    assert set(allowed()) >= {*ACTIONS, *CHANGES, *REHEARSED}
    assert not [action for action in allowed() if "*" in action]


def test_the_policy_is_short_enough_for_aws() -> None:
    assert len(re.sub(r"\s", "", json.dumps(POLICY))) <= LONGEST_POLICY


@pytest.mark.parametrize(
    "action",
    [
        *("ec2:TerminateInstances", "ec2:ModifyInstanceAttribute", "ec2:DescribeInstanceAttribute"),
        *("ec2:ModifyInstanceMetadataOptions", "ec2:AssociateIamInstanceProfile"),
        *("ec2:DeleteVpc", "ec2:DeleteSubnet", "ec2:DeleteRouteTable", "ec2:DeleteNatGateway"),
        *("ec2:DeleteSecurityGroup", "ec2:RevokeSecurityGroupIngress", "ec2:DeleteKeyPair"),
        *("ec2:ReleaseAddress", "ec2:DeleteInternetGateway", "ec2:DetachInternetGateway"),
    ],
)
def test_what_is_not_ours_is_neither_changed_nor_deleted_nor_read(action: str) -> None:
    (statement,) = statements(action)
    assert conditions(statement)[OURS] == "*"


def test_nothing_that_stands_can_be_made_ours_by_a_tag() -> None:
    for statement in statements("ec2:CreateTags"):
        only_rules = statement["Resource"] == ["arn:aws:ec2:*:*:security-group-rule/*"]
        assert only_rules or {OURS, "ec2:CreateAction"} & conditions(statement).keys()


def test_every_machine_and_disk_starts_with_our_tag() -> None:
    kinds: dict[str, bool] = {}
    for statement in statements("ec2:RunInstances"):
        tagged = "aws:RequestTag/fairway:environment" in conditions(statement)
        kinds |= {arn.split(":")[-1]: tagged for arn in statement["Resource"]}

    assert {kind for kind, tagged in kinds.items() if tagged} == {"instance/*", "volume/*"}
    assert {"image/*", "subnet/*", "security-group/*", "key-pair/*"} <= kinds.keys()


def test_every_write_to_ec2_is_held_to_one_region() -> None:
    for action in allowed():
        service, _, name = action.partition(":")
        if service == "ec2" and not name.startswith("Describe"):
            for statement in statements(action):
                assert conditions(statement)["aws:RequestedRegion"] == "eu-central-1", action


def test_hosts_roles_are_ours_by_name_and_can_be_given_session_manager_alone() -> None:
    (passing,) = statements("iam:PassRole")
    (attaching,) = statements("iam:AttachRolePolicy")
    writes = [
        each
        for each in POLICY["Statement"]
        if any(re.match(r"iam:(?!Get|List|CreateServiceLinkedRole)", a) for a in each["Action"])
    ]

    assert conditions(passing) == {"iam:PassedToService": "ec2.amazonaws.com"}
    assert conditions(attaching) == {
        "iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    }
    assert not set(allowed()) & {"iam:PutRolePolicy", "iam:CreatePolicyVersion", "iam:*"}
    for statement in writes:
        resources = statement["Resource"]
        for arn in [resources] if isinstance(resources, str) else resources:
            assert arn.rpartition("/")[2] == "fairway-*"


def test_sessions_reach_our_hosts_by_ssh_and_open_no_shell() -> None:
    hosts, document = sorted(statements("ssm:StartSession"), key=lambda each: str(each["Resource"]))

    assert conditions(hosts) == {"ssm:resourceTag/fairway:environment": "*"}
    # Without it AWS takes the document with a root shell as allowed when none is named.
    assert hosts["Condition"]["BoolIfExists"] == {"ssm:SessionDocumentAccessCheck": "true"}
    assert document["Resource"].endswith(":document/AWS-StartSSHSession")


# -- the guide


def test_the_guide_names_only_files_that_exist() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", GUIDE)
    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


def test_the_guide_tells_every_quota_that_is_looked_at() -> None:
    assert set(re.findall(r"L-[0-9A-F]{8}", GUIDE)) == {quota.code for quota in quotas.ALL}
