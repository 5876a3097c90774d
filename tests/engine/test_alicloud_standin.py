"""The stand-in for Alibaba Cloud, under the real engine and held to the provider's own tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.alicloud_project import (
    NEXT_IMAGE,
    AlicloudProject,
    alicloud_config,
    alicloud_project,
)
from tests.support.alicloud_town import PROGRAM, left_over, town
from tests.support.bench_project import ROOT

SECRET = "#cloud-config of a secret host"
OTHER = {
    "name": "other",
    "why": "another",
    "image": "ubuntu_24_04_x64_20G_alibase_20250901.vhd",
    "user_data": SECRET,
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AlicloudProject]:
    with alicloud_project(tmp_path_factory.mktemp("ali")) as made:
        made.resources(PROGRAM)
        yield made


def write(project: AlicloudProject, **changes: str | bool) -> None:
    """Give the program values other than those of `town()`."""
    (project.folder / "town.json").write_text(json.dumps(town(**changes)))


def test_all_types_are_made_and_a_second_look_finds_nothing_to_do(
    project: AlicloudProject,
) -> None:
    write(project, user_data=SECRET)

    project.up().good()

    assert project.preview() == {}
    assert project.output("public").startswith("198.51.100.")


def test_what_was_secret_is_nowhere_in_the_state(project: AlicloudProject) -> None:
    project.resource("Instance", "host")

    assert project.files_that_hold(SECRET) == []


def test_what_the_tables_change_in_place_is_updated_under_its_old_id(
    project: AlicloudProject,
) -> None:
    before = {each["urn"]: each.get("id") for each in project.state()}
    write(project, **OTHER)

    preview = project.preview()
    assert {verb: sorted(names) for verb, names in preview.items()} == {
        "update": [
            "EcsKeyPair key",
            "EipAddress public",
            "Instance host",
            "NatGateway nat",
            "Network vpc",
            "RouteTable table",
            "SecurityGroup group",
            "SecurityGroupRule ssh",
            "Switch switch",
            "VPCRouteEntry entry",
        ]
    }
    project.up().good()

    assert {each["urn"]: each.get("id") for each in project.state()} == before
    kinds = project.account.look()
    (instance,) = kinds["instance"].values()
    assert instance["ImageId"] == OTHER["image"]
    assert {vpc["VpcName"] for vpc in kinds["vpc"].values()} == {"other"}
    assert project.preview() == {}


def test_what_the_tables_cannot_change_in_place_is_replaced(project: AlicloudProject) -> None:
    write(project, **OTHER, port="2222/2222", zone="eu-central-1b")

    replaced = project.preview()["replace"]

    assert "Switch switch" in replaced
    assert "SecurityGroupRule ssh" in replaced
    assert "Network vpc" not in replaced
    assert "Instance host" not in replaced  # its vSwitch is another one: that is an update


def test_what_somebody_took_away_is_found_by_a_refresh_and_made_again(
    project: AlicloudProject,
) -> None:
    write(project, **OTHER, protected=True)
    with project.account.open() as kinds:
        kinds["route_entry"] = {
            key: entry for key, entry in kinds["route_entry"].items() if "10.225" not in key
        }
        for group in kinds["security_group"].values():
            group["Permissions"]["Permission"] = []
        for switch in kinds["vswitch"].values():
            switch["VSwitchName"] = "renamed"

    text = project.up("--refresh").good().text

    assert "+  alicloud:vpc:VPCRouteEntry entry created" in text
    assert "+  alicloud:ecs:SecurityGroupRule ssh created" in text
    assert "~  alicloud:vpc:Switch switch updated" in text


def test_a_protected_instance_is_not_deleted(project: AlicloudProject) -> None:
    refused = project.destroy()

    assert refused.status != 0
    assert "InvalidOperation.DeletionProtection" in refused.text
    assert left_over(project.account)["instance"]


def test_destroy_leaves_nothing(project: AlicloudProject) -> None:
    write(project, **OTHER)
    project.up().good()

    project.destroy().good()

    assert left_over(project.account) == {}


def test_what_the_provider_s_schema_refuses_is_refused_in_a_preview(tmp_path: Path) -> None:
    with alicloud_project(tmp_path) as project:
        project.resources("""
Ali("ecs/eipAddress:EipAddress", "e", internetChargeType="PayByTraffic", bandwidth="201")
""")
        refused = project.pulumi("preview")

    assert refused.status != 0
    assert "argument 'bandwidth': 1 to 200 wanted" in refused.text
    assert project.account.calls() == []


def test_entries_that_are_made_all_at_once_are_refused(tmp_path: Path) -> None:
    with alicloud_project(tmp_path) as project:
        project.task_seconds = 10.0  # the second one begins before the first has ended
        (project.folder / "town.json").write_text(json.dumps(town()))
        project.resources(
            PROGRAM
            + """
Ali("vpc/vPCRouteEntry:VPCRouteEntry", "second", routeTableId=table.id,
    destinationCidrBlock="10.225.2.0/24", nexthopType="Instance", nexthopId=host.id)
"""
        )
        refused = project.up()

    assert refused.status != 0
    assert "the cloud's API answered TaskConflict" in refused.text


# -- the real program, with hosts and a Swarm that are entries in files


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AlicloudProject]:
    with alicloud_project(tmp_path_factory.mktemp("cluster"), config={}) as made:
        made.task_seconds = 0.05
        configure(made)
        yield made


def configure(cluster: AlicloudProject, *, protect: bool = True, **workers: str) -> None:
    config = alicloud_config()
    config["alicloud"]["protect"] = protect
    config["pools"][1] |= workers
    cluster.configure(config)


def instances(cluster: AlicloudProject) -> dict[str, str]:
    held = cluster.account.look()["instance"].values()
    return {item["InstanceName"]: item["InstanceId"] for item in held}


def test_the_real_program_builds_six_hosts_with_no_change_of_entries_in_conflict(
    cluster: AlicloudProject,
) -> None:
    cluster.up("-p", "32").good()

    assert sorted(instances(cluster)) == [
        "t6-a1",
        "t6-a10",
        "t6-b1",
        "t6-b10",
        "t6-bastion",
        "t6-c1",
        "t6-c10",
    ]
    assert cluster.preview() == {}


def test_another_image_makes_new_instances_and_swaps_no_disk(cluster: AlicloudProject) -> None:
    before = instances(cluster)
    configure(cluster, image=NEXT_IMAGE)
    text = cluster.up("-p", "32").good().text

    after = instances(cluster)
    changed = {name for name in before if after[name] != before[name]}
    assert changed == {"t6-a10", "t6-b10", "t6-c10"}
    assert "~  alicloud:ecs:Instance" not in text


def test_a_destroyed_cluster_leaves_nothing_once_its_protection_is_off(
    cluster: AlicloudProject,
) -> None:
    configure(cluster, protect=False, image=NEXT_IMAGE)
    cluster.up("-p", "32").good()

    cluster.destroy().good()

    assert left_over(cluster.account) == {}


def test_no_run_asked_for_more_than_the_policy_allows(cluster: AlicloudProject) -> None:
    policy = json.loads((ROOT / "docs" / "policies" / "alicloud.json").read_text())
    allowed = {action for each in policy["Statement"] for action in each["Action"]}

    assert cluster.actions() >= {"ecs:RunInstances", "vpc:CreateRouteEntry", "vpc:DeleteVpc"}
    assert cluster.actions() - allowed == set()
