"""The real program on the stand-in for AWS: six hosts without machines, the engine's own share."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.support.aws_project import AwsProject, aws_config, aws_project
from tests.support.bench_project import ROOT
from tests.support.standin.aws_moto import NEXT_IMAGE

POLICY = ROOT / "docs" / "policies" / "aws.json"
SLOTS = ("a1", "b1", "c1", "a10", "b10", "c10")
TABLES = ("a", "b", "c", "vpc.public")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsProject]:
    folder = tmp_path_factory.mktemp("aws") / "project"
    with aws_project(folder, config=aws_config()) as made:
        made.up("-p", "32").good()
        yield made


def entries(project: AwsProject) -> dict[str, dict[str, str]]:
    """By table: destination to interface of every entry to a container range."""
    return {
        name.removeprefix("t6-"): {
            route["DestinationCidrBlock"]: route["NetworkInterfaceId"]
            for route in table["Routes"]
            if route.get("NetworkInterfaceId")
        }
        for name, table in project.account.tables().items()
    }


def interfaces(project: AwsProject) -> set[str]:
    hosts = project.account.instances().values()
    return {host["NetworkInterfaces"][0]["NetworkInterfaceId"] for host in hosts}


def test_every_host_stands_and_every_table_has_every_entry(project: AwsProject) -> None:
    hosts = project.account.instances()
    assert sorted(hosts) == sorted(SLOTS)
    assert {host["SourceDestCheck"] for host in hosts.values()} == {False}
    found = entries(project)
    assert sorted(found) == sorted(TABLES)
    assert {len(table) for table in found.values()} == {len(SLOTS)}
    assert {hop for table in found.values() for hop in table.values()} == interfaces(project)


def test_a_second_preview_finds_nothing_to_do(project: AwsProject) -> None:
    assert project.preview() == {}


def test_a_new_image_replaces_the_hosts_and_entries_follow_in_place(project: AwsProject) -> None:
    before = {slot: host["InstanceId"] for slot, host in project.account.instances().items()}
    wanted = aws_config()
    wanted["pools"][1]["image"] = NEXT_IMAGE
    project.configure(wanted)

    project.up("-p", "32").good()

    after = {slot: host["InstanceId"] for slot, host in project.account.instances().items()}
    assert {slot for slot in SLOTS if before[slot] != after[slot]} == {"a10", "b10", "c10"}
    hops = {hop for table in entries(project).values() for hop in table.values()}
    assert hops == interfaces(project)


def test_a_protected_stack_is_not_destroyed_and_nothing_of_it_is_touched(
    project: AwsProject,
) -> None:
    wanted = aws_config()
    wanted["pools"][1]["image"] = NEXT_IMAGE
    wanted["aws"]["protect"] = True
    project.configure(wanted)
    project.up("-p", "32").good()
    before = project.account.everything()

    refused = project.pulumi("destroy", "--yes")

    assert refused.status != 0
    assert "protect" in refused.text
    assert project.account.everything() == before
    wanted["aws"]["protect"] = False
    project.configure(wanted)
    project.up("-p", "32").good()


def test_destroy_leaves_nothing_and_no_run_asked_for_more_than_the_policy_allows(
    project: AwsProject,
) -> None:
    project.destroy().good()
    assert project.account.left_over() == set()

    policy = json.loads(POLICY.read_text())
    allowed = {
        action
        for statement in policy["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    }
    assert project.actions() >= {"ec2:RunInstances", "ec2:CreateRoute", "ec2:DeleteVpc"}
    assert project.actions() - allowed == set()
