"""A VPC on AWS that is wider than one block: which blocks it is made of, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from components.environment import Network, read_environment
from components.errors import ConfigFaults
from components.plan.blocks import block_of, blocks
from tests.support.aws_blocks import apart
from tests.support.environments import aws_config

Change = Callable[[dict[str, Any]], object]


def network(*changes: Change) -> Network:
    wanted = aws_config()
    for change in changes:
        change(wanted)
    return read_environment(wanted, stack="prod", source="x").network


def told(*changes: Change) -> list[str]:
    try:
        network(*changes)
    except ConfigFaults as error:
        return [str(fault).removeprefix("x: fairway:network.") for fault in error.faults]
    return []


def zone(index: int, **keys: str) -> Change:
    return lambda config: config["network"]["zones"][index].update(keys)


def made_of(*changes: Change) -> list[str]:
    return [str(block) for block in blocks(network(*changes))]


def in_existing(config: dict[str, Any]) -> None:
    ids = {"a": "1", "b": "2", "c": "3"}
    subnets = {name: f"subnet-0000000{digit}" for name, digit in ids.items()}
    tables = {name: f"rtb-0000000{digit}" for name, digit in ids.items()}
    parts = {"vpc": "vpc-00000001", "subnets": subnets, "tables": tables}
    config["aws"] |= {"nat": "none", "existing": {**parts, "public": {"a": "subnet-00000009"}}}


def test_a_vpc_of_one_block_is_made_as_it_is_written() -> None:
    assert made_of() == ["10.94.0.0/16"]


def test_a_wide_vpc_has_the_blocks_in_which_there_is_a_subnet_and_no_other() -> None:
    assert made_of(apart("10.80.0.0/12")) == ["10.80.0.0/16", "10.81.0.0/16", "10.82.0.0/16"]


def test_a_public_subnet_may_lie_in_a_block_of_its_own() -> None:
    seen = network(apart("10.80.0.0/12"), zone(0, public="10.90.0.0/24"))
    outer = seen.zones[0].public

    assert outer is not None
    assert [str(block_of(seen, each)) for each in (seen.zones[0].subnet, outer)] == [
        "10.80.0.0/16",
        "10.90.0.0/16",
    ]


def test_the_first_block_is_the_lowest_whatever_the_order_of_the_zones() -> None:
    def turn(config: dict[str, Any]) -> None:
        config["network"]["zones"].reverse()

    assert made_of(apart("10.92.0.0/14"), turn) == made_of(apart("10.92.0.0/14"))


def test_a_vpc_that_is_widened_keeps_the_block_that_it_was_made_with() -> None:
    def widen(config: dict[str, Any]) -> None:
        config["network"]["vpc"] = "10.80.0.0/12"

    assert made_of(widen) == made_of() == ["10.94.0.0/16"]


def test_a_zone_may_have_all_of_its_block() -> None:
    inner = zone(1, subnet="10.93.0.0/16", public="10.92.254.0/24")

    assert told(apart("10.92.0.0/14"), inner) == []
    assert made_of(apart("10.92.0.0/14"), inner)[1] == "10.93.0.0/16"


@pytest.mark.parametrize(("key", "index"), [("subnet", 0), ("public", 2)])
def test_a_subnet_lies_within_one_block(key: str, index: int) -> None:
    (message,) = told(apart("10.80.0.0/12"), zone(index, **{key: "10.84.0.0/15"}))

    assert message.startswith(f"zones.{'abc'[index]}.{key}: lies in more than one block of the")
    assert "found 10.84.0.0/15, wanted a subnet inside one /16, the widest that AWS" in message
    assert message.endswith("; write 10.84.0.0/16, or add zones")


def test_a_vpc_is_no_wider_than_a_12_and_no_narrower_than_aws_makes_them() -> None:
    (message,) = told(apart("10.64.0.0/11"))

    assert message.startswith("vpc: is no size that AWS has for a VPC: found 10.64.0.0/11")
    assert "wanted /12 to /28; write 10.64.0.0/12, or several clusters" in message


def test_an_existing_vpc_is_told_by_one_of_its_blocks() -> None:
    (message,) = told(apart("10.92.0.0/14"), in_existing)

    assert message.startswith("vpc: is no size that AWS has for a VPC: found 10.92.0.0/14")
    assert "wanted /16 to /28; write 10.92.0.0/16" in message


def test_blocks_that_are_joined_are_private_ones() -> None:
    (message,) = told(apart("11.0.0.0/12"))

    assert message.startswith("vpc: is wider than one block of AWS, a /16, and not private")
    assert "found 11.0.0.0/12, wanted a part of 10.0.0.0/8 or 172.16.0.0/12; move it" in message


def test_the_block_that_ec2_joins_to_no_vpc_is_refused_beside_another() -> None:
    def free(config: dict[str, Any]) -> None:
        config["network"] |= {
            "overlays": "10.65.0.0/16",
            "docker0": "10.66.0.0/16",
            "gwbridge": "10.67.0.0/16",
        }

    messages = told(apart("172.24.0.0/13"), free, zone(2, subnet="172.31.0.0/20"))
    (message,) = messages

    assert message.startswith("zones.c.subnet: lies in 172.31.0.0/16, a block that EC2 joins to no")
    assert "found 172.31.0.0/20, wanted another block of 172.24.0.0/13; move the subnet" in message
