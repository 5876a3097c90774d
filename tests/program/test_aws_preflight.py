"""What a preflight says about an AWS account, for every cause that it knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.aws_preflights import faults, found, unchecked
from tests.support.moto_account import (
    ARM_IMAGE,
    IMAGE,
    QUOTAS,
    REGION,
    Account,
    Built,
    Change,
    Wanted,
    account,
    answering,
    environment,
    own,
)

Arrange = Callable[[Account], object]


@pytest.fixture
def aws() -> Iterator[Account]:
    with account() as made:
        yield made


def pool(index: int, **keys: object) -> Change:
    return lambda wanted: wanted["pools"][index].update(keys)


# -- a healthy account


@pytest.mark.usefixtures("aws")
def test_a_healthy_account_has_nothing_in_the_way_and_nothing_unseen() -> None:
    assert faults() == []


@pytest.mark.usefixtures("aws")
def test_without_a_bastion_and_gateways_nothing_is_missed_either() -> None:
    def bare(wanted: Wanted) -> None:
        wanted["aws"] |= {"nat": "none"}
        del wanted["aws"]["bastion"]

    assert faults(bare) == []


def test_a_preflight_changes_nothing(aws: Account) -> None:
    before = aws.ec2.describe_vpcs()["Vpcs"], aws.ec2.describe_addresses()["Addresses"]
    found(environment())
    assert (aws.ec2.describe_vpcs()["Vpcs"], aws.ec2.describe_addresses()["Addresses"]) == before
    assert aws.ec2.describe_instances()["Reservations"] == []


def test_a_second_up_is_not_told_that_its_own_things_fill_the_quotas() -> None:
    tight = {**QUOTAS, "L-F678F1CE": 2, "L-FE5A380F": 1, "L-0263D0A3": 4, "L-1216C47A": 14}
    with account({**tight, "L-DF5E4CA3": 10}) as aws:
        Built(aws, environment()).gateways()
        assert faults() == []


def test_another_environment_beside_it_does_fill_them() -> None:
    with account({**QUOTAS, "L-F678F1CE": 2}) as aws:
        Built(aws, environment())
        (fault,) = [
            str(each)
            for each in found(environment(name="other")).faults
            if "L-F678F1CE" in str(each)
        ]
        assert "found 2 of 2 used, wanted 1 more" in fault


# -- machines


def spot(wanted: Wanted) -> None:
    wanted["pools"][1] |= {"spot": True, "type": "t2.nano"}


def images(**parts: Any) -> Arrange:
    return lambda aws: aws.image(IMAGE, **parts)


MACHINES: list[tuple[str, Arrange, Change, str]] = [
    (
        "a zone that there is not",
        lambda _: None,
        lambda wanted: wanted["network"]["zones"][2].update(zone=f"{REGION}f"),
        "network.zones.c.zone: this zone cannot be used: found eu-central-1f, not a zone of this",
    ),
    (
        "a type that there is not",
        lambda _: None,
        own(type="m99.large"),
        "aws.type: the region has no such instance type: found m99.large, wanted",
    ),
    (
        "a pool's type that there is not",
        lambda _: None,
        pool(1, type="m99.large"),
        "pools.workers.type: the region has no such instance type: found m99.large",
    ),
    (
        "a type that cannot be spot",
        lambda _: None,
        spot,
        "pools.workers.type: this type has no spot instances: found t2.nano",
    ),
    (
        "an image that there is not",
        lambda _: None,
        own(image="ami-00000000000000000"),
        "aws.image: this image cannot be booted: found ami-00000000000000000, no image of the reg",
    ),
    (
        "an image that was disabled",
        images(state="disabled"),
        lambda _: None,
        f"aws.image: this image cannot be booted: found {IMAGE}, disabled",
    ),
    (
        "an image for other processors",
        lambda _: None,
        own(image=ARM_IMAGE),
        f"aws.image: this image is for another processor than m7i.large has: found {ARM_IMAGE}",
    ),
    (
        "a bastion that cannot boot the hosts' image",
        lambda _: None,
        own(bastion={"zone": "a", "type": "t4g.nano"}),
        f"aws.bastion.image: this image is for another processor than t4g.nano has: found {IMAGE}",
    ),
    (
        "a pool's image for other processors",
        lambda _: None,
        pool(1, image=ARM_IMAGE),
        "pools.workers.image: this image is for another processor than m7i.large has",
    ),
    (
        "an image on a disk that does not last",
        images(root_device_type="instance-store"),
        lambda _: None,
        "aws.image: this image keeps its system on a disk that is lost when the machine stops",
    ),
    (
        "an image out of date",
        images(deprecated="2020-01-01T00:00:00.000Z"),
        lambda _: None,
        f"aws.image: this image is out of date: found {IMAGE}, deprecated since 2020-01-01",
    ),
]


@pytest.mark.parametrize(
    ("arrange", "change", "words"), [row[1:] for row in MACHINES], ids=[row[0] for row in MACHINES]
)
def test_machines_that_cannot_be_had_are_told(
    aws: Account, arrange: Arrange, change: Change, words: str
) -> None:
    arrange(aws)
    told = faults(change)
    assert [each.startswith(words) for each in told].count(True) == 1, told


def test_an_image_that_hosts_run_already_is_only_warned_of_when_it_is_out_of_date(
    aws: Account,
) -> None:
    Built(aws, environment())
    aws.image(IMAGE, deprecated="2020-01-01T00:00:00.000Z")
    findings = found(environment())
    assert findings.faults == []
    (warning,) = unchecked(findings)
    assert f"could not be checked: found how long AWS keeps {IMAGE}" in warning


@pytest.mark.usefixtures("aws")
def test_an_image_larger_than_the_disk_is_told() -> None:
    root = {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 60}}
    image = {
        "ImageId": IMAGE,
        "State": "available",
        "Architecture": "x86_64",
        "RootDeviceType": "ebs",
        "RootDeviceName": "/dev/xvda",
        "BlockDeviceMappings": [root],
    }
    api = answering({"ec2:DescribeImages": {"Images": [image]}})
    host, bastion = map(str, found(environment(), api).faults)
    assert "does not fit on the system disk: found 40 GiB for a1, wanted at least 60" in host
    assert "found 40 GiB for bastion" in bastion


@pytest.mark.usefixtures("aws")
def test_a_type_without_encrypted_disks_is_told() -> None:
    row = {
        "InstanceType": "m7i.large",
        "VCpuInfo": {"DefaultVCpus": 2},
        "EbsInfo": {"EncryptionSupport": "unsupported"},
    }
    api = answering({"ec2:DescribeInstanceTypes": {"InstanceTypes": [row]}})
    told = "\n".join(map(str, found(environment(), api).faults))
    assert "fairway:aws.type: this type has no encrypted disks: found m7i.large" in told


@pytest.mark.usefixtures("aws")
def test_a_zone_in_trouble_or_not_enabled_is_told() -> None:
    def zone(letter: str, **parts: str) -> dict[str, str]:
        return {"ZoneName": f"{REGION}{letter}", "State": "available", **parts}

    rows = [zone("a"), zone("b", State="impaired"), zone("c", OptInStatus="not-opted-in")]
    api = answering({"ec2:DescribeAvailabilityZones": {"AvailabilityZones": rows}})
    told = "\n".join(map(str, found(environment(), api).faults))
    assert "zones.b.zone: this zone cannot be used: found eu-central-1b, impaired" in told
    assert "zones.c.zone: this zone cannot be used: found eu-central-1c, not enabled" in told
    assert "zones.a" not in told


@pytest.mark.usefixtures("aws")
def test_a_zone_that_lacks_the_type_names_the_zones_that_have_it() -> None:
    rows = [
        {"InstanceType": kind, "Location": f"{REGION}{letter}"}
        for kind, letters in (("m7i.large", "ac"), ("t3.nano", "abc"))
        for letter in letters
    ]
    api = answering({"ec2:DescribeInstanceTypeOfferings": {"InstanceTypeOfferings": rows}})
    (fault,) = found(environment(), api).faults
    assert "zone b does not offer this type, which b1 wants" in str(fault)
    assert "found m7i.large, offered in eu-central-1a, eu-central-1c" in str(fault)


# -- quotas


@pytest.mark.parametrize(
    ("code", "limit", "words"),
    [
        ("L-F678F1CE", 1, "too few VPCs of the region are left: found 1 of 1 used, wanted 1 more"),
        ("L-0263D0A3", 3, "too few public addresses of the region are left: found 0 of 3 used"),
        ("L-FE5A380F", 0, "NAT gateways of a zone are left: found 0 of 0 used in eu-central-1b"),
        ("L-DF5E4CA3", 9, "too few network interfaces of the region are left: found 0 of 9 used"),
        ("L-1216C47A", 13, "too few vCPUs of running standard instances are left: found 0 of 13"),
        ("L-93826ACB", 7, "too few entries of a route table are left: found 7, wanted 8 in one"),
        ("L-0EA8095F", 5, "rules of a security group, in one direction are left: found 5, wanted"),
    ],
)
def test_a_quota_that_an_up_would_exceed_is_told_with_its_code(
    code: str, limit: float, words: str
) -> None:
    with account({**QUOTAS, code: limit}):
        told = faults()
    assert any(words in each and f"quota {code}: " in each for each in told), told


def test_spot_machines_have_a_quota_of_their_own() -> None:
    with account({**QUOTAS, "L-34B43A08": 5}):
        (fault,) = faults(pool(1, spot=True))
    assert "too few vCPUs of standard spot instances are left: found 0 of 5 used" in fault
    assert "wanted 6 more" in fault


@pytest.mark.usefixtures("aws")
def test_families_with_a_quota_of_their_own_are_said_not_to_be_looked_at() -> None:
    (said,) = unchecked(found(environment(pool(1, type="g5.xlarge"))))
    assert said.startswith("quotas of vCPUs: could not be checked: found g5.xlarge, whose family")


def test_a_file_that_claims_more_entries_than_the_account_has_is_told() -> None:
    with account({**QUOTAS, "L-93826ACB": 200}):
        (fault,) = faults()
    assert fault.startswith("aws.route_quota: the account's route tables take fewer entries")
    assert "found 200 in the account, wanted 500" in fault


def test_an_unknown_quota_falls_back_to_what_aws_gives_everybody() -> None:
    with account({code: value for code, value in QUOTAS.items() if code != "L-0263D0A3"}):
        default = {"Quota": {"Value": 3.0}}
        api = answering({"servicequotas:GetAWSDefaultServiceQuota": default})
        (fault,) = found(environment(), api).faults
    assert "L-0263D0A3: too few public addresses" in str(fault)
