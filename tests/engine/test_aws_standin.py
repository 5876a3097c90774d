"""The stand-in for AWS on the real engine: one of each type, made, changed, replaced, lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.aws_project import AwsProject, aws_project
from tests.support.aws_town import PROGRAM, tell, town
from tests.support.standin.aws_moto import NEXT_IMAGE

EVERYTHING = (
    *("Eip out", "Eip public", "EipAssociation public", "Instance a", "Instance b"),
    *("InstanceProfile profile", "InternetGateway gateway", "KeyPair key", "NatGateway nat"),
    *("Role role", "RolePolicyAttachment rights", "Route containers", "Route out"),
    *("RouteTable one", "RouteTable two", "RouteTableAssociation inner", "SecurityGroup hosts"),
    *("SecurityGroup others", "SecurityGroupEgressRule away", "SecurityGroupIngressRule ssh"),
    *("Subnet inner", "Subnet outer", "Vpc vpc"),
)
LARGER = 30  # GiB: a disk grows and never shrinks
REPLACED = {"image": NEXT_IMAGE, "user_data": "I2Nsb3VkLWNvbmZpZwp7YToxfQo="}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsProject]:
    folder = tmp_path_factory.mktemp("aws") / "project"
    with aws_project(folder, name="bench", told={"patience": 1}) as made:
        made.program(PROGRAM)
        tell(folder)
        made.up("-p", "32").good()
        yield made
        change(made, **REPLACED)
        made.up().good()  # nothing is protected any more
        made.destroy().good()
        assert made.account.left_over() == set()


def change(project: AwsProject, **values: Any) -> None:
    tell(project.folder, **{"disk": LARGER, **values})


def ids(project: AwsProject) -> dict[str, str]:
    found = {}
    for resource in project.state():
        kind, name = resource["urn"].split("::", 3)[2:]
        if kind.startswith("aws:"):
            found[f"{kind.rsplit(':', 1)[-1]} {name}"] = resource["id"]
    return found


def test_one_of_each_type_is_made_and_then_nothing_is_to_do(project: AwsProject) -> None:
    assert sorted(ids(project)) == sorted(EVERYTHING)
    assert project.preview() == {}
    table = project.account.ec2.describe_route_tables(
        Filters=[{"Name": "route.destination-cidr-block", "Values": ["10.224.1.0/24"]}]
    )["RouteTables"][0]
    (entry,) = [r for r in table["Routes"] if r["DestinationCidrBlock"] == "10.224.1.0/24"]
    (machine,) = [i for i in instances(project) if i["PrivateIpAddress"] == "10.94.0.11"]
    interface = machine["NetworkInterfaces"][0]
    assert entry["NetworkInterfaceId"] == interface["NetworkInterfaceId"]
    assert machine["SourceDestCheck"] is False
    assert machine["SecurityGroups"] == interface["Groups"]
    assert machine["MetadataOptions"]["HttpTokens"] == "required"
    assert interface["Association"]["PublicIp"] == project.output("public")


def instances(project: AwsProject) -> list[dict[str, Any]]:
    return list(project.account.instances(every=True).values())


def test_what_is_secret_is_stored_as_a_secret(project: AwsProject) -> None:
    assert project.files_that_hold(town()["user_data"]) == []


def test_what_may_change_in_place_changes_and_stays_what_it_is(project: AwsProject) -> None:
    before = ids(project)
    news: dict[str, Any] = {
        "owner": "others",
        "dns": True,
        "map": True,
        "table": "two",
        "port": 23,
        "source": "10.0.0.0/9",
        "away": "10.0.0.0/8",
        "groups": 2,
        "check": True,
        "hops": 2,
        "type": "m7i.xlarge",
        "hop": "b",
    }
    change(project, **news)

    touched = project.preview()
    assert set(touched) == {"update"}
    tagless = {"Eip public", "EipAssociation public", "RolePolicyAttachment rights", "Route out"}
    assert set(touched["update"]) == set(EVERYTHING) - tagless

    project.up("-p", "32").good()
    assert ids(project) == before
    for machine in instances(project):
        assert machine["SourceDestCheck"] is True
        assert machine["MetadataOptions"]["HttpPutResponseHopLimit"] == 2
        assert machine["InstanceType"] == "m7i.xlarge"
        assert len(machine["NetworkInterfaces"][0]["Groups"]) == 2
    assert {"ec2:ReplaceRoute", "ec2:ReplaceRouteTableAssociation"} <= project.actions()


def test_what_may_not_change_in_place_is_replaced(project: AwsProject) -> None:
    other = town()["key"].replace("AAAAIE5y", "AAAAIE5x")
    change(
        project,
        inner="10.94.1.0/24",
        about="those who rest",
        source="",
        key=other,
        policy="arn:aws:iam::aws:policy/ReadOnlyAccess",
        containers="10.224.2.0/24",
    )
    replaced = {
        name for op, names in project.preview().items() if "replace" in op for name in names
    }

    assert replaced == {
        *("Subnet inner", "RouteTableAssociation inner", "Instance a", "Instance b"),
        *("SecurityGroup hosts", "SecurityGroupIngressRule ssh", "SecurityGroupEgressRule away"),
        *("KeyPair key", "RolePolicyAttachment rights", "Route containers"),
        "EipAssociation public",
    }


def test_a_replaced_instance_has_its_address_and_its_entry_follows_in_place(
    project: AwsProject,
) -> None:
    before = ids(project)

    change(project, **REPLACED)
    project.up("-p", "32").good()

    after = ids(project)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"Instance a", "Instance b", "EipAssociation public"}
    now = {m["PrivateIpAddress"]: m["NetworkInterfaces"][0] for m in instances(project)}
    assert set(now) == {"10.94.0.11", "10.94.0.12"}
    route = project.resource("Route", "containers")["outputs"]
    assert route["networkInterfaceId"] == now["10.94.0.11"]["NetworkInterfaceId"]


def test_what_was_changed_behind_pulumis_back_is_found_and_repaired(project: AwsProject) -> None:
    change(project, **REPLACED)
    ec2, now = project.account.ec2, ids(project)
    table = {"RouteTableId": now["RouteTable one"]}
    ec2.delete_route(**table, DestinationCidrBlock="0.0.0.0/0")
    on = {"SourceDestCheck": {"Value": True}}
    ec2.modify_instance_attribute(InstanceId=now["Instance b"], **on)
    project.account.terminate(now["Instance a"])  # with the entry's interface and its address
    ec2.delete_tags(Resources=[now["Vpc vpc"]], Tags=[{"Key": "owner"}])

    project.up("--refresh", "-p", "32").good()

    assert project.preview() == {}
    (found,) = ec2.describe_route_tables(RouteTableIds=[table["RouteTableId"]])["RouteTables"]
    assert {route["State"] for route in found["Routes"]} == {"active"}
    assert "0.0.0.0/0" in {route["DestinationCidrBlock"] for route in found["Routes"]}
    assert {m["SourceDestCheck"] for m in instances(project)} == {False}
    assert len(instances(project)) == 2
    assert ids(project)["Instance a"] != now["Instance a"]


def test_a_refusal_of_the_api_ends_the_run_and_names_its_code(project: AwsProject) -> None:
    change(project, **REPLACED, protected=True)
    project.up().good()
    change(project, protected=True)
    refused = project.up()
    assert refused.status != 0
    assert "the cloud's API answered OperationNotPermitted" in refused.text


def test_a_fault_of_the_inputs_ends_the_preview(project: AwsProject) -> None:
    change(project, **REPLACED, hops=65)
    refused = project.pulumi("preview")
    assert refused.status != 0
    assert "'metadataOptions.httpPutResponseHopLimit': 1 to 64 wanted" in refused.text
