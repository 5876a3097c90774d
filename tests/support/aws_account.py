"""An AWS account behind an endpoint, as its owner sees it."""

from __future__ import annotations

import os
from functools import cached_property
from typing import Any, Final

import boto3  # type: ignore[import-untyped]

from tests.support.standin.aws_moto import REGION

ENVIRON: Final = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REGION": REGION,
}
Row = dict[str, Any]
_KINDS: Final = {
    "vpc": ("describe_vpcs", "Vpcs", "VpcId"),
    "subnet": ("describe_subnets", "Subnets", "SubnetId"),
    "internet gateway": (
        "describe_internet_gateways",
        "InternetGateways",
        "InternetGatewayId",
    ),
    "NAT gateway": ("describe_nat_gateways", "NatGateways", "NatGatewayId"),
    "address": ("describe_addresses", "Addresses", "AllocationId"),
    "route table": ("describe_route_tables", "RouteTables", "RouteTableId"),
    "group": ("describe_security_groups", "SecurityGroups", "GroupId"),
    "interface": ("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    "volume": ("describe_volumes", "Volumes", "VolumeId"),
    "key pair": ("describe_key_pairs", "KeyPairs", "KeyName"),
}


class AwsAccount:
    """Its clients, and what a test asks of it. `fresh` is what was there before anything."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.ec2 = self.client("ec2")
        self._fresh = self.everything()

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=ENVIRON["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=ENVIRON["AWS_SECRET_ACCESS_KEY"],
        )

    @cached_property
    def iam(self) -> Any:
        return self.client("iam")

    def everything(self) -> set[str]:
        """Everything that is there, as "subnet subnet-1"; what was deleted but shows is not."""
        found = set()
        for kind, (method, key, name) in _KINDS.items():
            rows = getattr(self.ec2, method)()[key]
            alive = (row for row in rows if row.get("State") not in {"deleted", "deleting"})
            found |= {f"{kind} {row[name]}" for row in alive}
        found |= {f"instance {name}" for name in self.instances(every=True)}
        iam = self.iam
        found |= {f"role {row['RoleName']}" for row in iam.list_roles()["Roles"]}
        profiles = iam.list_instance_profiles()["InstanceProfiles"]
        return found | {f"profile {row['InstanceProfileName']}" for row in profiles}

    def left_over(self) -> set[str]:
        """Everything that was not there at first."""
        return self.everything() - self._fresh

    def instances(self, *, every: bool = False) -> dict[str, Row]:
        """Instances that are not terminated, by id; those of hosts alone by slot."""
        states = ["pending", "running", "stopping", "stopped"]
        asked = [{"Name": "instance-state-name", "Values": states}]
        pages = self.ec2.get_paginator("describe_instances").paginate(Filters=asked)
        rows = [r for page in pages for held in page["Reservations"] for r in held["Instances"]]
        if every:
            return {row["InstanceId"]: row for row in rows}
        return {tag(row, "fairway:slot"): row for row in rows if tag(row, "fairway:slot")}

    def instance(self, slot: str) -> Row:
        return self.instances()[slot]

    def terminate(self, instance: str) -> None:
        """End an instance, protected or not."""
        lifted = {"DisableApiTermination": {"Value": False}}
        self.ec2.modify_instance_attribute(InstanceId=instance, **lifted)
        self.ec2.terminate_instances(InstanceIds=[instance])

    def tables(self) -> dict[str, Row]:
        """Route tables that carry a Name, by it."""
        rows = self.ec2.describe_route_tables()["RouteTables"]
        return {tag(row, "Name"): row for row in rows if tag(row, "Name")}


def tag(row: Row, key: str) -> str:
    """The value of a tag, "" where there is none."""
    return next((str(t["Value"]) for t in row.get("Tags", ()) if t["Key"] == key), "")
