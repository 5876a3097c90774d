"""AWS with prefixes, with real machines and packets: EC2 delivers containers, no table does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest

from components.plan.slots import prefixes
from lab.model import Machine, RouteTable
from tests.support.cloud_project import altered_copy
from tests.support.environments import by_prefixes
from tests.support.stage import AwsStage, config, staged

LAB, RANGES = "t28aws", (118, 248)  # the lab; second octet of the VPC, and one that is not used
SERVICE, BUSYBOX = "pings", "/bin/busybox"
PATIENCE = 600.0  # seconds for a container to start
FAR = "b10"  # in the other zone than the manager


def wanted() -> dict[str, Any]:
    made = config("aws", zones="ab", managers="a", workers="b", ranges=RANGES)
    by_prefixes(made)
    return made


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsStage]:
    folder = tmp_path_factory.mktemp("prefixes-aws")
    with staged("aws", folder, wanted(), lab=LAB) as made:
        made.up().good()
        yield made  # type: ignore[misc]


def planned(stage: AwsStage, slot: str = FAR) -> list[str]:
    return [str(each) for each in prefixes(stage.plan.slot(slot).containers)]


def interface(stage: AwsStage, slot: str = FAR) -> dict[str, Any]:
    card: dict[str, Any] = stage.project.account.instance(slot)["NetworkInterfaces"][0]
    return card


def take(stage: AwsStage, *unwanted: str) -> None:
    name = interface(stage)["NetworkInterfaceId"]
    stage.project.account.ec2.unassign_private_ip_addresses(
        NetworkInterfaceId=name, Ipv4Prefixes=list(unwanted)
    )


def test_up_proves_that_containers_reach_each_other_across_zones(stage: AwsStage) -> None:
    assert "every container reaches every other" in stage.project.output("connectivity")
    assert stage.verify().ok
    assert stage.drift() == ()


def test_no_table_of_account_or_router_has_an_entry_for_containers(stage: AwsStage) -> None:
    inside = [IPv4Network(str(each)) for each in stage.plan.network.ranges]
    rows = [r for table in stage.project.account.tables().values() for r in table["Routes"]]
    entries = [IPv4Network(row["DestinationCidrBlock"]) for row in rows]
    assert [e for e in entries if any(e.subnet_of(range_) for range_ in inside)] == []
    assert [row for row in rows if row.get("NetworkInterfaceId")] == []
    found = stage.lab.all(RouteTable)
    assert len(found) > len(stage.plan.network.zones)
    assert all(stage.lab.entries(table.spec.name) == () for table in found)


def test_the_source_destination_check_of_every_host_is_on(stage: AwsStage) -> None:
    hosts = stage.project.account.instances().values()
    held = {each.spec.name: each.spec.source_dest_check for each in stage.lab.all(Machine)}
    assert {host["SourceDestCheck"] for host in hosts} == {True}
    assert {held[host["InstanceId"]] for host in hosts} == {True}


@pytest.fixture
def containers(stage: AwsStage) -> Iterator[dict[str, str]]:
    """A container on every host, of an image that is there; their ids by host."""
    image = stage.sh("a1", "docker", "images", "--no-trunc", "-q", "fairway-probe").split()[0]
    create = ("docker", "service", "create", "--detach", "--quiet", "--no-resolve-image")
    kind = ("--name", SERVICE, "--mode", "global", "--endpoint-mode", "dnsrr")
    which = ("--network", "routed", "--entrypoint", BUSYBOX, image, "sleep", "600")
    stage.sh("a1", *create, *kind, *which)
    try:
        yield {name: running(stage, name) for name in ("a1", FAR)}
    finally:
        stage.sh("a1", "docker", "service", "rm", SERVICE)


def running(stage: AwsStage, name: str) -> str:
    mine = f"label=com.docker.swarm.service.name={SERVICE}"
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = stage.sh(name, "docker", "ps", "--quiet", "--filter", mine).split()
        if found:
            return found[0]
        time.sleep(0.2)
    raise AssertionError(f"no container on {name} in {PATIENCE} s")


def test_a_container_pings_one_of_the_other_zone_by_its_own_address(
    stage: AwsStage, containers: dict[str, str]
) -> None:
    show = "{{.NetworkSettings.Networks.routed.IPAddress}}"
    address = stage.sh(FAR, "docker", "inspect", "--format", show, containers[FAR]).strip()
    ping = (BUSYBOX, "ping", "-c", "3", "-W", "60", address)

    told = stage.sh("a1", "docker", "exec", containers["a1"], *ping)

    assert any(IPv4Address(address) in IPv4Network(each) for each in planned(stage))
    assert "3 packets received" in told


def test_a_second_preview_is_empty(stage: AwsStage) -> None:
    assert stage.project.preview() == {}


def test_a_prefix_that_was_taken_away_is_named_and_put_back(stage: AwsStage) -> None:
    first, *_ = planned(stage)
    take(stage, first)

    report = stage.verify()

    (failure,) = report.failures
    assert failure.fault.cause == "prefix-missing"
    assert failure.fault.short == f"interface of {FAR} lacks prefix {first}"
    assert [(each.kind, each.about) for each in stage.drift()] == [("prefix-missing", FAR)]
    stage.up().good()
    assert stage.verify().ok
    assert stage.project.preview() == {}


def test_a_driver_that_forgets_a_prefix_is_found_with_the_host(
    stage: AwsStage, tmp_path: Path
) -> None:
    whole, part = "in prefixes(slot.containers)]", "in prefixes(slot.containers)[1:]]"
    copy = altered_copy(tmp_path, {"components/clouds/aws/delivery.py": (whole, part)})
    stage.project.run_copy(copy)
    try:
        broken = stage.up()
    finally:
        stage.project.run_own()

    assert broken.status != 0
    assert f"interface of {FAR} lacks prefix {planned(stage)[0]}" in " ".join(broken.text.split())
    stage.up().good()
    assert stage.verify().ok


def test_a_replaced_host_has_its_prefixes_on_its_new_interface(stage: AwsStage) -> None:
    before = interface(stage)["NetworkInterfaceId"]

    stage.up("--replace", f"**Instance::{FAR}").good()

    after = interface(stage)
    assert after["NetworkInterfaceId"] != before
    assert sorted(each["Ipv4Prefix"] for each in after["Ipv4Prefixes"]) == sorted(planned(stage))
    assert stage.verify().ok


def test_a_lost_machine_comes_back_with_its_prefixes(stage: AwsStage) -> None:
    stage.lose_machine(FAR)

    stage.up().good()

    assert stage.verify().ok
    assert stage.drift() == ()


def test_destroy_leaves_nothing(stage: AwsStage) -> None:
    stage.project.destroy().good()

    assert stage.left_over() == set()
    assert stage.traces() == {}
    assert stage.project.processes() == {}
