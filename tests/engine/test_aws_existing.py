"""An existing VPC on the stand-in for AWS: ours comes and goes, theirs stays as it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.aws_account import AwsAccount
from tests.support.aws_project import AwsProject, aws_config, aws_project
from tests.support.standin.aws_moto import REGION

ZONES = ("a", "b", "c")


def build(account: AwsAccount, config: dict[str, Any]) -> dict[str, Any]:
    """A VPC of somebody else, with a table for zones a and b together and one for c."""
    ec2, network = account.ec2, config["network"]
    vpc = ec2.create_vpc(CidrBlock=network["vpc"])["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    tables = [ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(3)]
    for table in tables:
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    subnets = {}
    for zone, table in zip(network["zones"], (tables[0], tables[0], tables[1]), strict=True):
        subnets[zone["name"]] = subnet(ec2, vpc, zone["name"], zone["subnet"], table)
    public = subnet(ec2, vpc, "a", network["zones"][0].pop("public"), tables[2])
    for zone in network["zones"][1:]:
        del zone["public"]
    return {
        "vpc": vpc,
        "subnets": subnets,
        "tables": dict(zip(ZONES, (tables[0], tables[0], tables[1]), strict=True)),
        "public": {"a": public},
    }


def subnet(ec2: Any, vpc: str, zone: str, cidr: str, table: str) -> str:
    made = ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=f"{REGION}{zone}")
    name = str(made["Subnet"]["SubnetId"])
    ec2.associate_route_table(RouteTableId=table, SubnetId=name)
    return name


def routes(account: AwsAccount) -> dict[str, set[str]]:
    rows = account.ec2.describe_route_tables()["RouteTables"]
    return {
        row["RouteTableId"]: {route["DestinationCidrBlock"] for route in row["Routes"]}
        for row in rows
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsProject]:
    with aws_project(tmp_path_factory.mktemp("existing") / "project", config=aws_config()) as made:
        yield made


def test_hosts_stand_in_somebodys_vpc_and_leave_it_as_it_was(project: AwsProject) -> None:
    config = aws_config()
    config["aws"] |= {"nat": "none", "existing": build(project.account, config)}
    project.configure(config)
    theirs, before = project.account.everything(), routes(project.account)

    project.up("-p", "32").good()

    ours = {each.split(" ")[0] for each in project.account.everything() - theirs}
    assert ours == {
        *("instance", "interface", "volume", "group", "address", "key", "role", "profile")
    }
    added = {table: now - before[table] for table, now in routes(project.account).items()}
    tables = set(config["aws"]["existing"]["tables"].values())
    assert {table: len(more) for table, more in added.items() if more} == dict.fromkeys(tables, 6)
    assert project.preview() == {}
    project.destroy().good()
    assert project.account.everything() == theirs
    assert routes(project.account) == before
