"""What a preflight says about ranges, routes and an existing VPC."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import moto_account
from tests.support.aws_preflights import faults, found, unchecked
from tests.support.moto_account import (
    QUOTAS,
    REGION,
    Account,
    Built,
    Change,
    Wanted,
    account,
    environment,
    own,
)


@pytest.fixture
def aws() -> Iterator[Account]:
    with account() as made:
        yield made


# -- ranges


def test_a_vpc_with_the_same_addresses_is_no_fault_but_worth_a_word(aws: Account) -> None:
    twin = aws.vpc("10.97.128.0/17")
    findings = found(environment())
    assert findings.faults == []
    (said,) = unchecked(findings)
    assert f"to be joined with {twin} (10.97.128.0/17)" in said


def test_once_our_vpc_stands_nobody_hears_of_twins(aws: Account) -> None:
    aws.vpc("10.97.128.0/17")
    Built(aws, environment())
    assert faults() == []


@pytest.mark.parametrize(
    ("key", "cidr"),
    [("containers", "10.227.0.0/20"), ("overlays", "172.28.0.0/20"), ("docker0", "172.30.0.0/16")],
)
def test_a_peered_network_with_addresses_of_ours_is_told(aws: Account, key: str, cidr: str) -> None:
    built = Built(aws, environment())
    other = aws.vpc(cidr)
    made = aws.ec2.create_vpc_peering_connection(VpcId=built.vpc, PeerVpcId=other)
    name = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    aws.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=name)
    told = next(each for each in faults() if each.startswith(f"network.{key}: "))
    assert "shares addresses with a network that the VPC is joined with: found " in told
    assert f" and {cidr}, by {name}, wanted addresses that nobody there has" in told


def test_peerings_of_other_vpcs_are_no_business_of_ours(aws: Account) -> None:
    Built(aws, environment())
    one, other = aws.vpc("10.227.0.0/20"), aws.vpc("10.5.0.0/16")
    aws.ec2.create_vpc_peering_connection(VpcId=one, PeerVpcId=other)
    assert faults() == []


def test_somebody_else_s_entry_for_a_container_range_is_told(aws: Account) -> None:
    built = Built(aws, environment())
    stranger = aws.instance(built.subnets["a"], "10.97.0.200", {"Name": "other"})
    hop = aws.interface_of(stranger)
    aws.ec2.create_route(
        RouteTableId=built.tables["b"],
        DestinationCidrBlock="10.227.7.0/24",
        NetworkInterfaceId=hop,
    )
    (fault,) = faults()
    assert fault.startswith("network.containers: somebody else's route leads there")
    assert f"found 10.227.7.0/24 to {hop} in {built.tables['b']}" in fault


def test_a_wide_entry_of_others_is_left_alone_for_ours_are_narrower(aws: Account) -> None:
    built = Built(aws, environment())
    gateway = aws.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    aws.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=built.vpc)
    for cidr in ("0.0.0.0/0", "10.0.0.0/8"):
        aws.ec2.create_route(
            RouteTableId=built.tables["a"], DestinationCidrBlock=cidr, GatewayId=gateway
        )
    assert faults() == []


def test_an_address_that_somebody_took_is_told(aws: Account) -> None:
    built = Built(aws, environment(pool(1, hosts={"a": 1, "c": 1})))
    aws.instance(built.subnets["b"], "10.97.16.20", {"Name": "thief"})
    told = faults()
    assert any(
        each.startswith(
            "pools.workers.hosts.b: the address of host b10 is taken: found 10.97.16.20"
        )
        for each in told
    ), told


# -- an existing VPC


class Theirs:
    """Somebody's VPC with a subnet and a table for each zone, and a public subnet in one."""

    def __init__(self, aws: Account) -> None:
        self.aws = aws
        self.vpc = aws.vpc("10.97.0.0/16")
        zones = moto_account.wanted()["network"]["zones"]
        self.subnets = {
            zone["name"]: aws.subnet(self.vpc, zone["subnet"], zone["zone"]) for zone in zones
        }
        self.tables = {name: aws.table(self.vpc, each) for name, each in self.subnets.items()}
        self.public = aws.subnet(self.vpc, "10.97.240.0/24", f"{REGION}a")
        self.gateway = aws.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        aws.ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        out = aws.table(self.vpc, self.public)
        aws.ec2.create_route(
            RouteTableId=out, DestinationCidrBlock="0.0.0.0/0", GatewayId=self.gateway
        )

    def change(self, **other: Any) -> Change:
        ids = {"vpc": self.vpc, "subnets": self.subnets, "tables": self.tables}
        existing = {**ids, "public": {"a": self.public}, **other}
        return own(nat="none", existing=existing)


@pytest.fixture
def theirs(aws: Account) -> Theirs:
    return Theirs(aws)


def test_an_existing_vpc_that_is_as_written_has_nothing_in_the_way(theirs: Theirs) -> None:
    assert faults(theirs.change()) == []


def test_the_main_table_serves_a_subnet_that_names_none(theirs: Theirs) -> None:
    rows = theirs.aws.ec2.describe_route_tables()["RouteTables"]
    main = next(
        row["RouteTableId"]
        for row in rows
        if row["VpcId"] == theirs.vpc and any(link["Main"] for link in row["Associations"])
    )
    link = next(
        each["RouteTableAssociationId"]
        for row in rows
        for each in row["Associations"]
        if each.get("SubnetId") == theirs.subnets["a"]
    )
    theirs.aws.ec2.disassociate_route_table(AssociationId=link)
    assert faults(theirs.change(tables={**theirs.tables, "a": main})) == []
    (fault,) = faults(theirs.change())
    assert fault.startswith("aws.existing.tables.a: is not what is needed")
    assert f"wanted {main}, the table of {theirs.subnets['a']}" in fault


def test_a_secondary_range_of_the_vpc_may_hold_the_hosts_but_not_the_containers(
    theirs: Theirs,
) -> None:
    theirs.aws.ec2.associate_vpc_cidr_block(VpcId=theirs.vpc, CidrBlock="10.227.64.0/20")
    (fault,) = faults(theirs.change())
    assert fault.startswith("network.containers: shares addresses with a network")
    assert f"found 10.227.0.0/16 and 10.227.64.0/20, a range of {theirs.vpc}" in fault


def pool(index: int, **keys: object) -> Change:
    return lambda wanted: wanted["pools"][index].update(keys)


def test_every_part_of_an_existing_vpc_is_held_against_the_file(theirs: Theirs) -> None:
    aws = theirs.aws
    stranger = aws.subnet(aws.vpc("10.5.0.0/16"), "10.5.0.0/20", f"{REGION}b")
    elsewhere = aws.subnet(theirs.vpc, "10.97.48.0/20", f"{REGION}a")
    subnets = {"a": "subnet-00000000000000000", "b": stranger, "c": elsewhere}

    told = "\n".join(faults(theirs.change(subnets=subnets, public={"a": theirs.subnets["a"]})))

    assert "existing.subnets.a: is not what is needed: found subnet-0000" in told
    assert f"existing.subnets.b: is not what is needed: found {stranger}, in vpc-" in told
    assert f"existing.subnets.c: is not what is needed: found {elsewhere}, in eu-central-1a" in told
    assert "network.zones.c.subnet: is not the range of" in told
    assert "wanted 10.97.48.0/20; write the subnet's own range" in told
    assert f"existing.public.a: is not what is needed: found {theirs.subnets['a']}, whose" in told


def test_a_bastion_s_subnet_in_another_zone_is_told(theirs: Theirs) -> None:
    change = theirs.change()

    def moved_bastion(wanted: Wanted) -> None:
        change(wanted)
        wanted["aws"]["bastion"]["zone"] = "b"
        wanted["aws"]["existing"]["public"] = {"b": theirs.public}

    (fault,) = faults(moved_bastion)
    assert fault.startswith("aws.existing.public.b: is not what is needed")
    assert f"found {theirs.public}, in eu-central-1a, wanted a subnet in eu-central-1b" in fault


def test_a_vpc_that_is_not_there_or_has_another_range_is_told(theirs: Theirs) -> None:
    (missing, *_) = faults(theirs.change(vpc="vpc-00000000000000000"))
    assert missing.startswith("aws.existing.vpc: is not what is needed: found vpc-0000")

    def other(wanted: Wanted) -> None:
        theirs.change()(wanted)
        wanted["network"]["vpc"] = "10.97.0.0/17"
        for index, zone in enumerate(wanted["network"]["zones"]):
            zone["public"] = f"10.97.{100 + index}.0/24"

    told = "\n".join(faults(other))
    assert f"network.vpc: is no range of {theirs.vpc}: found 10.97.0.0/17" in told


def test_an_address_in_use_in_an_existing_subnet_is_told(theirs: Theirs) -> None:
    theirs.aws.instance(theirs.subnets["c"], "10.97.32.11", {"Name": "database"})
    (fault,) = faults(theirs.change())
    assert fault.startswith("pools.managers.hosts.c: the address of host c1 is taken")


def test_an_existing_table_with_entries_of_others_holds_fewer_of_ours(theirs: Theirs) -> None:
    with moto_account.as_aws({**QUOTAS, "L-93826ACB": 7}):
        (claim,) = faults(theirs.change())
        assert claim.startswith("aws.route_quota: ")
        theirs.aws.ec2.create_route(
            RouteTableId=theirs.tables["b"],
            DestinationCidrBlock="0.0.0.0/0",
            GatewayId=theirs.gateway,
        )
        (full,) = faults(theirs.change())
        assert "too few entries of a route table are left: found 7, wanted 8" in full
