"""What a stack on a cloud may say, and what it is told when that does not fit together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from components.config.model import AlicloudSettings, AwsSettings
from components.environment import read_environment
from components.errors import ConfigFaults
from components.plan import make_plan
from tests.support.environments import config

Wanted = dict[str, Any]
Change = Callable[[Wanted], object]

OWN: dict[str, Wanted] = {
    "aws": {"region": "eu-central-1", "image": "ami-0123456789abcdef0", "type": "m7i.large"},
    "alicloud": {"region": "eu-central-1", "image": "debian_12.vhd", "type": "ecs.g8i.large"},
}
BASTION = {"aws": "t3.nano", "alicloud": "ecs.t6-c1m1.large"}
ZONE = {"aws": "eu-central-1{}", "alicloud": "eu-central-1-{}"}
CLOUDS = sorted(OWN)


def sound(cloud: str) -> Wanted:
    """A configuration of three zones with a bastion and a NAT gateway in each."""
    wanted = config()
    del wanted["lab"]
    for index, zone in enumerate(wanted["network"]["zones"]):
        zone["zone"] = ZONE[cloud].format(zone["name"])
        zone["public"] = f"10.97.{240 + index}.0/24"
    bastion = {"zone": "a", "type": BASTION[cloud]}
    more = {"bastion": bastion, "ssh_from": ["203.0.113.0/24"], "owner": "team"}
    return {**wanted, "cloud": cloud, cloud: {**OWN[cloud], **more}}


def told(cloud: str, change: Change = lambda _: None) -> list[str]:
    wanted = sound(cloud)
    change(wanted)
    try:
        read_environment(wanted, stack="prod", source="x")
    except ConfigFaults as error:
        return [str(fault).removeprefix("x: ") for fault in error.faults]
    return []


def own(cloud: str, **keys: object) -> Change:
    return lambda wanted: wanted[cloud].update(keys)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_sound_configuration_is_read_with_its_defaults(cloud: str) -> None:
    seen = read_environment(sound(cloud), stack="prod", source="x")

    settings = seen.settings
    assert isinstance(settings, AwsSettings if cloud == "aws" else AlicloudSettings)
    assert settings.disk == 40
    assert settings.nat == "zone"
    assert settings.protect
    assert settings.bastion is not None
    assert settings.bastion.image == settings.image
    assert seen.network.zones[1].zone == ZONE[cloud].format("b")
    assert {slot.type for slot in make_plan(seen).slots} == {settings.type}


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_pool_may_have_machines_of_its_own(cloud: str) -> None:
    wanted = sound(cloud)
    larger = OWN[cloud]["type"].replace("large", "xlarge")
    wanted["pools"][1] |= {"type": larger, "disk": 100, "spot": True}

    plan = make_plan(read_environment(wanted, stack="prod", source="x"))

    assert (plan.slot("a10").type, plan.slot("a10").disk, plan.slot("a10").spot) == (
        larger,
        100,
        True,
    )
    assert (plan.slot("a1").type, plan.slot("a1").disk) == (OWN[cloud]["type"], 40)


def no_public(index: int) -> Change:
    return lambda wanted: wanted["network"]["zones"][index].pop("public")


def foreign_zone(wanted: Wanted) -> None:
    zone = wanted["network"]["zones"][0]
    zone["zone"] = zone["zone"].replace("central", "west")


def spot_managers(wanted: Wanted) -> None:
    wanted["pools"][0]["spot"] = True


def public_outside(wanted: Wanted) -> None:
    wanted["network"]["zones"][0]["public"] = "10.98.0.0/24"


EXISTING = {"vpc": "vpc-1", "subnets": {"a": "s-1", "b": "s-2"}, "tables": {"a": "t-1"}}


def existing(wanted: Wanted) -> None:
    wanted[wanted["cloud"]] |= {"existing": EXISTING}


BOTH: list[tuple[str, Change, str]] = [
    ("a NAT gateway without a place", no_public(2), "fairway:network.zones.c.public: there is no"),
    ("another region's zone", foreign_zone, "is no zone of the region in fairway:"),
    ("managers that may vanish", spot_managers, "managers may not be taken away at any time"),
    ("a public subnet outside", public_outside, "fairway:network.zones.a.public: the public"),
    ("subnets for two of three zones", existing, "nothing for zone c"),
    ("a NAT gateway in somebody's VPC", existing, "the way out of an existing VPC is its owner's"),
    ("a bastion in somebody's VPC", existing, "existing.public: names no subnet for the bastion"),
]


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize(("change", "words"), [row[1:] for row in BOTH], ids=[r[0] for r in BOTH])
def test_what_does_not_fit_together_is_told(cloud: str, change: Change, words: str) -> None:
    assert any(words in message for message in told(cloud, change)), told(cloud, change)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_one_nat_gateway_needs_one_public_subnet(cloud: str) -> None:
    def one(wanted: Wanted) -> None:
        wanted[cloud]["nat"] = "one"
        for index in (1, 2):
            no_public(index)(wanted)

    assert told(cloud, one) == []


@pytest.mark.parametrize("cloud", CLOUDS)
def test_somebody_must_be_able_to_log_in_and_never_everybody(cloud: str) -> None:
    (nobody,) = told(cloud, lambda wanted: wanted[cloud].pop("ssh_from"))
    (everybody,) = told(cloud, own(cloud, ssh_from=["0.0.0.0/0"]))

    assert "nobody could log in" in nobody
    assert "lets the whole internet knock" in everybody


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_bastion_stands_in_a_zone_that_there_is(cloud: str) -> None:
    (message,) = told(cloud, own(cloud, bastion={"zone": "d", "type": BASTION[cloud]}))

    assert message.startswith(f"fairway:{cloud}.bastion.zone: is no zone of fairway:network.zones")


def test_session_manager_is_a_way_in_that_needs_no_other() -> None:
    def alone(wanted: Wanted) -> None:
        wanted["aws"] |= {"ssm": True}
        del wanted["aws"]["bastion"], wanted["aws"]["ssh_from"]

    assert told("aws", alone) == []
    (message,) = told("aws", own("aws", ssm=True))
    assert "found bastion, ssh_from, wanted one way in" in message


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize(
    ("key", "value"), [("image", "newest"), ("type", "large"), ("region", "Frankfurt")]
)
def test_names_are_those_of_the_cloud(cloud: str, key: str, value: str) -> None:
    if (cloud, key) == ("alicloud", "image"):
        value = "no image"

    messages = told(cloud, own(cloud, **{key: value}))

    assert any(f"fairway:{cloud}.{key}: has the wrong form" in each for each in messages)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_an_image_is_never_guessed(cloud: str) -> None:
    (message,) = told(cloud, lambda wanted: wanted[cloud].pop("image"))

    assert message.startswith(f"fairway:{cloud}.image: is missing")


def test_more_hosts_than_a_table_takes_are_refused_in_the_words_of_the_cloud() -> None:
    assert told("aws", own("aws", route_quota=8)) == []
    (message,) = told("aws", own("aws", route_quota=7))

    assert message.startswith("fairway:aws.route_quota: every route table needs an entry")
    assert "found 6 hosts and the way out and the VPC itself, wanted at most 7" in message


def test_a_vpc_is_no_wider_than_aws_makes_them_and_the_lab_takes_more() -> None:
    def widen(wanted: dict[str, Any]) -> None:
        wanted["network"]["vpc"] = "10.96.0.0/11"

    (message,) = told("aws", widen)
    assert message.startswith("fairway:network.vpc: is no size that AWS has for a VPC: found 10.")
    assert "wanted /12 to /28; write 10.96.0.0/12, or several clusters" in message
    wanted = config()
    widen(wanted)
    read_environment(wanted, stack="lab", source="x")


@pytest.mark.parametrize(("cloud", "other"), [("aws", "alicloud"), ("lab", "aws")])
def test_what_is_meant_for_another_cloud_is_refused(cloud: str, other: str) -> None:
    wanted = config() if cloud == "lab" else sound(cloud)
    wanted[other] = OWN[other]

    with pytest.raises(ConfigFaults, match=f"fairway:{other}: belongs to another cloud"):
        read_environment(wanted, stack="prod", source="x")


@pytest.mark.parametrize(("key", "value"), [("type", "m7i.large"), ("disk", 50), ("spot", True)])
def test_the_lab_says_that_it_has_no_machines_to_choose_from(key: str, value: object) -> None:
    wanted = config()
    wanted["pools"][1][key] = value

    with pytest.raises(ConfigFaults, match=f"fairway:pools.workers.{key}: means nothing on the"):
        read_environment(wanted, stack="lab", source="x")


def test_tags_of_users_do_not_use_the_clouds_own_prefix() -> None:
    (message,) = told("aws", own("aws", tags={"aws:x": "1"}))

    assert message.startswith("fairway:aws.tags.aws:x: has the wrong form")
