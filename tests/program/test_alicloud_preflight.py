"""What the preflight of Alibaba Cloud finds in an account, asked over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from components.clouds.alicloud import api as client
from components.clouds.alicloud.api import ACTIONS, Answer, Api
from components.clouds.alicloud.refusals import Asked
from components.errors import CloudFaults
from tests.support.standin.account import REGION, X86_IMAGE, Item, Kinds
from tests.support.standin.alicloud_api import KEY, SECRET, AlicloudApi
from tests.support.standin.alicloud_changes import full, item, own, pool, told
from tests.support.standin.alicloud_scene import VPC, Wanted, check, faked, stack, stand

DRY = {"vpc:CreateVpc", "ecs:RunInstances"}  # asked only whether they are allowed
ELSEWHERE = {  # asked by other things than a preflight of a new VPC
    "ecs:DescribeNetworkInterfaces",
    "ecs:DescribeSecurityGroupAttribute",
    "ecs:DescribeSecurityGroups",
    "ecs:ModifyInstanceAttribute",
    "vpc:DescribeRouteEntryList",
    "vpc:DescribeRouteTableList",
    "vpc:DescribeVSwitches",
    "vpcpeer:ListVpcPeerConnections",
}


@pytest.fixture(autouse=True)
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AlicloudApi]:
    monkeypatch.setattr(client, "_WAITS", (0.01, 0.01))
    with faked(tmp_path, monkeypatch) as fake:
        yield fake


def other_vpc(kinds: Kinds, cidr: str = "10.97.128.0/17") -> Item:
    kinds["vpc"]["vpc-other"] = {"VpcId": "vpc-other", "CidrBlock": cidr, "Status": "Available"}
    return kinds["vpc"]["vpc-other"]


def test_a_healthy_account_has_nothing_against_a_stack() -> None:
    assert told(check()) == []


def test_what_stands_already_is_not_counted_twice(fake: AlicloudApi) -> None:
    stand(fake.account, stack())
    with fake.account.open() as kinds:
        full(f"vpc_quota_instances_num_{REGION}", 1)(kinds)
        full("eip_quota_instances_num", 4)(kinds)
        item("attribute", "max-postpaid-instance-vcpu-count", Value="14")(kinds)
        for place in kinds["zone"].values():
            place["SoldOut"] = ["ecs.g8i.large", "ecs.t6-c1m1.large"]
    fake.deny |= DRY

    assert told(check()) == []


def test_everything_is_told_at_once(fake: AlicloudApi) -> None:
    with fake.account.open() as kinds:
        full("eip_quota_instances_num", 0)(kinds)
        full("vpc_quota_route_tables_num", 0)(kinds)
        item("image", X86_IMAGE, Status="UnAvailable")(kinds)

    found = check(own(kms_key="mine"))

    assert len(found.faults) == 4, told(found)
    with pytest.raises(CloudFaults) as raised:
        found.raise_any()
    assert len(str(raised.value).splitlines()) == 4


def test_a_quota_that_the_account_does_not_list_is_the_documented_one(fake: AlicloudApi) -> None:
    with fake.account.open() as kinds:
        kinds["quota"].clear()
        for number in range(10):
            kinds["vpc"][f"vpc-{number}"] = {
                "VpcId": f"vpc-{number}",
                "CidrBlock": "172.16.0.0/16",
            }

    assert any("VPCs of the region: found 11 needed" in message for message in told(check()))


def test_of_two_quotas_the_one_for_the_region_counts(fake: AlicloudApi) -> None:
    with fake.account.open() as kinds:
        named = kinds["quota"][f"vpc_quota_instances_num_{REGION}"]
        kinds["quota"]["all"] = {**named, "QuotaName": "vpc_quota_instances_num", "TotalQuota": 0}
        kinds["quota"]["far"] = {**named, "TotalQuota": 0, "Dimensions": {"regionId": "cn-beijing"}}

    assert told(check()) == []


@pytest.mark.parametrize("action", sorted(ACTIONS - DRY - ELSEWHERE))
def test_a_look_that_is_denied_could_not_be_done_and_is_no_fault(
    action: str, fake: AlicloudApi
) -> None:
    fake.deny.add(action)

    found = check()

    assert found.faults == []
    assert found.unchecked
    assert all("could not be checked" in str(each) for each in found.unchecked)
    assert all(action in str(each) for each in found.unchecked)
    assert len(found.unchecked) == 1


@pytest.mark.parametrize("action", sorted(DRY))
def test_a_right_that_is_lacking_is_a_fault(action: str, fake: AlicloudApi) -> None:
    fake.deny.add(action)

    found = check()

    (fault,) = found.faults
    assert f"no right to {action} (Forbidden.RAM)" in str(fault)


def test_a_region_that_does_not_exist_is_told_before_anything_else(fake: AlicloudApi) -> None:
    def elsewhere(wanted: Wanted) -> None:
        wanted["alicloud"]["region"] = "eu-central-9"
        for place in wanted["network"]["zones"]:
            place["zone"] = "eu-central-9" + place["name"]

    (message,) = told(check(elsewhere))

    assert "fairway:alicloud.region: is no region of this account: found eu-central-9" in message
    assert "did you mean eu-central-1?" in message
    assert fake.account.calls() == ["sts:GetCallerIdentity", "ecs:DescribeRegions"]


def test_a_key_that_is_not_known_is_a_fault_that_shows_no_secret(
    fake: AlicloudApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI5tSomebodyElses")

    (message,) = told(check())

    assert "credentials of Alibaba Cloud: the API does not take them" in message
    assert "InvalidAccessKeyId.NotFound" in message
    assert "LTAI" not in message
    assert SECRET not in message


def test_faults_of_the_configuration_are_told_though_nobody_answers(fake: AlicloudApi) -> None:
    fake.stop()

    found = check(own(kms_key="mine"))

    assert [fault.what for fault in found.faults] == ["is no id of a key"]
    (unchecked,) = found.unchecked
    assert "connection refused" in str(unchecked)


def test_an_api_that_is_asked_too_often_is_asked_again(fake: AlicloudApi) -> None:
    fake.throttle = {"vpc:DescribeVpcs": 2, "sts:GetCallerIdentity": 1}

    assert told(check()) == []


def test_an_api_that_is_always_asked_too_often_could_not_be_looked_at(fake: AlicloudApi) -> None:
    fake.throttle = {"quotas:ListProductQuotas": 1000}

    found = check()

    assert found.faults == []
    assert all("Throttling.User for quotas:" in str(each) for each in found.unchecked)
    assert found.unchecked


def test_an_answer_that_does_not_come_in_time_could_not_be_had(
    fake: AlicloudApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent, once = "vpc:DescribeEipAddresses", Api._once

    def asked_once(api: Api, product: str, asked: Asked, params: Mapping[str, Any]) -> Answer:
        if asked.action == silent:  # the others have all the time that they need
            api = Api(REGION)
            with monkeypatch.context() as hasty:
                hasty.setattr(client, "_READ_MS", 300)
                api._client(asked.host)
        return once(api, product, asked, params)

    monkeypatch.setattr(Api, "_once", asked_once)
    fake.silent = {silent}

    found = check()

    assert found.faults == []
    (unchecked,) = found.unchecked
    assert "no answer in time" in str(unchecked)


def test_addresses_that_another_vpc_has_are_named_and_no_fault(fake: AlicloudApi) -> None:
    with fake.account.open() as kinds:
        other_vpc(kinds)

    found = check()

    assert found.faults == []
    (note,) = found.unchecked
    assert "the same addresses in vpc-other (10.97.128.0/17)" in str(note)


@pytest.mark.parametrize("status", ["Activated", "Accepting"])
def test_addresses_that_a_peered_vpc_has_are_a_fault(status: str, fake: AlicloudApi) -> None:
    stand(fake.account, stack())
    with fake.account.open() as kinds:
        kinds["peering"]["pcc-1"] = {
            "InstanceId": "pcc-1",
            "Status": status,
            "RegionId": REGION,
            "Vpc": {"VpcId": "vpc-far", "Ipv4Cidrs": ["10.227.64.0/20", "192.168.0.0/16"]},
            "AcceptingVpc": {"VpcId": VPC, "Ipv4Cidrs": ["10.97.0.0/16"]},
        }

    (message,) = told(check())

    assert "network.containers: overlaps a VPC that ours is peered with: vpc-far" in message
    assert "found 10.227.0.0/16 and 10.227.64.0/20" in message


def test_a_peering_that_was_rejected_or_is_of_others_is_no_matter(fake: AlicloudApi) -> None:
    stand(fake.account, stack())
    with fake.account.open() as kinds:
        far = {"VpcId": "vpc-far", "Ipv4Cidrs": ["10.227.64.0/20"]}
        ours = {"VpcId": VPC, "Ipv4Cidrs": ["10.97.0.0/16"]}
        others = {"VpcId": "vpc-else", "Ipv4Cidrs": ["10.97.0.0/16"]}
        about = {"RegionId": REGION}
        kinds["peering"] = {
            "pcc-1": {**about, "Status": "Rejected", "Vpc": far, "AcceptingVpc": ours},
            "pcc-2": {**about, "Status": "Activated", "Vpc": far, "AcceptingVpc": others},
        }

    assert told(check()) == []


def test_addresses_of_a_vpc_in_the_same_enterprise_network_are_a_fault(fake: AlicloudApi) -> None:
    stand(fake.account, stack())
    with fake.account.open() as kinds:
        other_vpc(kinds)["CenStatus"] = "Attached"
        kinds["vpc"][VPC]["CenStatus"] = "Attached"

    (message,) = told(check())

    assert "overlaps a VPC that ours is in a Cloud Enterprise Network with: vpc-other" in message


def test_a_vpc_outside_of_our_enterprise_network_is_no_matter(fake: AlicloudApi) -> None:
    stand(fake.account, stack())
    with fake.account.open() as kinds:
        other_vpc(kinds)
        kinds["vpc"][VPC]["CenStatus"] = "Attached"

    assert told(check()) == []


def test_a_larger_type_needs_only_what_it_has_more(fake: AlicloudApi) -> None:
    stand(fake.account, stack())
    with fake.account.open() as kinds:
        item("attribute", "max-postpaid-instance-vcpu-count", Value="20")(kinds)

    # 14 are used; three workers get 4 instead of 2.
    assert told(check(pool(1, type="ecs.g8i.xlarge"))) == []
    assert "found 26 needed" in told(check(own(type="ecs.g8i.xlarge")))[0]


def test_no_message_shows_the_key_or_its_secret(fake: AlicloudApi) -> None:
    fake.deny = set(ACTIONS)

    messages = told(check())

    assert messages
    assert not any(KEY in message or SECRET in message for message in messages)
