"""The real program on the stand-in for AWS, in a VPC of three blocks: each zone has its own.

Containers are parts of the subnets, for that is what so wide a VPC is for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Any

import pytest

from tests.support.aws_blocks import apart
from tests.support.aws_project import AwsProject, aws_config, aws_project
from tests.support.bench_project import ROOT
from tests.support.environments import by_prefixes

POLICY = ROOT / "docs" / "policies" / "aws.json"
BLOCKS = {"a": "10.80.0.0/16", "b": "10.81.0.0/16", "c": "10.82.0.0/16"}


JOINED = "VpcIpv4CidrBlockAssociation"
FURTHER = "10.90.0.0/16"


def config(**outer: str) -> dict[str, Any]:
    """The usual environment, with zone c's public subnet where `public` says."""
    wanted = aws_config()
    apart("10.80.0.0/12")(wanted)
    wanted["network"]["zones"][2] |= outer
    by_prefixes(wanted)
    return wanted


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsProject]:
    folder = tmp_path_factory.mktemp("aws") / "project"
    with aws_project(folder, config=config()) as made:
        made.up("-p", "32").good()
        yield made


def held(project: AwsProject) -> tuple[str, set[str]]:
    """The VPC's own block, and all that it has."""
    (vpc,) = [row for row in project.account.ec2.describe_vpcs()["Vpcs"] if row.get("Tags")]
    states = vpc["CidrBlockAssociationSet"]
    there = {e["CidrBlock"] for e in states if e["CidrBlockState"]["State"] == "associated"}
    return vpc["CidrBlock"], there


def local(project: AwsProject) -> dict[str, set[str]]:
    """Where each table of ours leads inside the VPC by itself."""
    return {
        name.removeprefix("t6-"): {
            row["DestinationCidrBlock"]
            for row in table["Routes"]
            if row.get("GatewayId") == "local"
        }
        for name, table in project.account.tables().items()
    }


def test_the_vpc_has_the_block_of_each_zone_and_every_table_an_entry_for_each(
    project: AwsProject,
) -> None:
    assert held(project) == (BLOCKS["a"], set(BLOCKS.values()))
    assert local(project) == {name: set(BLOCKS.values()) for name in (*BLOCKS, "vpc.public")}


def test_each_host_and_its_containers_are_in_the_block_of_the_zone(project: AwsProject) -> None:
    hosts = project.account.instances()

    assert sorted(hosts) == ["a1", "a10", "b1", "b10", "c1", "c10"]
    for slot, host in hosts.items():
        given = [each["Ipv4Prefix"] for each in host["NetworkInterfaces"][0]["Ipv4Prefixes"]]
        assert len(given) == 2
        for each in (host["PrivateIpAddress"], *given):
            assert IPv4Network(each).subnet_of(IPv4Network(BLOCKS[slot[0]]))


def test_a_second_preview_finds_nothing_to_do(project: AwsProject) -> None:
    assert project.preview() == {}


def test_a_block_comes_with_its_first_subnet_and_goes_with_its_last(
    project: AwsProject,
) -> None:
    hosts = sorted(project.account.instances(every=True))
    project.configure(config(public="10.90.0.0/24"))
    assert f"{JOINED} vpc.10.90.0.0" in project.preview()["create"]
    project.up("-p", "32").good()
    assert held(project) == (BLOCKS["a"], {*BLOCKS.values(), FURTHER})
    assert local(project)["a"] == {*BLOCKS.values(), FURTHER}

    project.configure(config())
    project.up("-p", "32").good()

    assert held(project) == (BLOCKS["a"], set(BLOCKS.values()))
    assert local(project)["a"] == set(BLOCKS.values())
    assert sorted(project.account.instances(every=True)) == hosts


def test_destroy_leaves_nothing_and_no_run_asked_for_more_than_the_policy_allows(
    project: AwsProject,
) -> None:
    project.destroy().good()
    assert project.account.left_over() == set()

    statements = json.loads(POLICY.read_text())["Statement"]
    allowed = {action for statement in statements for action in statement["Action"]}
    assert project.actions() >= {"ec2:AssociateVpcCidrBlock", "ec2:DisassociateVpcCidrBlock"}
    assert project.actions() - allowed == set()
