"""Each cause has its own finding in the preflight of Alibaba Cloud, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.standin.account import REGION, X86_IMAGE
from tests.support.standin.alicloud_api import AlicloudApi
from tests.support.standin.alicloud_changes import (
    AccountChange,
    full,
    item,
    own,
    pool,
    unchanged,
    zone,
)
from tests.support.standin.alicloud_scene import Change, check, faked


@pytest.fixture(autouse=True)
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AlicloudApi]:
    with faked(tmp_path, monkeypatch) as fake:
        yield fake


@pytest.mark.parametrize(
    ("change", "account", "words"),
    [
        (
            zone(2, zone="eu-central-1d"),
            unchanged,
            "network.zones.c.zone: is no zone of eu-central-1: found eu-central-1d",
        ),
        (
            unchanged,
            item(
                "zone",
                "eu-central-1b",
                AvailableResourceCreation={"ResourceTypes": ["VSwitch"]},
            ),
            "network.zones.b.zone: takes nothing new: found eu-central-1b without Instance",
        ),
        (
            pool(1, type="ecs.g99x.large"),
            unchanged,
            "pools.workers.type: is no instance type here: found ecs.g99x.large",
        ),
        (
            unchanged,
            item("zone", "eu-central-1b", SoldOut=["ecs.g8i.large"]),
            (
                "alicloud.type: is not to be had in eu-central-1b: found ecs.g8i.large: SoldOut, "
                "wanted a type in stock in each zone that gets one; choose another type; "
                "eu-central-1a, eu-central-1c would have it"
            ),
        ),
        (
            unchanged,
            item(
                "zone",
                "eu-central-1a",
                AvailableInstanceTypes={"InstanceTypes": ["ecs.g8i.large"]},
            ),
            (
                "alicloud.bastion.type: is not to be had in eu-central-1a: "
                "found ecs.t6-c1m1.large: not offered"
            ),
        ),
        (
            pool(1, type="ecs.g8i.xlarge", spot=True),
            item("zone", "eu-central-1c", NoSpot=["ecs.g8i.xlarge"]),
            (
                "pools.workers.type: is not to be had in eu-central-1c as spot: "
                "found ecs.g8i.xlarge: SoldOut"
            ),
        ),
        (
            own(disk_category="cloud_auto"),
            item(
                "zone",
                "eu-central-1c",
                AvailableDiskCategories={"DiskCategories": ["cloud_essd"]},
            ),
            (
                "alicloud.disk_category: does not go with ecs.g8i.large in eu-central-1c: "
                "found cloud_auto, wanted one of cloud_essd"
            ),
        ),
        (
            pool(1, disk=4096),
            unchanged,
            "pools.workers.disk: is no size of a cloud_essd disk: found 4096 GiB",
        ),
        (
            pool(1, image="debian_12_none.vhd"),
            unchanged,
            "pools.workers.image: is no image in eu-central-1: found debian_12_none.vhd",
        ),
        (
            unchanged,
            item("image", X86_IMAGE, Status="Deprecated"),
            "alicloud.image: cannot be used: found " + X86_IMAGE + ": Deprecated",
        ),
        (
            pool(1, type="ecs.g8y.large"),
            unchanged,
            "is not for the processor of ecs.g8y.large: found " + X86_IMAGE + ": x86_64, "
            "wanted arm64",
        ),
        (
            unchanged,
            item("image", X86_IMAGE, Size=50),
            "does not fit on the disk of a1: found " + X86_IMAGE + ": 50 GiB, wanted at most 40",
        ),
        (
            unchanged,
            item("image", X86_IMAGE, IsSupportCloudinit=False),
            "has no cloud-init, which sets hosts up",
        ),
        (
            unchanged,
            item("instance_type", "ecs.g8i.large", JumboFrameSupport=False),
            (
                "alicloud.type: has no jumbo frames, against what Fairway knows of its family: "
                "found ecs.g8i.large without JumboFrameSupport, wanted packets of 8500 bytes"
            ),
        ),
        (
            unchanged,
            full(f"vpc_quota_instances_num_{REGION}", 0),
            (
                "network.vpc: the account's quota has no room: VPCs of the region: "
                "found 1 needed, with what stands already, wanted at most 0"
            ),
        ),
        (
            unchanged,
            full("vpc_quota_route_tables_num", 3),
            (
                "network.zones: the account's quota has no room: custom route tables of a VPC: "
                "found 4 needed"
            ),
        ),
        (
            unchanged,
            full("vpc_quota_route_entrys_num", 6),
            (
                "alicloud.route_quota: the account's quota has no room: "
                "entries of the route table of zone a, b, c: found 7 needed"
            ),
        ),
        (
            unchanged,
            full("eip_quota_instances_num", 3),
            (
                "alicloud.nat: the account's quota has no room: public addresses of the region: "
                "found 4 needed"
            ),
        ),
        (
            unchanged,
            item("attribute", "max-postpaid-instance-vcpu-count", Value="13"),
            (
                "pools: the account's quota has no room: "
                "vCPUs of pay-as-you-go instances of the region: found 14 needed"
            ),
        ),
        (
            pool(1, spot=True),
            item("attribute", "used-spot-instance-vcpu-count", Value="95"),
            (
                "vCPUs of spot instances of the region: found 101 needed, "
                "with what stands already, wanted at most 100"
            ),
        ),
        (
            own(ssh_from=[f"203.0.113.{number}/32" for number in range(201)]),
            unchanged,
            (
                "alicloud.ssh_from: the account's quota has no room: rules of a security group: "
                "found 201 needed"
            ),
        ),
        (
            own(kms_key="alias/acs/ecs"),
            unchanged,
            "alicloud.kms_key: is no id of a key: found alias/acs/ecs",
        ),
    ],
)
def test_each_cause_has_its_finding(
    change: Change, account: AccountChange, words: str, fake: AlicloudApi
) -> None:
    with fake.account.open() as kinds:
        account(kinds)

    found = check(change)

    assert found.unchecked == []
    (fault,) = found.faults
    assert words in str(fault)
    assert fault.where.startswith("stacks/Pulumi.prod.yaml: fairway:")
    assert all((fault.what, fault.found, fault.wanted, fault.hint))
