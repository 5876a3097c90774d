"""The network on Alibaba Cloud as the program asks for it: routes, ways out, groups, protection."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from components.clouds.base import open_cloud
from tests.support.alicloud_program import (
    Resources,
    behind,
    built,
    existing,
    named,
    of_kind,
    own,
    planned,
    without_bastion,
)
from tests.support.environments import alicloud_environment

TABLES = {"a", "b", "c", "vpc.public"}
SHORT = 22
# Prints what an Alibaba Cloud stack imports of other clouds and of Linux.
LOADED = """
import sys
from components.clouds.base import open_cloud
from tests.support.environments import alicloud_environment
open_cloud(alicloud_environment())
tops = {name.split(".")[0] for name in sys.modules}
print(*sorted(tops & {"pulumi_aws", "boto3", "botocore", "lab", "pyroute2", "pulumi_alicloud"}))
print(*sorted(n for n in sys.modules if n.startswith("components.clouds.aws")))
"""


@pytest.fixture(scope="module")
def founding() -> Resources:
    return built()


def test_every_planned_route_is_in_every_table_once_and_leads_to_its_own_instance(
    founding: Resources,
) -> None:
    entries = [each.inputs for each in of_kind(founding, "VPCRouteEntry").values()]
    inside = [
        (each["routeTableId"], each["destinationCidrBlock"], each["nexthopType"], each["nexthopId"])
        for each in entries
        if each["destinationCidrBlock"] != "0.0.0.0/0"
    ]

    assert sorted(inside) == sorted(
        (f"{table}-id", str(route.destination), "Instance", f"{route.slot}-id")
        for route in planned().routes
        for table in TABLES
    )


def test_only_one_entry_is_made_at_a_time_in_the_order_of_the_program(founding: Resources) -> None:
    entries = list(of_kind(founding, "VPCRouteEntry").values())
    urns = {entry.urn for entry in entries}

    before = [entry.after & urns for entry in entries]

    assert before == [set(), *({entry.urn} for entry in entries[:-1])]
    assert len(entries) == 3 + len(planned().routes) * len(TABLES)


def test_no_entry_is_made_before_the_vswitches_and_their_tables(founding: Resources) -> None:
    first = next(iter(of_kind(founding, "VPCRouteEntry").values()))

    for kind in ("Switch", "RouteTableAttachment"):
        assert named(behind(founding, first), kind) == set(of_kind(founding, kind))


def test_an_entry_goes_before_its_instance_and_comes_back_with_the_next_one(
    founding: Resources,
) -> None:
    for name, entry in of_kind(founding, "VPCRouteEntry").items():
        table, _, slot = name.partition("::")
        if not slot:  # the way out, which may change its gateway in place
            assert list(entry.request.replaceOnChanges) == []
            continue
        hops = entry.request.propertyDependencies["nexthopId"].urns
        assert list(hops) == [founding["Instance", slot].urn], table
        assert list(entry.request.replaceOnChanges) == ["nexthopId"]
        assert entry.replaced_first


STOOD = {
    f"urn:{name}": {
        "type": "fairway:swarm:Node",
        "outputs": {"name": name, "machine": f"{name}-id", "node": "n"},
    }
    for name in ("a1", "b1", "c1")
}


def test_while_managers_roll_an_entry_waits_for_no_node_that_its_instance_does_not_wait_for() -> (
    None
):
    rolling = built(recorded=STOOD, running={"a1": "a1-id"})

    assert named(behind(rolling, rolling["Instance", "c1"]), "Node") == {"a1", "b1"}
    for name, entry in of_kind(rolling, "VPCRouteEntry").items():
        slot = name.partition("::")[2]
        waited = named(behind(rolling, rolling["Instance", slot]), "Node") if slot else set()
        assert named(behind(rolling, entry), "Node") <= waited, name


def test_nothing_waits_for_itself(founding: Resources) -> None:
    for key, each in founding.items():
        assert key not in behind(founding, each)


def test_the_report_waits_for_every_entry(founding: Resources) -> None:
    waited = named(behind(founding, founding["Report", "prod"]), "VPCRouteEntry")

    assert waited == set(of_kind(founding, "VPCRouteEntry"))
    assert founding["Report", "prod"].inputs["triggers"]["a1"] == "r0 a1-id a1-id a1-id a1-id r0"


def test_a_machine_finds_its_zones_way_out_and_the_rules_in_place(founding: Resources) -> None:
    seen = behind(founding, founding["Instance", "b10"])

    assert {"out-a", "out-b", "out-c"} <= named(seen, "VPCRouteEntry")
    assert named(seen, "SnatEntry") == {"a", "b", "c"}
    assert named(seen, "EipAssociation") == {"bastion", "nat-a", "nat-b", "nat-c"}
    assert named(seen, "RouteTableAttachment") == set(of_kind(founding, "RouteTableAttachment"))
    assert named(seen, "SecurityGroupRule") == set(of_kind(founding, "SecurityGroupRule"))


GATEWAYS: list[tuple[str, dict[str, str]]] = [
    ("zone", {"a": "nat-a", "b": "nat-b", "c": "nat-c"}),
    ("one", {"a": "nat-a", "b": "nat-a", "c": "nat-a"}),
    ("none", {}),
]


@pytest.mark.parametrize(("nat", "by"), GATEWAYS, ids=[row[0] for row in GATEWAYS])
def test_each_zone_leaves_by_the_gateway_that_nat_gives_it(nat: str, by: dict[str, str]) -> None:
    resources = built(own(nat=nat))
    out = {
        each.inputs["routeTableId"]: each.inputs["nexthopId"]
        for each in of_kind(resources, "VPCRouteEntry").values()
        if each.inputs["destinationCidrBlock"] == "0.0.0.0/0"
    }

    assert out == {f"{zone}-id": f"{gateway}-id" for zone, gateway in by.items()}
    assert set(of_kind(resources, "NatGateway")) == set(by.values())
    assert set(of_kind(resources, "SnatEntry")) == set(by)
    attached = set(of_kind(resources, "RouteTableAttachment"))
    waited = behind(resources, resources["Instance", "a1"])
    assert named(waited, "RouteTableAttachment") == attached


def test_a_gateway_stands_in_the_public_vswitch_and_translates_to_an_address_it_holds(
    founding: Resources,
) -> None:
    gateway, snat = founding["NatGateway", "nat-b"].inputs, founding["SnatEntry", "b"]

    assert gateway["vswitchId"] == "b.public-id"
    assert gateway["natType"] == "Enhanced"
    assert snat.inputs["sourceVswitchId"] == "b-id"
    assert founding["EipAssociation", "nat-b"].urn in snat.after
    assert founding["EipAddress", "nat-b"].inputs["internetChargeType"] == "PayByTraffic"


def test_every_vswitch_is_in_a_table_of_ours_and_in_its_zone(founding: Resources) -> None:
    attached = {
        each.inputs["vswitchId"]: each.inputs["routeTableId"]
        for each in of_kind(founding, "RouteTableAttachment").values()
    }

    private = {f"{zone}-id": f"{zone}-id" for zone in "abc"}
    assert attached == private | {f"{zone}.public-id": "vpc.public-id" for zone in "abc"}
    assert {
        name: (each.inputs["zoneId"], each.inputs["cidrBlock"])
        for name, each in of_kind(founding, "Switch").items()
        if name in {"b", "b.public"}
    } == {
        "b": ("eu-central-1b", "10.94.16.0/20"),
        "b.public": ("eu-central-1b", "10.94.241.0/24"),
    }


# -- who may open what


def rules_into(resources: Resources, group: str) -> list[Mapping[str, Any]]:
    rules = [each.inputs for each in of_kind(resources, "SecurityGroupRule").values()]
    assert all(rule["type"] == "ingress" for rule in rules)
    assert all(("cidrIp" in rule) != ("sourceSecurityGroupId" in rule) for rule in rules)
    return [rule for rule in rules if rule["securityGroupId"] == f"{group}-id"]


def opens(rule: Mapping[str, Any], port: int) -> bool:
    low, high = map(int, rule["portRange"].split("/"))
    return rule["ipProtocol"] in {"tcp", "all"} and (low == -1 or low <= port <= high)


@pytest.mark.parametrize("between", ["services", "swarm"])
def test_hosts_reach_no_ssh_of_other_hosts(between: str) -> None:
    resources = built(own(between_hosts=between))
    sources = {
        rule.get("sourceSecurityGroupId") or rule["cidrIp"]
        for rule in rules_into(resources, "hosts")
        if opens(rule, SHORT)
    }

    assert sources == {"bastion-id", "10.224.0.0/16"}
    assert resources["SecurityGroup", "hosts"].inputs["innerAccessPolicy"] == "Drop"
    assert resources["SecurityGroup", "bastion"].inputs["innerAccessPolicy"] == "Drop"


def test_managers_reach_each_other_and_containers_all_ports(founding: Resources) -> None:
    rules = rules_into(founding, "hosts")

    assert any(opens(rule, 2377) and "sourceSecurityGroupId" in rule for rule in rules)
    everything = [rule for rule in rules if rule["ipProtocol"] == "all"]
    assert [rule["cidrIp"] for rule in everything] == ["10.224.0.0/16"]


@pytest.mark.parametrize("change", [own(), without_bastion], ids=["bastion", "none"])
def test_nothing_is_open_to_the_world(change: Any) -> None:
    resources = built(change)
    cidrs = {
        rule["cidrIp"]
        for group in ("hosts", "bastion")
        for rule in rules_into(resources, group)
        if "cidrIp" in rule
    }

    assert cidrs == {"10.224.0.0/16", "203.0.113.0/24"}


def test_without_a_bastion_operators_reach_hosts_straight() -> None:
    resources = built(without_bastion)

    ssh = [
        rule["cidrIp"] for rule in rules_into(resources, "hosts") if rule["portRange"] == "22/22"
    ]
    assert ssh == ["203.0.113.0/24"]
    assert set(of_kind(resources, "SecurityGroup")) == {"hosts"}
    assert resources["Node", "a1"].inputs["way"] == {}


# -- somebody else's VPC, and protection


def test_in_an_existing_vpc_nothing_is_made_but_what_is_ours() -> None:
    resources = built(existing)
    kinds = {each.kind for each in resources.values()}

    assert not kinds & {"Network", "Switch", "RouteTable", "RouteTableAttachment", "NatGateway"}
    assert resources["Instance", "b1"].inputs["vswitchId"] == "vsw-b"
    assert resources["Instance", "bastion"].inputs["vswitchId"] == "vsw-public"
    assert resources["SecurityGroup", "hosts"].inputs["vpcId"] == "vpc-theirs"


def test_a_table_that_zones_share_gets_each_entry_once_and_is_shown_for_both() -> None:
    resources = built(existing)
    entries = [
        (each.inputs["routeTableId"], each.inputs["destinationCidrBlock"])
        for each in of_kind(resources, "VPCRouteEntry").values()
    ]

    assert sorted(entries) == sorted(
        (table, str(route.destination))
        for route in planned().routes
        for table in ("vtb-1", "vtb-2")
    )
    assert resources["Report", "prod"].inputs["view"] == {
        "alicloud": "eu-central-1",
        "environment": "prod",
        "table-a": "vtb-1",
        "table-b": "vtb-2",
        "table-c": "vtb-1",
    }


PROTECTED: list[tuple[Any, set[tuple[str, str]]]] = [
    (own(), {("Network", "vpc")}),
    (existing, {("SecurityGroup", "hosts")}),
    (own(protect=False), set()),
]


@pytest.mark.parametrize(("change", "kept"), PROTECTED, ids=["ours", "theirs", "off"])
def test_protection_stands_in_the_way_of_destroy_and_of_no_replacement(
    change: Any, kept: set[tuple[str, str]]
) -> None:
    resources = built(change)
    assert {key for key, each in resources.items() if each.request.protect} == kept


# -- whose they are


def test_everything_is_a_child_of_the_cluster_made_by_the_one_provider(
    founding: Resources,
) -> None:
    cluster, provider = founding["Cluster", "prod"], founding["alicloud", "alicloud"]
    cloud = [each for each in founding.values() if each.request.type.startswith("alicloud:")]

    assert len(cloud) > 50
    assert {each.parent for each in (*cloud, provider)} == {cluster.urn}
    assert {each.request.provider.rpartition("::")[0] for each in cloud} == {provider.urn}
    assert provider.inputs == {"region": "eu-central-1"}


def test_only_this_clouds_sdk_is_imported_and_nothing_of_linux() -> None:
    told = subprocess.run(
        [sys.executable, "-c", LOADED],
        capture_output=True,
        text=True,
        check=True,
        env={"FAIRWAY_PREFLIGHT": "off", "PATH": ""},
    )
    assert told.stdout.splitlines() == ["pulumi_alicloud", ""]


def test_the_cloud_is_opened_by_its_name_and_counts_what_costs_money(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FAIRWAY_PREFLIGHT", "off")
    cloud = open_cloud(alicloud_environment())

    assert type(cloud).__name__ == "AlicloudCloud"
    assert cloud.bill(planned())["public_addresses"] == 4
