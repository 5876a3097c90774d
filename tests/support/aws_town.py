"""One thing of each type on AWS, as a program whose values a test may change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from tests.support.standin.aws_moto import IMAGE, REGION

KEY: Final = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE5yYTJvM1pYbWJ0Zk5xV2pIeU1uS0pQc1V2UXRFd1lB operator"
)

# Reads town.json beside it, so that a change of values is no change of the program.
PROGRAM: Final = """
import json, pathlib
import pulumi_aws as aws

told = json.loads(pathlib.Path("town.json").read_text())
tags, first = {"owner": told["owner"]}, ResourceOptions(delete_before_replace=True)

vpc = aws.ec2.Vpc("vpc", cidr_block="10.94.0.0/16", enable_dns_hostnames=told["dns"], tags=tags)
inner = aws.ec2.Subnet("inner", vpc_id=vpc.id, availability_zone=told["zone"],
    cidr_block=told["inner"], map_public_ip_on_launch=told["map"], tags=tags, opts=first)
outer = aws.ec2.Subnet("outer", vpc_id=vpc.id, availability_zone=told["zone"],
    cidr_block="10.94.240.0/24", tags=tags)
gateway = aws.ec2.InternetGateway("gateway", vpc_id=vpc.id, tags=tags)
tables = {name: aws.ec2.RouteTable(name, vpc_id=vpc.id, tags=tags) for name in ("one", "two")}
aws.ec2.RouteTableAssociation("inner", subnet_id=inner.id, opts=first,
    route_table_id=tables[told["table"]].id)
aws.ec2.Route("out", route_table_id=tables["one"].id, destination_cidr_block="0.0.0.0/0",
    gateway_id=gateway.id)
out = aws.ec2.Eip("out", domain="vpc", tags=tags, opts=ResourceOptions(depends_on=[gateway]))
nat = aws.ec2.NatGateway("nat", subnet_id=outer.id, allocation_id=out.id, tags=tags,
    opts=ResourceOptions(depends_on=[gateway]))

hosts = aws.ec2.SecurityGroup("hosts", vpc_id=vpc.id, description=told["about"], tags=tags)
others = aws.ec2.SecurityGroup("others", vpc_id=vpc.id, tags=tags)
source = {"cidr_ipv4": told["source"]} if told["source"] else {
    "referenced_security_group_id": others.id}
aws.vpc.SecurityGroupIngressRule("ssh", security_group_id=hosts.id, ip_protocol="tcp",
    from_port=22, to_port=told["port"], tags=tags, **source)
aws.vpc.SecurityGroupEgressRule("away", security_group_id=hosts.id, ip_protocol="-1",
    cidr_ipv4=told["away"])

key = aws.ec2.KeyPair("key", public_key=told["key"], tags=tags)
assumed = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
    "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
role = aws.iam.Role("role", description=told["about"], assume_role_policy=assumed, tags=tags)
aws.iam.RolePolicyAttachment("rights", role=role.name, policy_arn=told["policy"])
profile = aws.iam.InstanceProfile("profile", role=role.name, tags=tags)

def instance(name, number, **more):
    return aws.ec2.Instance(name, ami=told["image"], instance_type=told["type"],
        subnet_id=inner.id, private_ip=f"{told['inner'][:-4]}{number}",
        vpc_security_group_ids=[group.id for group in (hosts, others)[:told["groups"]]],
        key_name=key.key_name, iam_instance_profile=profile.name, source_dest_check=told["check"],
        metadata_options={"http_endpoint": "enabled", "http_tokens": "required",
            "http_put_response_hop_limit": told["hops"]},
        root_block_device={"volume_type": "gp3", "volume_size": told["disk"],
            "encrypted": told["encrypted"], "delete_on_termination": True},
        disable_api_termination=told["protected"], force_destroy=told["force"],
        user_data_base64=pulumi.Output.secret(told["user_data"]),
        user_data_replace_on_change=told["anew"], tags=tags,
        opts=first, **more)

machines = {"a": instance("a", 11), "b": instance("b", 12)}
hop = machines[told["hop"]].primary_network_interface_id
aws.ec2.Route("containers", route_table_id=tables["one"].id, network_interface_id=hop,
    destination_cidr_block=told["containers"])
public = aws.ec2.Eip("public", domain="vpc", opts=ResourceOptions(depends_on=[gateway]))
aws.ec2.EipAssociation("public", allocation_id=public.id, instance_id=machines["a"].id)
pulumi.export("public", public.public_ip)
"""


def town(**changes: Any) -> dict[str, Any]:
    """The program's values."""
    return {
        "owner": "team",
        "dns": False,
        "zone": f"{REGION}a",
        "inner": "10.94.0.0/24",
        "map": False,
        "table": "one",
        "about": "those who work",
        "source": "10.0.0.0/8",
        "port": 22,
        "away": "0.0.0.0/0",
        "key": KEY,
        "policy": "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
        "image": IMAGE,
        "type": "m7i.large",
        "groups": 1,
        "check": False,
        "hops": 1,
        "disk": 20,
        "encrypted": True,
        "protected": False,
        "force": False,
        "user_data": "I2Nsb3VkLWNvbmZpZwp7fQo=",
        "anew": True,
        "hop": "a",
        "containers": "10.224.1.0/24",
        **changes,
    }


def tell(folder: Path, **changes: Any) -> None:
    (folder / "town.json").write_text(json.dumps(town(**changes)))
