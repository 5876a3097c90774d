"""AWS's own tables as verify reads them, and the machines that run."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import Any
from unittest import mock

import pytest
from moto.ec2.models.route_tables import Route

from components.clouds.aws.api import Api
from components.clouds.aws.running import running
from components.clouds.aws.view import AwsView
from components.clouds.rules import MEMBERS
from components.errors import CloudError
from components.remote.endpoint import Endpoint
from components.verify.compare import Wanted, compare
from components.verify.model import Entry, Flow, GroupRule, NetworkView, Target
from tests.support.moto_account import REGION, Account, Built, account, environment

INSIDE = "10.227.1.2"  # a container of host a1


@pytest.fixture
def aws() -> Iterator[Account]:
    with account() as made:
        yield made


@pytest.fixture
def built(aws: Account) -> Built:
    return Built(aws, environment())


def view(built: Built) -> NetworkView:
    return AwsView(REGION, "prod", built.tables)


def flow(direction: str, peer: str, protocol: str = "tcp", port: int | None = 81) -> Flow:
    return Flow(direction=direction, peer=IPv4Address(peer), protocol=protocol, port=port)  # type: ignore[arg-type]


def entry(built: Built, zone: str = "b", address: str = INSIDE) -> Entry:
    seen = view(built).entry(zone, IPv4Address(address))
    assert seen is not None
    return seen


def lets_in(built: Built, **rule: Any) -> None:
    built.account.ec2.authorize_security_group_ingress(
        GroupId=built.group, IpPermissions=[{"IpProtocol": "-1", **rule}]
    )


# -- machines


def test_running_machines_are_found_by_their_tags(aws: Account, built: Built) -> None:
    Built(aws, environment(lambda wanted: wanted["network"].update(vpc="10.97.0.0/16"), "other"))
    api = Api(REGION)
    assert running("prod", api) == built.hosts
    aws.ec2.stop_instances(InstanceIds=[built.hosts["a1"]])
    aws.ec2.terminate_instances(InstanceIds=[built.hosts["b1"]])
    assert set(running("prod", api)) == set(built.hosts) - {"a1", "b1"}


def test_a_list_of_more_than_one_page_is_read_to_its_end(built: Built) -> None:
    with mock.patch("components.clouds.aws.api._PAGE", 5):
        assert running("prod", Api(REGION)) == built.hosts


def test_what_is_ours_and_no_host_is_not_among_the_machines(aws: Account, built: Built) -> None:
    aws.instance(built.subnets["a"], "10.97.0.99", {"fairway:environment": "prod"})
    assert running("prod", Api(REGION)) == built.hosts


def test_a_machine_tells_its_state_by_its_slot(aws: Account, built: Built) -> None:
    aws.ec2.stop_instances(InstanceIds=[built.hosts["a1"]])
    aws.ec2.terminate_instances(InstanceIds=[built.hosts["b1"]])
    seen = view(built)
    assert [seen.machine(slot) for slot in ("c1", "a1", "b1", "z9")] == [
        "running",
        "stopped",
        "absent",
        "absent",
    ]


def test_a_machine_that_came_after_a_dead_one_is_the_one_in_the_slot(
    aws: Account, built: Built
) -> None:
    aws.ec2.terminate_instances(InstanceIds=[built.hosts["b1"]])
    tagged = {"fairway:environment": "prod", "fairway:slot": "b1"}
    aws.instance(built.subnets["b"], "10.97.16.77", tagged)
    assert view(built).machine("b1") == "running"


def test_the_check_that_drops_containers_packets_is_seen(aws: Account, built: Built) -> None:
    aws.ec2.modify_instance_attribute(InstanceId=built.hosts["a1"], SourceDestCheck={"Value": True})
    seen = view(built)
    assert [seen.source_dest_check(slot) for slot in ("a1", "b1", "z9")] == [True, False, False]


# -- tables


def test_an_entry_is_told_with_its_next_hop_s_slot(built: Built) -> None:
    hop = built.account.interface_of(built.hosts["a1"])
    seen = entry(built)
    assert seen.destination == IPv4Network("10.227.1.0/24")
    assert (seen.next_hop, seen.active) == ("a1", True)
    assert seen.text == f"{built.tables['b']}: 10.227.1.0/24 -> {hop} of a1 (active)"


def test_the_narrowest_entry_decides(built: Built) -> None:
    hop = built.account.interface_of(built.hosts["b1"])
    for cidr in ("10.0.0.0/8", "10.227.1.0/28"):
        built.account.ec2.create_route(
            RouteTableId=built.tables["b"], DestinationCidrBlock=cidr, NetworkInterfaceId=hop
        )
    assert entry(built).next_hop == "b1"
    assert entry(built, "a").next_hop == "a1"
    assert entry(built, "b", "10.1.1.1").destination == IPv4Network("10.0.0.0/8")


def test_an_address_of_no_entry_has_none(built: Built) -> None:
    assert view(built).entry("a", IPv4Address("192.0.2.1")) is None


def test_a_black_hole_of_a_stopped_machine_names_its_slot(built: Built) -> None:
    built.account.ec2.stop_instances(InstanceIds=[built.hosts["a1"]])
    with mock.patch.object(Route, "state", "blackhole"):
        seen = entry(built)
    assert (seen.next_hop, seen.active) == ("a1", False)
    assert seen.text.endswith("of a1 (blackhole)")


def test_a_black_hole_of_a_machine_that_is_gone_has_no_next_hop(built: Built) -> None:
    built.account.ec2.terminate_instances(InstanceIds=[built.hosts["a1"]])
    with mock.patch.object(Route, "state", "blackhole"):
        seen = entry(built)
    assert (seen.next_hop, seen.active) == ("", False)


def test_an_entry_that_leads_to_somebody_else_names_them(aws: Account, built: Built) -> None:
    gateway = aws.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    aws.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=built.vpc)
    aws.ec2.replace_route(
        RouteTableId=built.tables["b"],
        DestinationCidrBlock="10.227.1.0/24",
        GatewayId=gateway,
    )
    assert (entry(built).next_hop, entry(built).active) == (gateway, True)


def test_the_table_that_serves_a_zone_now_counts_and_not_the_one_it_was_given(
    aws: Account, built: Built
) -> None:
    assert view(built).table("b") == built.tables["b"]
    rows = aws.ec2.describe_route_tables(RouteTableIds=[built.tables["b"]])["RouteTables"]
    (link,) = rows[0]["Associations"]
    other = aws.ec2.create_route_table(VpcId=built.vpc)["RouteTable"]["RouteTableId"]
    aws.ec2.replace_route_table_association(
        AssociationId=link["RouteTableAssociationId"], RouteTableId=other
    )
    assert view(built).table("b") == other
    assert view(built).entry("b", IPv4Address(INSIDE)) is None


def test_a_zone_without_machines_has_the_table_that_it_was_given(aws: Account) -> None:
    built = Built(aws, environment(lambda wanted: wanted["pools"][1].update(hosts={"a": 1})))
    aws.ec2.terminate_instances(InstanceIds=list(built.hosts.values()))
    assert view(built).table("c") == built.tables["c"]


def test_a_table_that_is_gone_is_an_error_and_no_missing_entry(built: Built) -> None:
    built.account.ec2.terminate_instances(InstanceIds=list(built.hosts.values()))
    seen = AwsView(REGION, "prod", {"a": built.tables["a"], "b": "rtb-00000000000000000"})
    with pytest.raises(CloudError, match="zone b has no route table: found no rtb-0000"):
        seen.entry("b", IPv4Address(INSIDE))


# -- groups


def test_a_group_as_source_lets_its_machines_in_and_not_their_containers(built: Built) -> None:
    pair = {"UserIdGroupPairs": [{"GroupId": built.group}]}
    lets_in(built, IpProtocol="tcp", FromPort=1, ToPort=1000, **pair)
    seen = view(built)
    assert seen.refusal("a1", flow("in", "10.97.16.11")) == ""
    assert seen.refusal("a1", flow("in", INSIDE)) == (
        f"tcp 81 from {INSIDE} fits none of: {built.group} ingress tcp 1-1000 {built.group}"
    )


def test_a_rule_for_the_range_lets_containers_in_on_every_port(built: Built) -> None:
    lets_in(built, IpRanges=[{"CidrIp": "10.227.0.0/16"}])
    seen = view(built)
    for asked in (flow("in", INSIDE, port=60606), flow("in", INSIDE, "icmp", None)):
        assert seen.refusal("a1", asked) == ""
    assert "ingress all 10.227.0.0/16" in seen.refusal("a1", flow("in", "10.97.16.11"))


@pytest.mark.parametrize(("port", "let"), [(81, True), (1000, True), (1001, False), (80, False)])
def test_ports_are_a_range_with_both_ends(built: Built, port: int, let: bool) -> None:
    lets_in(
        built, IpProtocol="tcp", FromPort=81, ToPort=1000, IpRanges=[{"CidrIp": "10.227.0.0/16"}]
    )
    assert (view(built).refusal("a1", flow("in", INSIDE, port=port)) == "") is let


@pytest.mark.parametrize(("kind", "let"), [(-1, True), (8, True), (3, False)])
def test_a_ping_is_let_in_by_every_type_or_by_its_own(built: Built, kind: int, let: bool) -> None:
    lets_in(
        built, IpProtocol="icmp", FromPort=kind, ToPort=-1, IpRanges=[{"CidrIp": "10.227.0.0/16"}]
    )
    assert (view(built).refusal("a1", flow("in", INSIDE, "icmp", None)) == "") is let
    assert view(built).refusal("a1", flow("in", INSIDE)) != ""


def test_a_new_group_lets_everything_out_and_one_without_rules_nothing(built: Built) -> None:
    assert view(built).refusal("a1", flow("out", INSIDE)) == ""
    built.account.ec2.revoke_security_group_egress(
        GroupId=built.group,
        IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
    )
    told = view(built).refusal("a1", flow("out", INSIDE))
    assert told == f"tcp 81 to {INSIDE} fits none of: no egress rule"


def test_nothing_is_let_into_a_group_without_rules(built: Built) -> None:
    assert "no ingress rule" in view(built).refusal("a1", flow("in", INSIDE))


def test_the_rules_of_all_groups_count_together(aws: Account, built: Built) -> None:
    second = aws.group(built.vpc, "second")
    aws.ec2.authorize_security_group_ingress(
        GroupId=second,
        IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.227.0.0/16"}]}],
    )
    assert view(built).refusal("a1", flow("in", INSIDE)) != ""
    aws.ec2.modify_instance_attribute(InstanceId=built.hosts["a1"], Groups=[built.group, second])
    assert view(built).refusal("a1", flow("in", INSIDE)) == ""


def test_no_group_refuses_for_a_machine_that_is_not_there(built: Built) -> None:
    assert view(built).refusal("z9", flow("in", INSIDE)) == ""


# -- everything at once


def wanted(built: Built, *rules: GroupRule) -> Wanted:
    hosts = [
        Target(
            name=slot.name,
            zone=slot.zone,
            endpoint=Endpoint(slot.name, str(slot.address), "ssh-ed25519 AAAA"),
            containers=slot.containers,
            address=slot.address,
        )
        for slot in built.plan.slots
    ]
    ranges = built.plan.network.ranges
    return Wanted(hosts=hosts, ranges=ranges, rules=frozenset(rules), one_piece=False)


OUT = GroupRule(direction="out", peer="0.0.0.0/0")


def named(built: Built, *rules: GroupRule) -> list[tuple[str, str, str]]:
    found = compare(wanted(built, OUT, *rules), view(built).held())
    return [(each.kind, each.where, each.about) for each in found]


def whose(built: Built, zone: str) -> str:
    return f"route table {built.tables[zone]} (zone {zone})"


def test_what_stands_as_planned_differs_in_nothing(built: Built) -> None:
    assert named(built) == []


def test_entries_changed_in_one_table_are_named_there(built: Built) -> None:
    ec2, table = built.account.ec2, {"RouteTableId": built.tables["c"]}
    other = built.account.interface_of(built.hosts["b1"])
    cidr = {name: str(built.plan.slot(name).containers) for name in built.hosts}
    ec2.delete_route(**table, DestinationCidrBlock=cidr["a1"])
    ec2.replace_route(**table, DestinationCidrBlock=cidr["a10"], NetworkInterfaceId=other)
    ec2.create_route(**table, DestinationCidrBlock="10.227.255.0/24", NetworkInterfaceId=other)
    ec2.create_route(**table, DestinationCidrBlock="10.0.0.0/8", NetworkInterfaceId=other)

    assert named(built) == [
        ("route-missing", whose(built, "c"), "a1"),
        ("route-wrong-hop", whose(built, "c"), "a10"),
        ("foreign-entry", whose(built, "c"), ""),
    ]


def test_a_check_and_a_table_that_somebody_changed_are_named(built: Built) -> None:
    ec2 = built.account.ec2
    on = {"SourceDestCheck": {"Value": True}}
    ec2.modify_instance_attribute(InstanceId=built.hosts["b10"], **on)
    (row,) = ec2.describe_route_tables(RouteTableIds=[built.tables["b"]])["RouteTables"]
    (link,) = row["Associations"]
    association = {"AssociationId": link["RouteTableAssociationId"]}
    ec2.replace_route_table_association(**association, RouteTableId=built.tables["a"])

    assert named(built) == [
        ("association", "subnet of zone b", ""),
        ("source-dest-check", "b10", "b10"),
    ]


def test_the_rules_of_the_hosts_group_are_told_in_shared_words(built: Built) -> None:
    pair = {"UserIdGroupPairs": [{"GroupId": built.group}]}
    lets_in(built, IpProtocol="tcp", FromPort=2377, ToPort=2377, **pair)
    lets_in(built, IpProtocol="icmp", FromPort=-1, ToPort=-1, **pair)
    lets_in(built, IpRanges=[{"CidrIp": "10.227.0.0/16"}])

    assert view(built).held().rules == {
        GroupRule(direction="in", peer=MEMBERS, protocol="tcp", ports=(2377, 2377)),
        GroupRule(direction="in", peer=MEMBERS, protocol="icmp"),
        GroupRule(direction="in", peer="10.227.0.0/16"),
        OUT,
    }


def test_rules_added_and_missing_are_named_with_what_they_say(built: Built) -> None:
    lets_in(built, IpProtocol="tcp", FromPort=22, ToPort=22, IpRanges=[{"CidrIp": "0.0.0.0/0"}])
    range_ = GroupRule(direction="in", peer="10.227.0.0/16")

    found = compare(wanted(built, OUT, range_), view(built).held())

    assert [(each.kind, each.found, each.wanted) for each in found] == [
        ("rule-missing", "no such rule", "let all in from 10.227.0.0/16"),
        ("rule-added", "let tcp 22 in from 0.0.0.0/0", "no such rule"),
    ]


def test_a_group_put_on_a_machine_by_hand_is_named(aws: Account, built: Built) -> None:
    other = aws.group(built.vpc, "open")
    host = built.hosts["c1"]
    aws.ec2.modify_instance_attribute(InstanceId=host, Groups=[built.group, other])

    found = compare(wanted(built, OUT), view(built).held())

    assert [(each.kind, each.about) for each in found] == [("groups", "c1")]
    assert other in found[0].found


def test_a_machine_that_is_off_is_named_once_and_not_in_every_table(built: Built) -> None:
    built.account.ec2.stop_instances(InstanceIds=[built.hosts["a1"]])

    with mock.patch.object(Route, "state", "blackhole"):
        found = [each for each in named(built) if each[2] == "a1"]

    assert found == [("host-down", "a1", "a1")]


def test_a_table_that_was_deleted_is_named_with_all_that_it_held(built: Built) -> None:
    seen = AwsView(REGION, "prod", {**built.tables, "vpc.public": "rtb-00000000000000000"})

    (found,) = compare(wanted(built, OUT), seen.held())

    assert (found.kind, found.wanted) == ("table-missing", "a table with 6 entries for containers")
