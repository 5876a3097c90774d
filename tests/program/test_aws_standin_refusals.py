"""The stand-in for AWS refuses what AWS refuses, with AWS's own codes."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterator

import pytest

from provider.wire import Values
from tests.support.aws_rows import Rows, rows
from tests.support.aws_town import KEY
from tests.support.standin.aws_addresses import EipAssociation
from tests.support.standin.aws_gateways import InternetGateway, NatGateway
from tests.support.standin.aws_groups import SecurityGroup
from tests.support.standin.aws_iam import InstanceProfile, Role, RolePolicyAttachment
from tests.support.standin.aws_instance import Instance, decoded
from tests.support.standin.aws_key_pair import KeyPair
from tests.support.standin.aws_kind import AwsKind
from tests.support.standin.aws_moto import ARM_IMAGE
from tests.support.standin.aws_routes import Route
from tests.support.standin.aws_rules import SecurityGroupIngressRule
from tests.support.standin.aws_tables import RouteTable, RouteTableAssociation
from tests.support.standin.aws_vpc import Subnet, Vpc
from tests.support.standin.kind import Refused

NO_GROUP = "sg-00000000000000000"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rows]:
    with rows(tmp_path_factory.mktemp("standin")) as made:
        yield made


@pytest.mark.parametrize(
    ("cidr", "code"),
    [
        ("10.95.0.0/24", "InvalidSubnet.Range"),
        ("10.94.0.0/20", "InvalidSubnet.Conflict"),
        ("10.94.0.128/25", "InvalidSubnet.Conflict"),
    ],
)
def test_a_subnet_lies_in_its_vpc_and_beside_the_others(
    account: Rows, cidr: str, code: str
) -> None:
    assert account.refusal(Subnet, **account.in_subnet(cidr)) == code


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"ami": "ami-00000000000000000"}, "InvalidAMIID.NotFound"),
        ({"ami": ARM_IMAGE}, "InvalidParameterValue"),
        ({"instanceType": "m7i.tiny"}, "InvalidParameterValue"),
        ({"privateIp": "10.94.0.11"}, "InvalidIPAddress.InUse"),
        ({"privateIp": "10.94.0.3"}, "InvalidParameterValue"),
        ({"privateIp": "10.94.0.255"}, "InvalidParameterValue"),
        ({"privateIp": "10.94.1.11"}, "InvalidParameterValue"),
        ({"subnetId": "subnet-0"}, "InvalidSubnetID.NotFound"),
        ({"vpcSecurityGroupIds": [NO_GROUP]}, "InvalidGroup.NotFound"),
        ({"keyName": "nobody"}, "InvalidKeyPair.NotFound"),
        ({"iamInstanceProfile": "nothing"}, "InvalidParameterValue"),
        (
            {"userDataBase64": base64.b64encode(bytes(16385)).decode()},
            "InvalidParameterValue",
        ),
        (
            {"instanceMarketOptions": {"marketType": "spot"}, "disableApiTermination": True},
            "UnsupportedOperation",
        ),
    ],
)
def test_an_instance_is_refused_with_the_apis_code(account: Rows, more: Values, code: str) -> None:
    assert account.refusal(Instance, **account.instance(12, **more)) == code
    assert len(account.cloud.unseen.rows("ec2:DescribeInstances", "Reservations")) == 1


def test_user_data_may_be_as_large_as_aws_takes_it_and_is_unpacked_as_cloud_init_does(
    account: Rows,
) -> None:
    largest = base64.b64encode(bytes(16384)).decode()
    made = account.make(Instance, **account.instance(13, userDataBase64=largest))
    Instance(account.cloud).delete(made, {})
    assert Instance(account.cloud).read(made, {}) is None
    for sent in (b"#cloud-config\n", gzip.compress(b"#cloud-config\n")):
        assert decoded(base64.b64encode(sent).decode()) == "#cloud-config\n"


@pytest.mark.parametrize(
    ("destination", "hop", "code"),
    [
        ("10.94.0.0/16", {}, "InvalidParameterValue"),  # the VPC itself
        ("10.94.0.0/25", {}, "InvalidParameterValue"),  # half of a subnet
        ("10.94.0.0/24", {"gatewayId": "gateway"}, "InvalidParameterValue"),
        ("10.224.9.0/24", {"networkInterfaceId": "eni-0"}, "InvalidNetworkInterfaceID.NotFound"),
    ],
)
def test_a_route_is_refused_with_the_apis_code(
    account: Rows, destination: str, hop: Values, code: str
) -> None:
    if "gatewayId" in hop:
        hop = {"gatewayId": account.gateway}
    assert account.refusal(Route, **account.route(destination, **hop)) == code


def test_a_table_takes_a_destination_once_and_no_more_entries_than_its_quota(account: Rows) -> None:
    # One type for all: it knows a table as long as it lives.
    route = Route(account.cloud)
    inputs = [account.route(f"10.224.{third}.0/24") for third in (1, 2, 3, 4)]
    made = [route.create("it", each) for each in inputs[:3]]
    with pytest.raises(Refused, match="RouteLimitExceeded"):
        route.create("it", inputs[3])
    with pytest.raises(Refused, match="RouteAlreadyExists"):
        route.create("it", inputs[0])
    for each in made:
        assert each.outputs["instanceId"] == account.host
        route.delete(each.id, {**each.outputs})
        assert route.read(each.id, each.outputs) is None


def test_a_subnet_has_one_table_and_a_vpc_one_gateway(account: Rows) -> None:
    another = account.make(RouteTable, vpcId=account.vpc)
    link = {"subnetId": account.subnet, "routeTableId": another}
    assert account.refusal(RouteTableAssociation, **link) == "Resource.AlreadyAssociated"
    assert account.refusal(InternetGateway, vpcId=account.vpc) == "InvalidParameterValue"


def test_a_public_address_is_bound_once_and_needs_an_internet_gateway(account: Rows) -> None:
    bound = {"allocationId": account.address, "instanceId": account.host}
    made = account.make(EipAssociation, **bound)
    assert account.refusal(EipAssociation, **bound) == "Resource.AlreadyAssociated"
    nat = {"allocationId": account.address, "subnetId": account.subnet}
    assert account.refusal(NatGateway, **nat) == "Resource.AlreadyAssociated"
    with pytest.raises(Refused, match="DependencyViolation"):
        InternetGateway(account.cloud).delete(account.gateway, {})
    EipAssociation(account.cloud).delete(made, {"allocationId": account.address})

    lonely = account.make(Vpc, cidrBlock="10.95.0.0/16")
    subnet = {**account.in_subnet("10.95.0.0/24"), "vpcId": lonely}
    nat["subnetId"] = account.make(Subnet, **subnet)
    assert account.refusal(NatGateway, **nat) == "Gateway.NotAttached"


def test_a_group_takes_a_rule_once_and_no_more_than_its_quota(account: Rows) -> None:
    rule = SecurityGroupIngressRule
    made = [account.make(rule, **account.rule())]
    assert account.refusal(rule, **account.rule()) == "InvalidPermission.Duplicate"
    assert (
        account.refusal(rule, **account.rule(securityGroupId=NO_GROUP)) == "InvalidGroup.NotFound"
    )
    own = account.rule(referencedSecurityGroupId=account.group)
    del own["cidrIpv4"]
    made += [account.make(rule, **own), account.make(rule, **account.rule(cidrIpv4="10.1.0.0/16"))]
    fourth = account.rule(cidrIpv4="10.2.0.0/16")
    assert account.refusal(rule, **fourth) == "RulesPerSecurityGroupLimitExceeded"
    for each in made:
        rule(account.cloud).delete(each, {"securityGroupId": account.group})
        assert rule(account.cloud).read(each, {}) is None


def test_a_new_group_lets_nothing_out(account: Rows) -> None:
    group = account.make(SecurityGroup, name="fresh", vpcId=account.vpc)
    asked = [{"Name": "group-id", "Values": [group]}]
    words = "ec2:DescribeSecurityGroupRules", "SecurityGroupRules"
    assert account.cloud.unseen.rows(*words, Filters=asked) == []
    assert (
        account.refusal(SecurityGroup, name="fresh", vpcId=account.vpc) == "InvalidGroup.Duplicate"
    )


@pytest.mark.parametrize("kind", [Vpc, Subnet, SecurityGroup, InternetGateway])
def test_what_others_need_is_not_deleted(account: Rows, kind: type[AwsKind]) -> None:
    names = {Vpc: account.vpc, Subnet: account.subnet, SecurityGroup: account.group}
    if kind is InternetGateway:
        bound = {"allocationId": account.address, "instanceId": account.host}
        made = account.make(EipAssociation, **bound)
    with pytest.raises(Refused) as caught:
        kind(account.cloud).delete(names.get(kind, account.gateway), {})
    assert caught.value.code == "DependencyViolation"
    if kind is InternetGateway:
        EipAssociation(account.cloud).delete(made, {"allocationId": account.address})


def test_a_protected_instance_ends_only_by_force(account: Rows) -> None:
    protected = account.instance(14, disableApiTermination=True)
    made = account.make(Instance, **protected)
    instance = Instance(account.cloud)
    with pytest.raises(Refused) as caught:
        instance.delete(made, protected)
    assert caught.value.code == "OperationNotPermitted"
    instance.delete(made, {**protected, "forceDestroy": True})
    assert instance.read(made, {}) is None


def test_names_and_keys_are_taken_once(account: Rows) -> None:
    key = {"keyName": "operator", "publicKey": KEY}
    account.make(KeyPair, **key)
    assert account.refusal(KeyPair, **key) == "InvalidKeyPair.Duplicate"
    role = {"name": "hosts", "assumeRolePolicy": "{}"}
    account.make(Role, **role)
    assert account.refusal(Role, **role) == "EntityAlreadyExists"
    account.make(InstanceProfile, name="hosts", role="hosts")
    missing = {"role": "hosts", "policyArn": "arn:aws:iam::aws:policy/NoSuchThing"}
    assert account.refusal(RolePolicyAttachment, **missing) == "NoSuchEntity"
    assert account.make(Instance, **account.instance(15, iamInstanceProfile="hosts"))


def test_an_entry_whose_instance_ended_stays_as_a_black_hole(account: Rows) -> None:
    made = account.make(Instance, **account.instance(16))
    interface = account.outputs(Instance, made)["primaryNetworkInterfaceId"]
    inputs = account.route("10.224.16.0/24", networkInterfaceId=interface)
    entry = account.make(Route, **inputs)
    assert account.outputs(Route, entry, **inputs)["state"] == "active"
    Instance(account.cloud).delete(made, {})
    seen = account.outputs(Route, entry, **inputs)
    assert (seen["state"], seen["networkInterfaceId"]) == ("blackhole", interface)
    Route(account.cloud).delete(entry, inputs)
