"""A VPC of several blocks: what a preflight says of the account, and what the stand-in refuses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from components.clouds.tags import tags
from tests.support.aws_blocks import apart
from tests.support.aws_preflights import faults, found, unchecked
from tests.support.aws_rows import Rows, rows
from tests.support.moto_account import QUOTAS, Account, Built, account, environment
from tests.support.standin.aws_blocks import VpcIpv4CidrBlockAssociation as Block
from tests.support.standin.aws_tables import RouteTable
from tests.support.standin.aws_vpc import Subnet, Vpc
from tests.support.standin.kind import Refused

BLOCKS = "L-83CA0A9D"
wide = apart("10.80.0.0/12")


@pytest.fixture
def aws() -> Iterator[Account]:
    with account() as made:
        yield made


# -- the preflight


@pytest.mark.usefixtures("aws")
def test_a_wide_vpc_has_nothing_in_its_way_in_a_healthy_account() -> None:
    assert faults(wide) == []


def test_a_new_vpc_needs_all_its_blocks_and_one_that_stands_none() -> None:
    with account({**QUOTAS, BLOCKS: 2}):
        (fault,) = faults(wide)
        assert f"quota {BLOCKS}: too few IPv4 blocks of a VPC are left: found 0 of 2" in fault
        assert "wanted 3 more" in fault
    with account({**QUOTAS, BLOCKS: 3}) as aws:
        Built(aws, environment(wide))
        assert faults(wide) == []


def test_a_vpc_of_one_block_is_not_measured_by_that_quota() -> None:
    with account({**QUOTAS, BLOCKS: 0}):
        assert faults() == []


def test_each_block_has_an_entry_of_its_own_in_every_table() -> None:
    with account({**QUOTAS, "L-93826ACB": 9}):
        assert any("found 9, wanted 10 in one table" in each for each in faults(wide))
    with account({**QUOTAS, "L-93826ACB": 10}):
        assert not any("in one table" in each for each in faults(wide))


def half_built(aws: Account) -> str:
    """Our VPC with the first block and nothing in it."""
    return aws.vpc("10.80.0.0/16", tags(environment(wide), "vpc"))


def test_a_hand_s_own_block_where_one_of_ours_is_to_be_is_told(aws: Account) -> None:
    vpc = half_built(aws)
    aws.ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.81.16.0/20")
    aws.ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.90.0.0/16")

    (fault,) = faults(wide)
    assert fault.startswith("network.vpc: shares addresses with a network that the VPC is joined")
    assert f"found 10.81.0.0/16 and 10.81.16.0/20, a range of {vpc}, wanted" in fault


def test_a_peered_network_anywhere_in_the_range_is_told(aws: Account) -> None:
    vpc, other = half_built(aws), aws.vpc("10.95.0.0/16")
    made = aws.ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=other)
    name = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    aws.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=name)

    (fault,) = faults(wide)
    assert f"found 10.80.0.0/12 and 10.95.0.0/16, by {name}, wanted addresses" in fault


def test_another_vpc_anywhere_in_the_range_is_worth_a_word(aws: Account) -> None:
    twin = aws.vpc("10.95.0.0/16")

    (said,) = unchecked(found(environment(wide)))
    assert (
        f"to be joined with {twin} (10.95.0.0/16), which shares addresses of 10.80.0.0/12" in said
    )


def test_an_entry_of_others_inside_a_block_that_is_to_be_joined_is_told(aws: Account) -> None:
    vpc = half_built(aws)
    subnet = aws.subnet(vpc, "10.80.0.0/17", "eu-central-1a")
    table = aws.table(vpc, subnet, tags(environment(wide), "a"))
    gateway = aws.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    aws.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    for destination in ("10.82.5.0/24", "10.90.0.0/24"):
        words = {"RouteTableId": table, "DestinationCidrBlock": destination}
        aws.ec2.create_route(**words, GatewayId=gateway)

    (fault,) = [each for each in faults(wide) if "somebody else's route" in each]
    assert fault.startswith("network.vpc: somebody else's route leads there: found 10.82.5.0/24 to")
    assert "wanted no entry of others inside 10.82.0.0/16" in fault


# -- the stand-in


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rows]:
    with rows(tmp_path_factory.mktemp("standin")) as made:
        yield made


@pytest.mark.parametrize(
    ("first", "block"),
    [
        ("10.94.0.0/16", "10.94.0.0/20"),
        ("10.94.0.0/16", "172.20.0.0/16"),
        ("10.94.0.0/16", "192.168.0.0/16"),
        ("10.1.0.0/16", "10.0.0.0/16"),
        ("172.20.0.0/16", "172.31.0.0/16"),
    ],
)
def test_a_block_that_ec2_does_not_join_is_refused(standin: Rows, first: str, block: str) -> None:
    vpc = standin.make(Vpc, cidrBlock=first)

    assert standin.refusal(Block, vpcId=vpc, cidrBlock=block) == "InvalidVpc.Range"


def test_10_1_is_joined_to_10_0(standin: Rows) -> None:
    vpc = standin.make(Vpc, cidrBlock="10.0.0.0/16")

    assert standin.make(Block, vpcId=vpc, cidrBlock="10.1.0.0/16").startswith("vpc-cidr-assoc-")


def test_a_block_is_no_wider_than_aws_has_them(standin: Rows) -> None:
    assert Block(standin.cloud).faults({"vpcId": standin.vpc, "cidrBlock": "10.96.0.0/15"})


def test_an_entry_inside_a_block_keeps_it_out(standin: Rows) -> None:
    entry = standin.route("10.93.16.0/20")
    words = {"RouteTableId": entry["routeTableId"], "DestinationCidrBlock": "10.93.16.0/20"}
    standin.cloud.unseen.ask("ec2:CreateRoute", **words, GatewayId=standin.gateway)

    asked = {"vpcId": standin.vpc, "cidrBlock": "10.93.0.0/16"}
    assert standin.refusal(Block, **asked) == "InvalidVpc.Range"


def test_a_subnet_needs_its_block_and_keeps_it_and_tables_have_its_entry_as_long(
    standin: Rows,
) -> None:
    vpc = standin.make(Vpc, cidrBlock="10.80.0.0/16")
    table = standin.make(RouteTable, vpcId=vpc)
    inside = {"vpcId": vpc, "cidrBlock": "10.81.0.0/17"}
    assert standin.refusal(Subnet, **inside) == "InvalidSubnet.Range"

    block = standin.make(Block, vpcId=vpc, cidrBlock="10.81.0.0/16")
    assert local(standin, table) == {"10.80.0.0/16", "10.81.0.0/16"}
    subnet = standin.make(Subnet, **inside)
    outputs = standin.outputs(Block, block)
    with pytest.raises(Refused, match="DependencyViolation"):
        Block(standin.cloud).delete(block, outputs)

    Subnet(standin.cloud).delete(subnet, {})
    Block(standin.cloud).delete(block, outputs)
    assert Block(standin.cloud).read(block, outputs) is None
    assert local(standin, table) == {"10.80.0.0/16"}
    assert standin.refusal(Subnet, **inside) == "InvalidSubnet.Range"


def local(standin: Rows, table: str) -> set[str]:
    rows = standin.cloud.unseen.rows(
        "ec2:DescribeRouteTables", "RouteTables", RouteTableIds=[table]
    )
    return {each["DestinationCidrBlock"] for each in rows[0]["Routes"]}
