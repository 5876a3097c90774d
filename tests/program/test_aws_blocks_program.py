"""A VPC of several blocks, as the program asks AWS for it."""

from __future__ import annotations

import pytest

from tests.support.aws_blocks import apart
from tests.support.aws_program import built, existing
from tests.support.mock_engine import Resources, behind, named, of_kind

JOINED = "VpcIpv4CidrBlockAssociation"


@pytest.fixture(scope="module")
def wide() -> Resources:
    return built(apart("10.80.0.0/12"))


def test_the_vpc_has_the_first_block_and_each_further_one_is_joined_once(wide: Resources) -> None:
    (vpc,) = of_kind(wide, "Vpc").values()
    joined = {name: dict(each.inputs) for name, each in of_kind(wide, JOINED).items()}

    assert vpc.inputs["cidrBlock"] == "10.80.0.0/16"
    assert joined == {
        "vpc.10.81.0.0": {"vpcId": "vpc-id", "cidrBlock": "10.81.0.0/16"},
        "vpc.10.82.0.0": {"vpcId": "vpc-id", "cidrBlock": "10.82.0.0/16"},
    }


@pytest.mark.parametrize(
    ("subnet", "block"),
    [
        ("a", set()),
        ("a.public", set()),
        ("b", {"vpc.10.81.0.0"}),
        ("b.public", {"vpc.10.81.0.0"}),
        ("c", {"vpc.10.82.0.0"}),
        ("c.public", {"vpc.10.82.0.0"}),
    ],
)
def test_a_subnet_waits_for_its_own_block_alone(
    wide: Resources, subnet: str, block: set[str]
) -> None:
    assert named(behind(wide, wide["Subnet", subnet]), JOINED) == block


def test_a_vpc_of_one_block_and_an_existing_one_have_nothing_joined() -> None:
    assert of_kind(built(), JOINED) == {}
    assert of_kind(built(existing), JOINED) == {}
