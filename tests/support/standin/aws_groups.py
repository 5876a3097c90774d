"""aws:ec2/securityGroup, and what the lab makes of a group's rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network
from typing import ClassVar, Final

from lab.model import Direction, Protocol, Rule
from lab.model import SecurityGroup as LabGroup
from provider.wire import Values
from tests.support.standin.aws_api import Row, filters
from tests.support.standin.aws_kind import AwsKind, Cloud, Rules, arn, given
from tests.support.standin.kind import Refused
from tests.support.standin.table import Table

EVERY: Final = "-1"
# In the lab a group without a rule "out" lets everything out; on AWS it lets out nothing.
_NOWHERE: Final = Rule(direction="out", source=IPv4Network("255.255.255.255/32"))
_LAB_PROTOCOLS: Final[dict[str, Protocol]] = {
    EVERY: "any",
    "tcp": "tcp",
    "6": "tcp",
    "udp": "udp",
    "17": "udp",
    "icmp": "icmp",
    "1": "icmp",
}


class SecurityGroup(AwsKind):
    """A group. The provider takes AWS's own rule "all may leave" away at once."""

    token = "aws:ec2/securityGroup:SecurityGroup"
    tagged = "security-group"
    named = "name"
    more = "arn ownerId"
    args = Table(
        replace="description name name_prefix vpc_id region",
        update="egress ingress revoke_rules_on_delete tags",
        computed="description egress ingress name name_prefix vpc_id region",
        shapes={"list": "egress ingress", "flag": "revoke_rules_on_delete", "map": "tags"},
        conflicts={"name": "name_prefix"},
    ).args()
    lengths: ClassVar = {"name": 255, "namePrefix": 229, "description": 255}

    def rules(self, inputs: Values) -> Rules:
        if inputs.get("ingress") or inputs.get("egress"):
            return ["'ingress', 'egress': this stand-in knows rules as resources alone"]
        told = [
            f"argument {name!r}: at most {most} characters wanted"
            for name, most in self.lengths.items()
            if isinstance(inputs.get(name), str) and len(inputs[name]) > most
        ]
        if str(inputs.get("name", "")).startswith("sg-"):
            told.append("argument 'name': must not begin with sg-")
        return told

    def make(self, name: str, inputs: Values) -> str:
        words = {
            "GroupName": inputs["name"],
            "Description": inputs.get("description", "Managed by Pulumi"),
            **given(inputs, VpcId="vpcId"),
        }
        made = self.api.ask("ec2:CreateSecurityGroup", **words, **self.tag_words(inputs))
        group = str(made["GroupId"])
        self._close(group)
        with self.building(group, inputs):
            build(self.cloud, group)
        return group

    def look(self, id: str, outputs: Values) -> Row | None:  # noqa: A002 - the engine's word
        return self.api.one("ec2:DescribeSecurityGroups", "SecurityGroups", GroupIds=[id])

    def show(self, row: Row, outputs: Values) -> Values:
        return {
            "arn": arn("ec2", self.api.region, f"security-group/{row['GroupId']}"),
            "description": row["Description"],
            "name": row["GroupName"],
            "ownerId": row["OwnerId"],
            "region": self.api.region,
            "vpcId": row["VpcId"],
        }

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        self.cloud.patiently(lambda: self._delete(id), "DependencyViolation")
        self.place.drop(LabGroup, id)

    def _close(self, group: str) -> None:
        for peer in (
            {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
            {"Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
        ):
            words = {"GroupId": group, "IpPermissions": [{"IpProtocol": EVERY, **peer}]}
            try:
                self.api.ask("ec2:RevokeSecurityGroupEgress", **words)
            except Refused as refused:
                if refused.code != "InvalidPermission.NotFound":  # no IPv6 in this VPC
                    raise

    def _delete(self, group: str) -> None:
        """Moto deletes a group that interfaces wear and that other groups' rules name."""
        with self.cloud.lock:
            words = {"Filters": filters(group_id=group)}
            worn = self.unseen.rows("ec2:DescribeNetworkInterfaces", "NetworkInterfaces", **words)
            rules = self.unseen.rows("ec2:DescribeSecurityGroupRules", "SecurityGroupRules")
            named = [
                rule
                for rule in rules
                if rule["GroupId"] != group
                and (rule.get("ReferencedGroupInfo") or {}).get("GroupId") == group
            ]
            if worn or named:
                raise Refused("DependencyViolation", f"resource {group} has a dependent object")
            self.api.ask("ec2:DeleteSecurityGroup", GroupId=group)


def build(cloud: Cloud, group: str) -> None:
    """Give the lab's group the rules that the account has now."""
    with cloud.lock:
        asked = {"Filters": filters(group_id=group)}
        rows = cloud.unseen.rows("ec2:DescribeSecurityGroupRules", "SecurityGroupRules", **asked)
        cloud.place.group(group, (*lab_rules(rows), _NOWHERE))


def lab_rules(rows: Iterable[Row]) -> Iterator[Rule]:
    """The rules that the lab knows: IPv4 and groups; the rest is recorded alone."""
    for row in rows:
        protocol = _LAB_PROTOCOLS.get(row["IpProtocol"])
        source = _source(row)
        if protocol is None or source is None:
            continue
        direction: Direction = "out" if row["IsEgress"] else "in"
        ports = (row["FromPort"], row["ToPort"]) if protocol in {"tcp", "udp"} else None
        yield Rule(direction=direction, source=source, protocol=protocol, ports=ports)


def _source(row: Row) -> IPv4Network | str | None:
    if row.get("CidrIpv4"):
        return IPv4Network(row["CidrIpv4"])
    referenced = row.get("ReferencedGroupInfo") or {}
    return str(referenced["GroupId"]) if referenced.get("GroupId") else None
