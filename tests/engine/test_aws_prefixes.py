"""The real program on the stand-in for AWS, where EC2 delivers containers and no table does."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from components.environment import read_environment
from components.plan import make_plan
from components.plan.slots import prefixes
from tests.support.aws_project import AwsProject, aws_config, aws_project
from tests.support.bench_project import ROOT
from tests.support.environments import by_eight_prefixes
from tests.support.standin.aws_moto import NEXT_IMAGE

POLICY = ROOT / "docs" / "policies" / "aws.json"
PLAN = make_plan(read_environment(by_eight_prefixes(aws_config()), stack="t6", source="x"))
NOBODYS = "10.94.95.0/28"  # of zone b's containers, and no host's
PLANNED = {slot.name: {str(each) for each in prefixes(slot.containers)} for slot in PLAN.slots}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsProject]:
    folder = tmp_path_factory.mktemp("aws") / "project"
    with aws_project(folder, config=by_eight_prefixes(aws_config())) as made:
        made.up("-p", "32").good()
        yield made


def delivered(project: AwsProject) -> dict[str, set[str]]:
    """The prefixes of each host's interface."""
    return {
        slot: {each["Ipv4Prefix"] for each in host["NetworkInterfaces"][0].get("Ipv4Prefixes", ())}
        for slot, host in project.account.instances().items()
    }


def interface(project: AwsProject, slot: str) -> str:
    return str(project.account.instance(slot)["NetworkInterfaces"][0]["NetworkInterfaceId"])


def machines(project: AwsProject) -> dict[str, str]:
    return {slot: host["InstanceId"] for slot, host in project.account.instances().items()}


def test_every_interface_has_its_prefixes_and_no_table_an_entry(project: AwsProject) -> None:
    assert delivered(project) == PLANNED
    assert {len(given) for given in PLANNED.values()} == {8}
    rows = project.account.tables().values()
    assert [e for row in rows for e in row["Routes"] if e.get("NetworkInterfaceId")] == []


def test_the_source_destination_check_stays_on(project: AwsProject) -> None:
    assert {host["SourceDestCheck"] for host in project.account.instances().values()} == {True}


def test_the_containers_part_of_each_subnet_is_set_aside(project: AwsProject) -> None:
    ec2 = project.account.ec2
    subnets = {row["CidrBlock"]: row["SubnetId"] for row in ec2.describe_subnets()["Subnets"]}
    for zone in PLAN.network.zones:
        asked = ec2.get_subnet_cidr_reservations(SubnetId=subnets[str(zone.subnet)])
        (row,) = asked["SubnetIpv4CidrReservations"]
        assert (row["Cidr"], row["ReservationType"]) == (str(zone.containers), "explicit")


def test_a_second_preview_finds_nothing_to_do(project: AwsProject) -> None:
    assert project.preview() == {}


def test_a_new_machine_in_a_slot_gets_the_prefixes_in_place(project: AwsProject) -> None:
    before = machines(project)
    wanted = by_eight_prefixes(aws_config())
    wanted["pools"][1]["image"] = NEXT_IMAGE
    project.configure(wanted)

    assert sorted(project.preview()["update"])[:3] == [
        f"Prefixes {s}" for s in ("a10", "b10", "c10")
    ]
    project.up("-p", "32").good()

    after = machines(project)
    assert {slot for slot in PLANNED if before[slot] != after[slot]} == {"a10", "b10", "c10"}
    assert delivered(project) == PLANNED
    assert project.preview() == {}


def test_what_an_interface_lacks_or_has_too_much_is_found_and_put_right(
    project: AwsProject,
) -> None:
    ec2, name = project.account.ec2, interface(project, "b1")
    lost = sorted(PLANNED["b1"])[:2]
    ec2.unassign_private_ip_addresses(NetworkInterfaceId=name, Ipv4Prefixes=lost)
    ec2.assign_private_ip_addresses(NetworkInterfaceId=name, Ipv4Prefixes=[NOBODYS])

    project.up("--refresh").good()

    assert delivered(project) == PLANNED


def test_a_machine_that_is_gone_takes_its_prefixes_and_the_next_has_them(
    project: AwsProject,
) -> None:
    project.account.terminate(project.account.instance("c10")["InstanceId"])

    project.up("--refresh", "-p", "32").good()

    assert delivered(project) == PLANNED


def test_a_prefix_that_somebody_has_is_foreseen_and_else_ends_the_run_with_its_interface(
    project: AwsProject,
) -> None:
    ec2, b1 = project.account.ec2, project.account.instance("b1")
    name, theirs = interface(project, "b1"), min(PLANNED["b1"])
    ec2.unassign_private_ip_addresses(NetworkInterfaceId=name, Ipv4Prefixes=[theirs])
    other = ec2.create_network_interface(SubnetId=b1["SubnetId"])["NetworkInterface"]
    stranger = {"NetworkInterfaceId": other["NetworkInterfaceId"]}
    ec2.assign_private_ip_addresses(**stranger, Ipv4Prefixes=[theirs])

    foreseen = project.pulumi("preview", "--refresh")
    project.settings["FAIRWAY_PREFLIGHT"] = "off"
    refused = project.up("--refresh")

    assert foreseen.status != 0
    assert "network.zones.b.containers: somebody else has addresses there" in foreseen.text
    assert refused.status != 0
    assert f"interface {name}: it was not given the prefixes" in refused.text
    assert "InvalidIPAddress.InUse" in refused.text
    del project.settings["FAIRWAY_PREFLIGHT"]
    ec2.delete_network_interface(**stranger)
    project.up("--refresh").good()
    assert delivered(project) == PLANNED


def test_destroy_leaves_nothing_and_no_run_asked_for_more_than_the_policy_allows(
    project: AwsProject,
) -> None:
    project.destroy().good()
    assert project.account.left_over() == set()

    statements = json.loads(POLICY.read_text())["Statement"]
    allowed = {action for statement in statements for action in statement["Action"]}
    assert "ec2:CreateSubnetCidrReservation" in project.actions()
    assert project.actions() - allowed == set()
