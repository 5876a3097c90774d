"""One thing of each type on Alibaba Cloud, as a program whose values a test may change."""

from __future__ import annotations

from typing import Any

from tests.support.standin.account import X86_IMAGE, Account, Kinds

# Reads town.json beside it, so that a change of values is no change of the program.
PROGRAM = """
import json, pathlib
told = json.loads(pathlib.Path("town.json").read_text())
tags, name = {"fairway:owner": told["name"]}, told["name"]

vpc = Ali("vpc/network:Network", "vpc", ["routeTableId"], cidrBlock="10.95.0.0/16",
    vpcName=name, tags=tags)
switch = Ali("vpc/switch:Switch", "switch", vpcId=vpc.id, zoneId=told["zone"],
    cidrBlock="10.95.0.0/20", vswitchName=name, tags=tags)
table = Ali("vpc/routeTable:RouteTable", "table", vpcId=vpc.id, routeTableName=name, tags=tags)
Ali("vpc/routeTableAttachment:RouteTableAttachment", "attached", routeTableId=table.id,
    vswitchId=switch.id)
group = Ali("ecs/securityGroup:SecurityGroup", "group", vpcId=vpc.id, innerAccessPolicy="Drop",
    securityGroupName=name, tags=tags)
Ali("ecs/securityGroupRule:SecurityGroupRule", "ssh", securityGroupId=group.id, type="ingress",
    ipProtocol="tcp", portRange=told["port"], cidrIp="10.0.0.0/8", description=told["why"])
key = Ali("ecs/ecsKeyPair:EcsKeyPair", "key", keyPairName="operator", tags=tags,
    publicKey="ssh-rsa AAAA operator")
host = Ali("ecs/instance:Instance", "host", ["networkInterfaceId"], vswitchId=switch.id,
    imageId=told["image"], instanceType="ecs.g7.large", securityGroups=[group.id],
    privateIp="10.95.0.11", instanceName=name, keyName=key.id,
    deletionProtection=told["protected"], sourceDestCheck=False,
    userData=pulumi.Output.secret(told["user_data"]))
Ali("ecs/ramRoleAttachment:RamRoleAttachment", "role", instanceId=host.id, ramRoleName="backup")
Ali("vpc/vPCRouteEntry:VPCRouteEntry", "entry", routeTableId=table.id, description=told["why"],
    destinationCidrBlock="10.225.1.0/24", nexthopType="Instance", nexthopId=host.id)
public = Ali("ecs/eipAddress:EipAddress", "public", ["ipAddress"], bandwidth="5",
    addressName=name, tags=tags)
Ali("ecs/eipAssociation:EipAssociation", "bound", allocationId=public.id, instanceId=host.id)
nat = Ali("vpc/natGateway:NatGateway", "nat", ["snatTableIds"], vpcId=vpc.id, vswitchId=switch.id,
    natType="Enhanced", natGatewayName=name, tags=tags)
out = Ali("ecs/eipAddress:EipAddress", "out", ["ipAddress"], bandwidth="5")
held = Ali("ecs/eipAssociation:EipAssociation", "held", allocationId=out.id, instanceId=nat.id,
    instanceType="Nat")
address = pulumi.Output.all(out.ipAddress, held.id).apply(lambda known: known[0])
Ali("vpc/snatEntry:SnatEntry", "snat", snatTableId=nat.snatTableIds, snatIp=address,
    sourceVswitchId=switch.id)
pulumi.export("public", public.ipAddress)
"""


def town(**changes: Any) -> dict[str, Any]:
    """The program's values."""
    return {
        "name": "town",
        "zone": "eu-central-1a",
        "port": "22/22",
        "why": "operators",
        "image": X86_IMAGE,
        "protected": False,
        "user_data": "#cloud-config\n{}\n",
        **changes,
    }


def left_over(account: Account) -> Kinds:
    """What the account holds beside what was there before anything was made."""
    fresh = {"region", "zone", "instance_type", "image", "quota", "attribute"}
    return {kind: held for kind, held in account.look().items() if held and kind not in fresh}
