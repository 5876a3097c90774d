"""AWS as the program asks for it: routes, ways out, groups, instances, protection."""

from __future__ import annotations

import base64
import gzip
import subprocess
import sys
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from pulumi.runtime import rpc

from components.clouds.base import open_cloud
from components.environment import read_stack_file
from components.errors import ConfigError
from components.plan import make_plan
from scripts.workspace import STACKS
from tests.support.aws_program import built, by_ssm, existing, own, planned, without_bastion
from tests.support.environments import aws_environment
from tests.support.mock_engine import Resources, behind, named, of_kind

TABLES = {"a", "b", "c", "vpc.public"}
SSH = 22
# Prints what an AWS stack imports of other clouds and of Linux.
LOADED = """
import sys
from components.clouds.base import open_cloud
from tests.support.environments import aws_environment
open_cloud(aws_environment())
tops = {name.split(".")[0] for name in sys.modules}
foreign = {"pulumi_alicloud", "alibabacloud_tea_openapi", "Tea", "lab", "pyroute2", "pulumi_aws"}
print(*sorted(tops & foreign))
print(*sorted(n for n in sys.modules if n.startswith("components.clouds.alicloud")))
"""


@pytest.fixture(scope="module")
def founding() -> Resources:
    return built()


def to_containers(resources: Resources) -> list[Mapping[str, Any]]:
    routes = [each.inputs for each in of_kind(resources, "Route").values()]
    return [route for route in routes if route["destinationCidrBlock"] != "0.0.0.0/0"]


# -- routes and ways out


def test_every_planned_route_is_in_every_table_once_and_leads_to_its_own_interface(
    founding: Resources,
) -> None:
    inside = [
        (each["routeTableId"], each["destinationCidrBlock"], each["networkInterfaceId"])
        for each in to_containers(founding)
    ]

    assert sorted(inside) == sorted(
        (f"{table}-id", str(route.destination), f"eni-{route.slot}")
        for route in planned().routes
        for table in TABLES
    )


def test_everything_of_a_host_ends_with_its_name_so_that_one_target_takes_it(
    founding: Resources,
) -> None:
    ours = {each.kind for each in founding.values() if each.urn.endswith("::a10")}

    assert ours == {"Instance", "FirstBoot", "Node", "Route"}
    routes = [name for name in of_kind(founding, "Route") if name.endswith("::a10")]
    assert sorted(routes) == sorted(f"{table}::a10" for table in TABLES)


GATEWAYS: list[tuple[str, dict[str, str]]] = [
    ("zone", {"a": "nat-a", "b": "nat-b", "c": "nat-c"}),
    ("one", {"a": "nat-a", "b": "nat-a", "c": "nat-a"}),
    ("none", {}),
]


@pytest.mark.parametrize(("nat", "by"), GATEWAYS, ids=[row[0] for row in GATEWAYS])
def test_each_zone_leaves_by_the_gateway_that_nat_gives_it(nat: str, by: dict[str, str]) -> None:
    resources = built(own(nat=nat))
    out = {
        each.inputs["routeTableId"]: each.inputs["natGatewayId"]
        for each in of_kind(resources, "Route").values()
        if "natGatewayId" in each.inputs
    }

    assert out == {f"{zone}-id": f"{gateway}-id" for zone, gateway in by.items()}
    assert set(of_kind(resources, "NatGateway")) == set(by.values())
    addresses = {"bastion", *by.values()}
    assert set(of_kind(resources, "Eip")) == addresses


def test_public_subnets_lead_to_the_internet_and_private_ones_never(founding: Resources) -> None:
    by_subnet = {
        each.inputs["subnetId"]: each.inputs["routeTableId"]
        for each in of_kind(founding, "RouteTableAssociation").values()
    }
    open_tables = {
        each.inputs["routeTableId"]
        for each in of_kind(founding, "Route").values()
        if "gatewayId" in each.inputs
    }

    private = {f"{zone}-id": f"{zone}-id" for zone in "abc"}
    assert by_subnet == private | {f"{zone}.public-id": "vpc.public-id" for zone in "abc"}
    assert open_tables == {"vpc.public-id"}
    assert not any(
        each.inputs["mapPublicIpOnLaunch"] for each in of_kind(founding, "Subnet").values()
    )


def test_a_machine_finds_its_way_out_and_the_rules_in_place(founding: Resources) -> None:
    seen = behind(founding, founding["Instance", "b10"])

    assert {"out-a", "out-b", "out-c", "internet"} <= named(seen, "Route")
    for kind in ("RouteTableAssociation", "SecurityGroupIngressRule", "SecurityGroupEgressRule"):
        assert named(seen, kind) == set(of_kind(founding, kind))


def test_no_rule_and_no_route_stands_inside_of_another_resource(founding: Resources) -> None:
    for kind, inline in (("SecurityGroup", {"ingress", "egress"}), ("RouteTable", {"routes"})):
        for each in of_kind(founding, kind).values():
            assert not inline & set(each.inputs)


STOOD = {
    f"urn:{name}": {
        "type": "fairway:swarm:Node",
        "outputs": {"name": name, "machine": f"{name}-id", "node": "n"},
    }
    for name in ("a1", "b1", "c1")
}


def test_while_a_swarm_stands_each_manager_waits_until_the_one_before_is_back() -> None:
    rolling = built(recorded=STOOD, running={"a1": "a1-id"})

    assert named(behind(rolling, rolling["Instance", "c1"]), "Node") == {"a1", "b1"}


# -- who may open what


def rules_into(resources: Resources, group: str) -> list[Mapping[str, Any]]:
    rules = [each.inputs for each in of_kind(resources, "SecurityGroupIngressRule").values()]
    assert all(("cidrIpv4" in rule) != ("referencedSecurityGroupId" in rule) for rule in rules)
    return [rule for rule in rules if rule["securityGroupId"] == f"{group}-id"]


def opens(rule: Mapping[str, Any], port: int) -> bool:
    if rule["ipProtocol"] == "-1":
        return True
    return bool(rule["ipProtocol"] == "tcp" and rule["fromPort"] <= port <= rule["toPort"])


@pytest.mark.parametrize("between", ["services", "swarm"])
def test_hosts_reach_no_ssh_of_other_hosts(between: str) -> None:
    rules = rules_into(built(own(between_hosts=between)), "hosts")
    sources = {
        rule.get("referencedSecurityGroupId") or rule["cidrIpv4"]
        for rule in rules
        if opens(rule, SSH)
    }

    assert sources == {"bastion-id", "10.224.0.0/16"}


def test_the_container_range_is_let_in_as_a_range_on_every_port(founding: Resources) -> None:
    (everything,) = [r for r in rules_into(founding, "hosts") if r["ipProtocol"] == "-1"]

    assert everything["cidrIpv4"] == "10.224.0.0/16"
    assert "fromPort" not in everything


@pytest.mark.parametrize(
    ("change", "cidrs"),
    [
        (own(), {"10.224.0.0/16", "203.0.113.0/24"}),
        (without_bastion, {"10.224.0.0/16", "203.0.113.0/24"}),
        (by_ssm, {"10.224.0.0/16"}),
    ],
    ids=["bastion", "none", "ssm"],
)
def test_nothing_is_open_to_the_world(change: Any, cidrs: set[str]) -> None:
    resources = built(change)
    rules = [*rules_into(resources, "hosts"), *rules_into(resources, "bastion")]

    assert {rule["cidrIpv4"] for rule in rules if "cidrIpv4" in rule} == cidrs


def rights(resources: Resources) -> list[str]:
    return [e.inputs["policyArn"] for e in of_kind(resources, "RolePolicyAttachment").values()]


def test_session_managers_right_is_the_one_of_the_partition() -> None:
    def in_china(config: dict[str, Any]) -> None:
        by_ssm(config)
        config["aws"]["region"] = "cn-north-1"
        for zone in config["network"]["zones"]:
            zone["zone"] = f"cn-north-1{zone['name']}"

    assert rights(built(in_china)) == ["arn:aws-cn:iam::aws:policy/AmazonSSMManagedInstanceCore"]


def test_session_manager_needs_a_right_and_neither_bastion_nor_port() -> None:
    resources = built(by_ssm)

    assert rights(resources) == ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"]
    assert resources["Node", "a1"].inputs["way"] == {"ssm": "eu-central-1"}
    assert set(of_kind(resources, "SecurityGroup")) == {"hosts"}
    assert not [rule for rule in rules_into(resources, "hosts") if rule.get("fromPort") == SSH]


def test_without_session_manager_the_role_has_no_right_at_all(founding: Resources) -> None:
    assert of_kind(founding, "RolePolicyAttachment") == {}
    assert "inlinePolicies" not in founding["Role", "hosts"].inputs
    assert "managedPolicyArns" not in founding["Role", "hosts"].inputs


def test_role_and_profile_have_the_names_that_the_policy_is_written_for(
    founding: Resources,
) -> None:
    for kind in ("Role", "InstanceProfile"):
        assert founding[kind, "hosts"].inputs["name"] == "fairway-prod-eu-central-1"


def test_hosts_are_reached_through_the_address_of_the_bastion(founding: Resources) -> None:
    assert founding["Node", "a1"].inputs["way"] == {"bastion": "203.0.113.7"}
    assert named(behind(founding, founding["Node", "a1"]), "EipAssociation") == {"bastion"}


# -- instances


def hidden(value: Any) -> str:
    """What a secret input holds; a plain one is refused."""
    assert rpc.is_rpc_secret(value)
    return str(rpc.unwrap_rpc_secret(value))


def test_hosts_forward_with_their_own_address_and_user_data_and_the_bastion_does_not(
    founding: Resources,
) -> None:
    plan = planned()
    for slot in plan.slots:
        inputs = founding["Instance", slot.name].inputs
        assert inputs["privateIp"] == str(slot.address)
        assert inputs["sourceDestCheck"] is False
        text = gzip.decompress(base64.b64decode(hidden(inputs["userDataBase64"]))).decode()
        assert yaml.safe_load(text)["hostname"] == slot.name
    assert "sourceDestCheck" not in founding["Instance", "bastion"].inputs


def test_user_data_is_a_secret_that_fits_whatever_the_limit_counts(founding: Resources) -> None:
    for each in of_kind(founding, "Instance").values():
        packed = hidden(each.inputs["userDataBase64"])
        assert len(packed) <= 16 * 1024
        assert len(gzip.decompress(base64.b64decode(packed))) <= 16 * 1024
        assert {"userDataBase64", "userData"} <= set(each.request.additionalSecretOutputs)


def test_every_instance_is_hardened(founding: Resources) -> None:
    instances = [each.inputs for each in of_kind(founding, "Instance").values()]

    assert len(instances) == 7
    for inputs in instances:
        assert inputs["metadataOptions"] == {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
            "instanceMetadataTags": "disabled",
        }
        assert inputs["rootBlockDevice"]["encrypted"] is True
        assert "associatePublicIpAddress" not in inputs


def test_what_would_change_a_running_host_in_place_makes_a_new_one(founding: Resources) -> None:
    for each in of_kind(founding, "Instance").values():
        assert each.replaced_first
        assert set(each.request.replaceOnChanges) == {"instanceType", "rootBlockDevice"}
        assert each.inputs["userDataReplaceOnChange"] is True


ARN = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.mark.parametrize("named", [ARN, ARN.rpartition("/")[2], "alias/disks"])
def test_the_key_of_disks_is_told_as_aws_tells_it_back(
    named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def looked_up(**asked: Any) -> Any:
        assert asked["key_id"] == named != ARN
        assert asked["opts"].provider is not None
        return SimpleNamespace(arn=ARN)

    monkeypatch.setattr("pulumi_aws.kms.get_key_output", looked_up)
    instances = of_kind(built(own(kms_key=named)), "Instance").values()

    assert {each.inputs["rootBlockDevice"]["kmsKeyId"] for each in instances} == {ARN}


def test_spot_is_only_where_it_is_asked_for_and_never_protected() -> None:
    def workers(config: dict[str, Any]) -> None:
        config["pools"][1]["spot"] = True

    resources = built(workers)
    spot = {
        n: i
        for n, i in of_kind(resources, "Instance").items()
        if "instanceMarketOptions" in i.inputs
    }

    assert set(spot) == {"a10", "b10", "c10"}
    assert not any(each.inputs["disableApiTermination"] for each in spot.values())
    assert resources["Instance", "a1"].inputs["disableApiTermination"] is True


def test_a_type_without_jumbo_frames_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(ConfigError, match=r"no jumbo frames.*: found m1\.large"):
        built(own(type="m1.large"))


# -- somebody else's VPC, and protection


def test_in_an_existing_vpc_nothing_is_made_but_what_is_ours() -> None:
    resources = built(existing)
    kinds = {each.kind for each in resources.values()}

    foreign = {"Vpc", "Subnet", "RouteTable", "RouteTableAssociation", "InternetGateway"}
    assert not kinds & {*foreign, "NatGateway"}
    assert resources["Instance", "b1"].inputs["subnetId"] == "subnet-b"
    assert resources["Instance", "bastion"].inputs["subnetId"] == "subnet-public"
    assert resources["SecurityGroup", "hosts"].inputs["vpcId"] == "vpc-theirs"


def test_a_table_that_zones_share_gets_each_route_once_and_is_shown_for_both() -> None:
    resources = built(existing)
    routes = [
        (each["routeTableId"], each["destinationCidrBlock"]) for each in to_containers(resources)
    ]

    assert sorted(routes) == sorted(
        (table, str(route.destination))
        for route in planned().routes
        for table in ("rtb-1", "rtb-2")
    )
    assert resources["Report", "prod"].inputs["view"] == {
        "aws": "eu-central-1",
        "environment": "prod",
        "table-a": "rtb-1",
        "table-b": "rtb-2",
        "table-c": "rtb-1",
    }


PROTECTED: list[tuple[Any, set[tuple[str, str]]]] = [
    (own(), {("Vpc", "vpc")}),
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


NO_TAGS = {"Route", "RouteTableAssociation", "EipAssociation", "RolePolicyAttachment"}


def test_everything_that_can_carry_tags_says_whose_it_is(founding: Resources) -> None:
    cloud = [each for each in founding.values() if each.request.type.startswith("aws:")]

    for each in cloud:
        if each.kind not in NO_TAGS:
            tags = each.inputs["tags"]
            assert tags["fairway:environment"] == "prod", each.urn
            assert tags["fairway:owner"] == "team"
            assert tags["cost-centre"] == "4711"
    assert founding["Instance", "a1"].inputs["tags"]["fairway:slot"] == "a1"
    assert founding["Instance", "a1"].inputs["volumeTags"]["Name"] == "prod-a1"


def test_everything_is_a_child_of_the_cluster_made_by_the_one_provider(
    founding: Resources,
) -> None:
    cluster, provider = founding["Cluster", "prod"], founding["aws", "aws"]
    cloud = [each for each in founding.values() if each.request.type.startswith("aws:")]

    assert len(cloud) > 70
    assert {each.parent for each in (*cloud, provider)} == {cluster.urn}
    assert {each.request.provider.rpartition("::")[0] for each in cloud} == {provider.urn}
    assert set(provider.inputs) <= {"region", "skipCredentialsValidation", "skipRegionValidation"}
    assert provider.inputs["region"] == "eu-central-1"


def test_only_this_clouds_sdk_is_imported_and_nothing_of_linux() -> None:
    told = subprocess.run(
        [sys.executable, "-c", LOADED],
        capture_output=True,
        text=True,
        check=True,
        env={"FAIRWAY_PREFLIGHT": "off", "PATH": ""},
    )
    assert told.stdout.splitlines() == ["pulumi_aws", ""]


def test_the_cloud_is_opened_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRWAY_PREFLIGHT", "off")
    assert type(open_cloud(aws_environment())).__name__ == "AwsCloud"


@pytest.mark.parametrize("stack", sorted(STACKS.glob("Pulumi.*.yaml")), ids=lambda path: path.name)
def test_every_example_is_a_sound_configuration(stack: Any) -> None:
    assert make_plan(read_stack_file(stack)).managers
