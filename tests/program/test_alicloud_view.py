"""Alibaba Cloud's tables and groups as verify asks for them, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Literal

import pytest

from components.clouds.alicloud.view import AlicloudView
from components.clouds.rules import BASTION, MEMBERS
from components.errors import CloudError
from components.plan import make_plan
from components.remote.endpoint import Endpoint
from components.verify.compare import Wanted, compare
from components.verify.model import Flow, GroupRule, Target
from tests.support.standin.account import REGION, Item
from tests.support.standin.alicloud_api import AlicloudApi
from tests.support.standin.alicloud_scene import GATE, HOSTS, entry, faked, stack, stand

IN_A10 = IPv4Address("10.227.10.7")  # in the container CIDR of a10
A1 = IPv4Address("10.97.0.11")


@pytest.fixture(autouse=True)
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AlicloudApi]:
    with faked(tmp_path, monkeypatch) as fake:
        stand(fake.account, stack())
        yield fake


def view() -> AlicloudView:
    tables = {zone: f"vtb-{zone}" for zone in "abc"}
    return AlicloudView(region=REGION, environment="prod", tables=tables)


def flow(
    peer: IPv4Address = IN_A10,
    *,
    direction: Literal["in", "out"] = "in",
    protocol: Literal["tcp", "icmp"] = "tcp",
    port: int | None = 8080,
) -> Flow:
    return Flow(direction=direction, peer=peer, protocol=protocol, port=port)


def rule(**fields: object) -> Item:
    return {
        "Direction": "ingress",
        "IpProtocol": "TCP",
        "PortRange": "1/65535",
        "Policy": "Accept",
        "Priority": "1",
        "SourceCidrIp": "",
        "SourceGroupId": "",
        **fields,
    }


def having(fake: AlicloudApi, *rules: Item, group: str = HOSTS, **fields: object) -> AlicloudView:
    """A view of the account once the group holds these rules."""
    with fake.account.open() as kinds:
        kinds["security_group"][group].update(fields)
        kinds["security_group"][group]["Permissions"] = {"Permission": list(rules)}
    return view()


def test_a_machine_is_running_stopped_or_absent(fake: AlicloudApi) -> None:
    with fake.account.open() as kinds:
        kinds["instance"]["i-b1"]["Status"] = "Stopped"
        kinds["instance"].pop("i-c1")

    seen = view()

    assert [seen.machine(slot) for slot in ("a1", "b1", "c1")] == ["running", "stopped", "absent"]


def test_of_two_machines_in_a_slot_the_running_one_counts(fake: AlicloudApi) -> None:
    with fake.account.open() as kinds:
        old = {**kinds["instance"]["i-a1"], "InstanceId": "i-z", "Status": "Stopped"}
        kinds["instance"] = {**kinds["instance"], "i-z": old}

    assert view().machine("a1") == "running"


def test_an_entry_leads_to_the_slot_whose_machine_it_points_at() -> None:
    found = view().entry("b", IN_A10)

    assert found is not None
    assert (found.destination, found.next_hop) == (IPv4Network("10.227.10.0/24"), "a10")
    assert found.active
    assert found.text == "vtb-b: 10.227.10.0/24 -> Instance i-a10 (a10) (Available)"


def test_the_most_specific_entry_counts(fake: AlicloudApi) -> None:
    with fake.account.open() as kinds:
        entry(kinds, "vtb-b", "10.227.0.0/16", "i-c1")
        entry(kinds, "vtb-b", "10.227.10.0/28", "i-b1")

    found = view().entry("b", IN_A10)

    assert found is not None
    assert found.next_hop == "b1"


def test_an_entry_by_a_network_interface_leads_to_its_machine(fake: AlicloudApi) -> None:
    with fake.account.open() as kinds:
        entry(kinds, "vtb-b", "10.227.10.0/24", "eni-i-c1", "NetworkInterface")

    found = view().entry("b", IN_A10)

    assert found is not None
    assert found.next_hop == "c1"


def test_an_entry_to_a_machine_that_is_gone_leads_nowhere(fake: AlicloudApi) -> None:
    with fake.account.open() as kinds:
        kinds["instance"].pop("i-a10")

    found = view().entry("b", IN_A10)

    assert found is not None
    assert found.next_hop == ""
    assert "Instance i-a10 (Available)" in found.text


def test_an_entry_to_a_machine_that_is_stopped_is_not_active(fake: AlicloudApi) -> None:
    with fake.account.open() as kinds:
        kinds["instance"]["i-a10"]["Status"] = "Stopped"

    found = view().entry("b", IN_A10)

    assert found is not None
    assert (found.next_hop, found.active) == ("a10", False)


def test_an_entry_that_is_still_being_made_is_not_active(fake: AlicloudApi) -> None:
    with fake.account.open() as kinds:
        entry(kinds, "vtb-b", "10.227.10.0/24", "i-a10")["Status"] = "Creating"

    found = view().entry("b", IN_A10)

    assert found is not None
    assert not found.active


def test_where_no_entry_fits_there_is_none(fake: AlicloudApi) -> None:
    with fake.account.open() as kinds:
        kinds["route_entry"].pop("rte-vtb-b-10.227.10.0/24")

    assert view().entry("b", IN_A10) is None


def test_all_pages_of_a_table_are_read(fake: AlicloudApi) -> None:
    with fake.account.open() as kinds:
        kinds["route_entry"].clear()
        for number in range(250):
            entry(kinds, "vtb-b", f"10.227.{number}.0/24", "i-b1")

    found = view().entry("b", IPv4Address("10.227.249.3"))

    assert found is not None
    assert found.next_hop == "b1"


def test_the_table_is_the_one_that_the_zones_vswitch_has_now(fake: AlicloudApi) -> None:
    with fake.account.open() as kinds:
        kinds["vswitch"]["vsw-b"]["RouteTable"] = {"RouteTableId": "vtb-system"}

    seen = view()

    assert seen.table("b") == "vtb-system"
    assert seen.entry("b", IN_A10) is None


def test_the_table_of_a_zone_without_machines_is_the_drivers(fake: AlicloudApi) -> None:
    with fake.account.open() as kinds:
        kinds["instance"].clear()

    assert view().table("b") == "vtb-b"


@pytest.mark.parametrize(("card", "check"), [({"SourceDestCheck": True}, True), ({}, False)])
def test_the_check_is_on_where_the_primary_interface_says_so(
    card: Item, check: bool, fake: AlicloudApi
) -> None:
    with fake.account.open() as kinds:
        kinds["network_interface"]["eni-i-a1"].pop("SourceDestCheck")
        kinds["network_interface"]["eni-i-a1"].update(card)

    assert view().source_dest_check("a1") is check
    assert not view().source_dest_check("b1")


def test_a_rule_for_the_container_range_lets_containers_in(fake: AlicloudApi) -> None:
    seen = having(fake, rule(IpProtocol="ALL", PortRange="-1/-1", SourceCidrIp="10.227.0.0/16"))

    assert seen.refusal("b1", flow()) == ""
    assert seen.refusal("b1", flow(protocol="icmp", port=None)) == ""
    assert "fits none of" in seen.refusal("b1", flow(IPv4Address("192.0.2.1")))


def test_a_group_as_a_source_lets_machines_in_and_never_their_containers(
    fake: AlicloudApi,
) -> None:
    seen = having(fake, rule(SourceGroupId=HOSTS))

    assert seen.refusal("b1", flow(A1)) == ""
    assert "tcp 8080 from 10.227.10.7 fits none of: sg-hosts: accept ingress tcp 1/65535" in (
        seen.refusal("b1", flow(IN_A10))
    )


def test_another_group_as_a_source_stands_for_its_own_members(fake: AlicloudApi) -> None:
    seen = having(fake, rule(PortRange="22/22", SourceGroupId=GATE))

    assert seen.refusal("b1", flow(IPv4Address("10.97.240.10"), port=22)) == ""
    assert seen.refusal("b1", flow(A1, port=22)) != ""
    assert seen.refusal("b1", flow(IPv4Address("10.97.240.10"), port=23)) != ""


def test_the_lower_number_decides(fake: AlicloudApi) -> None:
    every = {"SourceCidrIp": "0.0.0.0/0"}
    drop = rule(Policy="Drop", Priority="5", SourceCidrIp="10.227.0.0/16")

    assert having(fake, drop, rule(Priority="1", **every)).refusal("b1", flow()) == ""
    assert "is dropped by sg-hosts: drop ingress tcp" in (
        having(fake, rule(Priority="10", **every), drop).refusal("b1", flow())
    )


def test_of_two_rules_with_one_number_the_one_that_drops_decides(fake: AlicloudApi) -> None:
    every = {"SourceCidrIp": "0.0.0.0/0"}

    for rules in ([rule(**every), rule(Policy="Drop", **every)],) * 2:
        assert "is dropped by" in having(fake, *rules).refusal("b1", flow())
        rules.reverse()


def test_rules_of_all_groups_of_a_machine_count_together(fake: AlicloudApi) -> None:
    having(fake, rule(Policy="Drop", Priority="1", SourceCidrIp="10.227.0.0/16"), group=GATE)
    with fake.account.open() as kinds:
        kinds["instance"]["i-b1"]["SecurityGroupIds"] = {"SecurityGroupId": [HOSTS, GATE]}
    seen = having(fake, rule(Priority="2", SourceCidrIp="10.227.0.0/16"))

    assert "is dropped by sg-bastion" in seen.refusal("b1", flow())
    assert seen.refusal("c1", flow()) == ""


@pytest.mark.parametrize(("inner", "lets"), [("Accept", True), ("Drop", False)])
def test_members_of_a_basic_group_reach_each_other_unless_it_says_no(
    inner: str, lets: bool, fake: AlicloudApi
) -> None:
    seen = having(fake, InnerAccessPolicy=inner)

    assert (seen.refusal("b1", flow(A1)) == "") is lets
    assert seen.refusal("b1", flow(IN_A10)) != ""


def test_everything_may_leave_a_basic_group_and_nothing_an_enterprise_one(
    fake: AlicloudApi,
) -> None:
    out = flow(direction="out")

    assert having(fake).refusal("b1", out) == ""
    strict = having(fake, SecurityGroupType="enterprise", InnerAccessPolicy="Accept")
    assert "tcp 8080 to 10.227.10.7 fits none of" in strict.refusal("b1", out)
    assert strict.refusal("b1", flow(A1)) != ""


def test_a_rule_for_leaving_is_judged_by_where_packets_go(fake: AlicloudApi) -> None:
    seen = having(fake, rule(Direction="egress", Policy="Drop", DestCidrIp="10.227.0.0/16"), rule())

    assert "is dropped by sg-hosts: drop egress tcp" in (seen.refusal("b1", flow(direction="out")))
    assert seen.refusal("b1", flow(A1, direction="out")) == ""


def test_a_slot_without_a_machine_lets_nobody_in() -> None:
    assert view().refusal("b9", flow()) == "there is no machine in b9"
    assert not view().source_dest_check("b9")


def test_each_thing_is_asked_once(fake: AlicloudApi) -> None:
    seen = having(fake, rule(SourceGroupId=HOSTS))
    for slot in ("a1", "b1", "c1", "a10", "b10", "c10"):
        seen.machine(slot)
        seen.refusal(slot, flow())
        seen.source_dest_check(slot)
        seen.entry(slot[0], IN_A10)

    calls = fake.account.calls()

    assert calls.count("ecs:DescribeInstances") == 1
    assert calls.count("ecs:DescribeSecurityGroupAttribute") == 1
    assert calls.count("ecs:DescribeNetworkInterfaces") == 1
    assert calls.count("vpc:DescribeRouteEntryList") == 3


def test_a_denied_look_is_an_error_in_four_parts(fake: AlicloudApi) -> None:
    fake.deny.add("vpc:DescribeRouteEntryList")

    with pytest.raises(CloudError, match="no right to vpc:DescribeRouteEntryList"):
        view().entry("b", IN_A10)


def wanted(*rules: GroupRule) -> Wanted:
    plan = make_plan(stack())
    hosts = [
        Target(
            name=slot.name,
            zone=slot.zone,
            endpoint=Endpoint(slot.name, str(slot.address), "ssh-ed25519 AAAA"),
            containers=slot.containers,
            address=slot.address,
        )
        for slot in plan.slots
    ]
    told = frozenset((OUT, *rules))
    return Wanted(hosts=hosts, ranges=plan.network.ranges, rules=told, one_piece=False)


OUT = GroupRule(direction="out", peer="0.0.0.0/0")


def named() -> list[tuple[str, str, str]]:
    return [(each.kind, each.where, each.about) for each in compare(wanted(), view().held())]


def test_what_stands_as_planned_differs_in_nothing() -> None:
    assert named() == []


def test_everything_of_the_network_that_somebody_changed_is_named(fake: AlicloudApi) -> None:
    with fake.account.open() as kinds:
        kinds["route_entry"].pop("rte-vtb-b-10.227.10.0/24")
        entry(kinds, "vtb-c", "10.227.1.0/24", "i-b1")
        entry(kinds, "vtb-c", "10.227.255.0/24", "i-b1")
        kinds["network_interface"]["eni-i-c1"]["SourceDestCheck"] = True
        kinds["vswitch"]["vsw-a"]["RouteTable"] = {"RouteTableId": "vtb-system"}
        kinds["instance"]["i-b1"]["SecurityGroupIds"] = {"SecurityGroupId": [HOSTS, "sg-open"]}
        kinds["security_group"]["sg-open"] = {
            **kinds["security_group"][HOSTS],
            "SecurityGroupId": "sg-open",
            "Tags": {"Tag": []},
        }

    assert named() == [
        ("association", "subnet of zone a", ""),
        ("route-missing", "route table vtb-b (zone b)", "a10"),
        ("route-wrong-hop", "route table vtb-c (zone c)", "a1"),
        ("foreign-entry", "route table vtb-c (zone c)", ""),
        ("source-dest-check", "c1", "c1"),
        ("groups", "security groups of b1", "b1"),
    ]


def test_a_black_hole_and_a_machine_that_is_off_are_told_apart(fake: AlicloudApi) -> None:
    with fake.account.open() as kinds:
        entry(kinds, "vtb-b", "10.227.10.0/24", "i-gone")
        kinds["instance"]["i-c1"]["Status"] = "Stopped"

    assert named() == [
        ("host-down", "c1", "c1"),
        ("black-hole", "route table vtb-b (zone b)", "a10"),
    ]


def test_rules_of_the_hosts_group_are_told_in_shared_words(fake: AlicloudApi) -> None:
    seen = having(
        fake,
        rule(PortRange="2377/2377", SourceGroupId=HOSTS),
        rule(PortRange="22/22", SourceGroupId=GATE),
        rule(IpProtocol="ALL", PortRange="-1/-1", SourceCidrIp="10.227.0.0/16"),
        rule(Policy="Drop", IpProtocol="UDP", SourceCidrIp="0.0.0.0/0"),
    )

    assert seen.held().rules == {
        GroupRule(direction="in", peer=MEMBERS, protocol="tcp", ports=(2377, 2377)),
        GroupRule(direction="in", peer=BASTION, protocol="tcp", ports=(22, 22)),
        GroupRule(direction="in", peer="10.227.0.0/16"),
        GroupRule(direction="in", peer="0.0.0.0/0", protocol="udp", ports=(1, 65535), drops=True),
        OUT,
    }


def test_members_that_may_do_what_they_like_are_a_rule_that_was_added(fake: AlicloudApi) -> None:
    seen = having(fake, InnerAccessPolicy="Accept")

    (found,) = compare(wanted(), seen.held())

    assert (found.kind, found.found) == ("rule-added", "let all in from members")
