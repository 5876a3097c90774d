"""alicloud:ecs/securityGroup: who may open a connection to its members."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from threading import Lock
from typing import ClassVar, Final

from lab.model import Protocol, Rule
from lab.model import SecurityGroup as LabGroup
from provider.wire import Values
from tests.support.standin.account import Item, ecs_tags
from tests.support.standin.alicloud_items import named, needs, new_id, now, shown
from tests.support.standin.alicloud_kind import AlicloudKind, Life
from tests.support.standin.kind import Refused
from tests.support.standin.table import Table

ALL_PORTS: Final = "-1/-1"
# Rules are made many at once, and each build gives the lab all of a group's: the last to look must
# be the last to build.
_BUILDING: Final = Lock()
PROTOCOLS: Final[dict[str, Protocol]] = {
    "TCP": "tcp",
    "UDP": "udp",
    "ICMP": "icmp",
    "ALL": "any",
}


class SecurityGroup(AlicloudKind):
    """A basic group. Everything may leave its members; into them comes what a rule lets in."""

    token = "alicloud:ecs/securityGroup:SecurityGroup"
    held_as = "security_group"
    life = Life(
        create="ecs:CreateSecurityGroup ecs:ModifySecurityGroupPolicy ecs:TagResources",
        read="ecs:DescribeSecurityGroupAttribute ecs:DescribeSecurityGroups ecs:ListTagResources",
        update="ecs:ModifySecurityGroupAttribute ecs:TagResources ecs:UntagResources",
        delete="ecs:DeleteSecurityGroup ecs:DescribeSecurityGroupAttribute",
        also={"innerAccessPolicy": "ecs:ModifySecurityGroupPolicy"},
    )
    args = Table(
        replace="security_group_type vpc_id",
        update="description inner_access_policy resource_group_id security_group_name tags",
        computed="inner_access_policy resource_group_id security_group_type security_group_name",
        shapes={"map": "tags"},
        one_of={"inner_access_policy": "Accept Drop", "security_group_type": "normal enterprise"},
    ).args()
    lengths: ClassVar = {"securityGroupName": (2, 128), "description": (2, 256)}

    def outputs(self) -> tuple[str, ...]:
        return ("createTime",)

    def make(self, inputs: Values) -> str:
        group = new_id("sg")
        if inputs.get("securityGroupType", "normal") != "normal":
            raise AssertionError("the lab has basic groups only: enterprise groups deny by default")
        with self.cloud.account.open() as kinds:
            vpc = needs(kinds, "vpc", inputs.get("vpcId", ""), "InvalidVpcId.NotFound")
            kinds["security_group"][group] = {
                "SecurityGroupId": group,
                "SecurityGroupType": "normal",
                "VpcId": vpc["VpcId"],
                "CreationTime": now(),
                "Permissions": {"Permission": []},
                **_group(inputs),
            }
        with self.building(group):
            build_group(self, group)
        return group

    def show(self, item: Item, outputs: Values) -> Values:
        return {
            "vpcId": item["VpcId"],
            "securityGroupType": item["SecurityGroupType"],
            "innerAccessPolicy": item["InnerAccessPolicy"],
            "createTime": item["CreationTime"],
            **shown(item, outputs, "SecurityGroupName", "securityGroupName"),
        }

    def alter(self, id: str, old: Values, new: Values) -> None:  # noqa: A002 - the engine's word
        with self.cloud.account.open() as kinds:
            kinds["security_group"][id] |= _group(new)
        build_group(self, id)

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        kinds = self.cloud.account.look()
        members = [i for i in kinds["instance"].values() if id in _groups_of(i)]
        if members:
            raise Refused(
                "DependencyViolation",
                "There is still instance(s) in the specified security group.",
            )
        others = [g for key, g in kinds["security_group"].items() if key != id]
        if any(id in _sources(group) for group in others):
            raise Refused(
                "DependencyViolation", "The specified security group is used by another one."
            )
        self.cloud.place.drop(LabGroup, id)
        with self.cloud.account.open() as kinds:
            del kinds["security_group"][id]

    def built(self, id: str, item: Item) -> bool:  # noqa: A002 - as above
        return self.cloud.place.holds(LabGroup, id)


def build_group(kind: AlicloudKind, group: str) -> None:
    """Give the lab's group the rules that the account has for it."""
    with _BUILDING:
        held = kind.cloud.account.look()["security_group"][group]
        kind.cloud.place.group(group, tuple(_lab_rules(held)))


def _lab_rules(group: Item) -> Iterator[Rule]:
    """Rules into members. Those that let out say nothing: everything may leave a basic group."""
    if group["InnerAccessPolicy"] == "Accept":
        yield Rule(direction="in", source=group["SecurityGroupId"])
    for rule in group["Permissions"]["Permission"]:
        if rule["Direction"] == "egress":
            continue
        low, _, high = rule["PortRange"].partition("/")
        cidr = rule["SourceCidrIp"]
        yield Rule(
            direction="in",
            source=IPv4Network(cidr) if cidr else rule["SourceGroupId"],
            protocol=PROTOCOLS[rule["IpProtocol"]],
            ports=None if rule["PortRange"] == ALL_PORTS else (int(low), int(high)),
        )


def _group(inputs: Values) -> Item:
    return {
        "InnerAccessPolicy": inputs.get("innerAccessPolicy", "Accept"),
        **named(inputs, "SecurityGroupName", "securityGroupName", ecs_tags),
    }


def _groups_of(instance: Item) -> list[str]:
    found: list[str] = instance["SecurityGroupIds"]["SecurityGroupId"]
    return found


def _sources(group: Item) -> set[str]:
    rules = group["Permissions"]["Permission"]
    return {rule[side] for rule in rules for side in ("SourceGroupId", "DestGroupId")}
