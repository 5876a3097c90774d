"""aws:vpc/securityGroupIngressRule and securityGroupEgressRule."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import ClassVar, Final

from provider.wire import Values
from tests.support.standin.aws_api import Row
from tests.support.standin.aws_groups import EVERY, build
from tests.support.standin.aws_kind import AwsKind, Rules, arn, known
from tests.support.standin.kind import Change, Refused
from tests.support.standin.table import Table

_PORTED: Final = ("tcp", "udp", "6", "17")
_PEERS: Final = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")


class _GroupRule(AwsKind):
    """One rule. Another peer of the same kind is an update, another kind of peer a new rule."""

    tagged = "security-group-rule"
    more = "arn securityGroupRuleId"
    args = Table(
        required="ip_protocol security_group_id",
        replace="security_group_id region",
        update="cidr_ipv4 cidr_ipv6 description from_port ip_protocol prefix_list_id"
        " referenced_security_group_id tags to_port",
        computed="region",
        shapes={"number": "from_port to_port", "map": "tags"},
    ).args()
    exclusive: ClassVar = (frozenset(_PEERS),)
    way: ClassVar[str]  # "Ingress" or "Egress", as in the API's actions

    def rules(self, inputs: Values) -> Rules:
        told = []
        protocol, ports = inputs["ipProtocol"], {"fromPort", "toPort"} & inputs.keys()
        if protocol == EVERY and ports:
            told.append("'ipProtocol': \"-1\" is all protocols, and they have no ports")
        if protocol in _PORTED and len(ports) < 2:
            told.append("'fromPort' and 'toPort' wanted with TCP and UDP")
        if known(inputs, "fromPort", "toPort") and inputs["fromPort"] > inputs["toPort"]:
            told.append("'fromPort' is larger than 'toPort'")
        if known(inputs, "cidrIpv4"):
            told += _bad_cidr(inputs["cidrIpv4"])
        return told

    def changes(self, old: Values, new: Values) -> dict[str, Change]:
        found = super().changes(old, new)
        kinds = [{name for name in _PEERS if name in values} for values in (old, new)]
        if kinds[0] != kinds[1]:
            found.update(dict.fromkeys(kinds[0] ^ kinds[1], "replace"))
        return found

    def make(self, name: str, inputs: Values) -> str:
        group = inputs["securityGroupId"]
        with self.cloud.lock:
            self._check_room(group)
            action = f"ec2:AuthorizeSecurityGroup{self.way}"
            made = self.api.ask(action, GroupId=group, IpPermissions=[_permission(inputs)])
        rule = str(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])
        self.retag(rule, {}, self.all_tags(inputs))
        with self.building(rule, inputs):
            build(self.cloud, group)
        return rule

    def look(self, id: str, outputs: Values) -> Row | None:  # noqa: A002 - the engine's word
        asked = "ec2:DescribeSecurityGroupRules", "SecurityGroupRules"
        return self.api.one(*asked, SecurityGroupRuleIds=[id])

    def show(self, row: Row, outputs: Values) -> Values:
        rule = row["SecurityGroupRuleId"]
        first, last = row["FromPort"], row["ToPort"]
        ported = row["IpProtocol"] != EVERY and (first, last) != (-1, -1)
        optional = {
            "cidrIpv4": row.get("CidrIpv4"),
            "cidrIpv6": row.get("CidrIpv6"),
            "description": row.get("Description"),
            "referencedSecurityGroupId": (row.get("ReferencedGroupInfo") or {}).get("GroupId"),
            "fromPort": first if ported or "fromPort" in outputs else None,
            "toPort": last if ported or "toPort" in outputs else None,
        }
        return {
            "arn": arn("ec2", self.api.region, f"security-group-rule/{rule}"),
            "ipProtocol": row["IpProtocol"],
            "region": self.api.region,
            "securityGroupId": row["GroupId"],
            "securityGroupRuleId": rule,
            **{name: value for name, value in optional.items() if value is not None},
        }

    def alter(self, id: str, old: Values, new: Values) -> None:  # noqa: A002 - the engine's word
        rule = {"SecurityGroupRuleId": id, "SecurityGroupRule": _modified(new)}
        group = new["securityGroupId"]
        self.api.ask("ec2:ModifySecurityGroupRules", GroupId=group, SecurityGroupRules=[rule])
        build(self.cloud, group)

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        group = outputs["securityGroupId"]
        action = f"ec2:RevokeSecurityGroup{self.way}"
        self.api.ask(action, GroupId=group, SecurityGroupRuleIds=[id])
        build(self.cloud, group)

    def _check_room(self, group: str) -> None:
        words = {"Filters": [{"Name": "group-id", "Values": [group]}]}
        rows = self.unseen.rows("ec2:DescribeSecurityGroupRules", "SecurityGroupRules", **words)
        held = sum(row["IsEgress"] == (self.way == "Egress") for row in rows)
        if held >= self.cloud.rules:
            message = f"The maximum number of rules per security group '{group}' has been reached."
            raise Refused("RulesPerSecurityGroupLimitExceeded", message)


class SecurityGroupIngressRule(_GroupRule):
    """What may come in."""

    token = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    way = "Ingress"


class SecurityGroupEgressRule(_GroupRule):
    """What may go out."""

    token = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    way = "Egress"


def _bad_cidr(text: str) -> list[str]:
    try:
        IPv4Network(text)
    except ValueError as error:
        return [f"argument 'cidrIpv4': {error}"]
    return []


def _permission(inputs: Values) -> Row:
    """A rule as the actions that authorise take it."""
    about = {"Description": inputs["description"]} if "description" in inputs else {}
    found: Row = {"IpProtocol": inputs["ipProtocol"]}
    if inputs["ipProtocol"] != EVERY:
        found |= {"FromPort": inputs.get("fromPort", -1), "ToPort": inputs.get("toPort", -1)}
    if "cidrIpv4" in inputs:
        found["IpRanges"] = [{"CidrIp": inputs["cidrIpv4"], **about}]
    elif "cidrIpv6" in inputs:
        found["Ipv6Ranges"] = [{"CidrIpv6": inputs["cidrIpv6"], **about}]
    elif "prefixListId" in inputs:
        found["PrefixListIds"] = [{"PrefixListId": inputs["prefixListId"], **about}]
    else:
        found["UserIdGroupPairs"] = [{"GroupId": inputs["referencedSecurityGroupId"], **about}]
    return found


def _modified(inputs: Values) -> Row:
    """A rule as the action that modifies takes it: flat, and whole."""
    words = {
        "CidrIpv4": "cidrIpv4",
        "CidrIpv6": "cidrIpv6",
        "PrefixListId": "prefixListId",
        "ReferencedGroupId": "referencedSecurityGroupId",
        "Description": "description",
    }
    found: Row = {word: inputs[name] for word, name in words.items() if name in inputs}
    found["IpProtocol"] = inputs["ipProtocol"]
    return {**found, "FromPort": inputs.get("fromPort", -1), "ToPort": inputs.get("toPort", -1)}
