"""An AWS account in this process: moto, taught what it leaves out and preflights rely on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import wraps
from types import SimpleNamespace
from typing import Any, Final
from unittest import mock

import boto3  # type: ignore[import-untyped]
import botocore.session  # type: ignore[import-untyped]
from botocore.loaders import Loader  # type: ignore[import-untyped]
from moto import mock_aws
from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami
from moto.ec2.responses import EC2Response
from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.models import ServiceQuotasBackend

from components.clouds.aws.api import REHEARSED, Api
from components.clouds.rules import BASTION
from components.clouds.tags import ROLE, SLOT, tags
from components.environment import Environment, read_environment
from components.plan import Plan, make_plan
from components.plan.blocks import blocks
from components.plan.slots import prefixes
from tests.support.environments import config
from tests.support.standin import aws_prefixes
from tests.support.standin.place import Nowhere

REGION: Final = "eu-central-1"
SOURCE: Final = "stacks/Pulumi.prod.yaml"
OWNER: Final = "123456789012"  # moto's own
DEBIAN: Final = "136693071363"
IMAGE: Final = "ami-0123456789abcdef0"
ARM_IMAGE: Final = "ami-0fedcba9876543210"
# As AWS gives them to an account of some age; the codes are those of Service Quotas.
QUOTAS: Final[Mapping[str, float]] = {
    "L-F678F1CE": 5,
    "L-83CA0A9D": 5,
    "L-93826ACB": 500,
    "L-FE5A380F": 5,
    "L-0EA8095F": 60,
    "L-DF5E4CA3": 5000,
    "L-BB24F6E5": 64000,
    "L-0263D0A3": 5,
    "L-1216C47A": 64,
    "L-34B43A08": 64,
}
_LOADER: Final = Loader()
Wanted = dict[str, Any]
Change = Callable[[Wanted], object]


@contextmanager
def as_aws(quotas: Mapping[str, float] = QUOTAS) -> Iterator[None]:
    """Teach moto what AWS does: DryRun makes nothing, and EC2 has quotas.

    Without this a rehearsed CreateVpc leaves a VPC. Works for moto's server in this process too.
    """
    with ExitStack() as stack:
        for action in REHEARSED:
            name = _snake(action.partition(":")[2])
            stack.enter_context(
                mock.patch.object(EC2Response, name, _rehearsing(getattr(EC2Response, name)))
            )

        def value(_: object, service_code: str, quota_code: str) -> Wanted:
            if quota_code not in quotas:
                raise NoSuchResource
            return {
                "QuotaCode": quota_code,
                "ServiceCode": service_code,
                "Value": quotas[quota_code],
            }

        stack.enter_context(mock.patch.object(ServiceQuotasBackend, "get_service_quota", value))
        yield


def _snake(action: str) -> str:
    return "".join(f"_{each.lower()}" if each.isupper() else each for each in action).lstrip("_")


def _rehearsing(real: Callable[[Any], ActionResult]) -> Callable[[Any], ActionResult]:
    @wraps(real)
    def asked(response: Any) -> ActionResult:
        response.error_on_dryrun()
        return real(response)

    return asked


class Account:
    """What tests do to the account, as its owner or as an environment's `up` would."""

    def __init__(self) -> None:
        self.ec2 = boto3.client("ec2", region_name=REGION)
        self.backend = ec2_backends[OWNER][REGION]

    def image(self, ami: str, **parts: Any) -> None:
        """Publish an image; `parts` are moto's names for what differs from Debian's."""
        usual = {
            "name": "debian-12-amd64-20260101-1",
            "owner_id": DEBIAN,
            "architecture": "x86_64",
            "virtualization_type": "hvm",
            "root_device_type": "ebs",
            "root_device_name": "/dev/xvda",
            "region_name": f"{REGION}a",
            "public": True,
            "creation_date": datetime(2026, 1, 1, tzinfo=UTC),
        }
        deprecated = parts.pop("deprecated", None)
        made = Ami(self.backend, ami, **{**usual, **parts})
        if deprecated:
            made.deprecation_time = deprecated  # type: ignore[attr-defined]
        self.backend.amis[ami] = made

    def vpc(self, cidr: str, tagged: Mapping[str, str] | None = None) -> str:
        made = self.ec2.create_vpc(CidrBlock=cidr, **_tags("vpc", tagged))
        return str(made["Vpc"]["VpcId"])

    def subnet(
        self, vpc: str, cidr: str, zone: str, tagged: Mapping[str, str] | None = None
    ) -> str:
        made = self.ec2.create_subnet(
            VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone, **_tags("subnet", tagged)
        )
        return str(made["Subnet"]["SubnetId"])

    def table(self, vpc: str, subnet: str, tagged: Mapping[str, str] | None = None) -> str:
        """A route table that serves a subnet."""
        made = self.ec2.create_route_table(VpcId=vpc, **_tags("route-table", tagged))
        name = str(made["RouteTable"]["RouteTableId"])
        self.ec2.associate_route_table(RouteTableId=name, SubnetId=subnet)
        return name

    def group(self, vpc: str, name: str, tagged: Mapping[str, str] | None = None) -> str:
        made = self.ec2.create_security_group(
            GroupName=name, Description=name, VpcId=vpc, **_tags("security-group", tagged)
        )
        return str(made["GroupId"])

    def instance(self, subnet: str, address: str, tagged: Mapping[str, str], **more: Any) -> str:
        made = self.ec2.run_instances(
            **{"ImageId": IMAGE, "InstanceType": "m7i.large", **more},
            MinCount=1,
            MaxCount=1,
            SubnetId=subnet,
            PrivateIpAddress=address,
            **_tags("instance", tagged),
        )
        name = str(made["Instances"][0]["InstanceId"])
        self.ec2.modify_instance_attribute(InstanceId=name, SourceDestCheck={"Value": False})
        return name

    def interface_of(self, instance: str) -> str:
        rows = self.ec2.describe_instances(InstanceIds=[instance])["Reservations"]
        return str(rows[0]["Instances"][0]["NetworkInterfaces"][0]["NetworkInterfaceId"])


class Built:
    """An environment that stands in the account, with the ids that matter."""

    def __init__(self, account: Account, environment: Environment) -> None:
        self.account, self.environment = account, environment
        self.plan: Plan = make_plan(environment)
        network = environment.network
        first, *further = blocks(network)
        self.vpc = account.vpc(str(first), self._own("vpc"))
        for block in further:
            account.ec2.associate_vpc_cidr_block(VpcId=self.vpc, CidrBlock=str(block))
        self.group = account.group(self.vpc, "hosts", self._own("hosts"))
        self.subnets = {
            zone.name: account.subnet(self.vpc, str(zone.subnet), zone.zone, self._own(zone.name))
            for zone in network.zones
        }
        self.tables = {
            name: account.table(self.vpc, subnet, self._own(f"table-{name}"))
            for name, subnet in self.subnets.items()
        }
        self.hosts = {
            slot.name: account.instance(
                self.subnets[slot.zone],
                str(slot.address),
                {**self._own(slot.name), SLOT: slot.name},
                SecurityGroupIds=[self.group],
                InstanceType=slot.type,
                ImageId=slot.image,
            )
            for slot in self.plan.slots
        }
        for slot in self.plan.slots if environment.network.routing == "prefixes" else ():
            account.ec2.assign_private_ip_addresses(
                NetworkInterfaceId=account.interface_of(self.hosts[slot.name]),
                Ipv4Prefixes=[str(prefix) for prefix in prefixes(slot.containers)],
            )
        for route in self.plan.routes:
            hop = account.interface_of(self.hosts[route.slot])
            for table in self.tables.values():
                account.ec2.create_route(
                    RouteTableId=table,
                    DestinationCidrBlock=str(route.destination),
                    NetworkInterfaceId=hop,
                )

    def gateways(self) -> None:
        """Add what has an address: a NAT gateway in each zone, and the bastion."""
        ec2 = self.account.ec2
        for subnet in self.subnets.values():
            address = ec2.allocate_address(Domain="vpc", **_tags("elastic-ip", self._own("nat")))
            ec2.create_nat_gateway(
                SubnetId=subnet,
                AllocationId=address["AllocationId"],
                **_tags("natgateway", self._own("nat")),
            )
        ec2.allocate_address(Domain="vpc", **_tags("elastic-ip", self._own("bastion")))
        public = self.account.subnet(self.vpc, "10.97.240.0/24", f"{REGION}a")
        tagged = {**self._own("bastion"), ROLE: BASTION}
        self.account.instance(public, "10.97.240.10", tagged, InstanceType="t3.nano")

    def _own(self, name: str) -> dict[str, str]:
        return tags(self.environment, name)


def _tags(kind: str, tagged: Mapping[str, str] | None) -> Wanted:
    if not tagged:
        return {}
    pairs = [{"Key": key, "Value": value} for key, value in tagged.items()]
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": pairs}]}


@contextmanager
def account(quotas: Mapping[str, float] = QUOTAS) -> Iterator[Account]:
    """A fresh account with Debian's images and nothing of ours; credentials of nobody."""
    quiet = {
        "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    with (
        mock.patch.dict(os.environ, quiet),
        shared_models(),
        mock_aws(),
        as_aws(quotas),
        _prefixes(),
    ):
        made = Account()
        made.image(IMAGE)
        made.image(ARM_IMAGE, name="debian-12-arm64-20260101-1", architecture="arm64")
        yield made


@contextmanager
def _prefixes() -> Iterator[None]:
    with ExitStack() as stack:
        for where, name, what in aws_prefixes.changes(Nowhere()):
            stack.enter_context(mock.patch.object(where, name, what))
        yield


@contextmanager
def shared_models() -> Iterator[None]:
    """Let every session read AWS's descriptions of its services from memory, not anew."""
    with mock.patch.object(botocore.session, "create_loader", return_value=_LOADER):
        yield


def answering(answers: Mapping[str, Wanted], status: int = 200) -> Api:
    """An API that gives these answers, by action, in the form that AWS documents."""
    api, http = Api(REGION), SimpleNamespace(status_code=status, headers={})
    for action, answer in answers.items():
        client = api._client(action)
        service = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register(
            f"before-call.{service}.{action.partition(':')[2]}",
            lambda answer=answer, **_: (http, answer),
        )
    return api


def wanted(change: Change = lambda _: None) -> Wanted:
    """The keys of an environment on AWS: three zones, six hosts, NAT gateways and a bastion."""
    keys = config()
    del keys["lab"]
    for index, zone in enumerate(keys["network"]["zones"]):
        zone |= {"zone": f"{REGION}{zone['name']}", "public": f"10.97.{240 + index}.0/24"}
    keys |= {
        "cloud": "aws",
        "aws": {
            "region": REGION,
            "image": IMAGE,
            "type": "m7i.large",
            "bastion": {"zone": "a", "type": "t3.nano"},
            "ssh_from": ["203.0.113.0/24"],
            "owner": "team",
        },
    }
    change(keys)
    return keys


def environment(change: Change = lambda _: None, name: str = "prod") -> Environment:
    """The environment of `wanted()` after a change."""
    return read_environment(wanted(change), stack=name, source=SOURCE)


def own(**keys: object) -> Change:
    """A change of the section of AWS."""
    return lambda keys_of: keys_of["aws"].update(keys)
