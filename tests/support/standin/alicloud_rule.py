"""alicloud:ecs/securityGroupRule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from provider.wire import Values
from tests.support.standin.account import Item, Kinds
from tests.support.standin.alicloud_groups import ALL_PORTS, PROTOCOLS, build_group
from tests.support.standin.alicloud_items import at, known, needs, new_id
from tests.support.standin.alicloud_kind import AlicloudKind, Life, Verb
from tests.support.standin.kind import Refused
from tests.support.standin.table import Table

_RULES: Final = 200  # of one group
_OUT: Final = {
    "ecs:AuthorizeSecurityGroup": "ecs:AuthorizeSecurityGroupEgress",
    "ecs:ModifySecurityGroupRule": "ecs:ModifySecurityGroupEgressRule",
    "ecs:RevokeSecurityGroup ecs:DescribeSecurityGroupAttribute": "ecs:RevokeSecurityGroupEgress"
    " ecs:DescribeSecurityGroupAttribute",
}


class SecurityGroupRule(AlicloudKind):
    """One rule of a group, known by what it says. Only its description changes in place."""

    token = "alicloud:ecs/securityGroupRule:SecurityGroupRule"
    held_as = "security_group"
    life = Life(
        create="ecs:AuthorizeSecurityGroup",
        read="ecs:DescribeSecurityGroupAttribute",
        update="ecs:ModifySecurityGroupRule",
        delete="ecs:RevokeSecurityGroup ecs:DescribeSecurityGroupAttribute",
    )
    args = Table(
        required="security_group_id type ip_protocol",
        replace="security_group_id type ip_protocol policy priority cidr_ip ipv6_cidr_ip"
        " source_security_group_id source_group_owner_id prefix_list_id port_range nic_type",
        update="description",
        computed="nic_type port_range prefix_list_id",
        shapes={"number": "priority"},
        one_of={
            "type": "ingress egress",
            "ip_protocol": "tcp udp icmp icmpv6 gre all",
            "policy": "accept drop",
            "nic_type": "internet intranet",
        },
        conflicts={"ipv6_cidr_ip": "cidr_ip", "source_security_group_id": "cidr_ip"},
    ).args()
    lengths: ClassVar = {"description": (1, 512)}

    def rules(self, inputs: Values) -> Sequence[str]:
        told = list(super().rules(inputs))
        if not {"cidrIp", "sourceSecurityGroupId", "prefixListId", "ipv6CidrIp"} & set(inputs):
            told.append("one of 'cidrIp', 'sourceSecurityGroupId' is needed: there is no default")
        if known(inputs, "priority") and not 1 <= inputs["priority"] <= 100:
            told.append("argument 'priority': 1 to 100 wanted")
        if known(inputs, "ipProtocol"):
            told += _bad_ports(inputs["ipProtocol"], inputs.get("portRange", ALL_PORTS))
        return told

    def outputs(self) -> tuple[str, ...]:
        return ("securityGroupRuleId",)

    def asks(self, verb: Verb, values: Values) -> str:
        actions = super().asks(verb, values)
        return _OUT.get(actions, actions) if values.get("type") == "egress" else actions

    def make(self, inputs: Values) -> str:
        group = inputs["securityGroupId"]
        with self.cloud.account.open() as kinds:
            held = needs(kinds, "security_group", group, "InvalidSecurityGroupId.NotFound")
            rule = _permission(kinds, inputs)
            _check_rule(held, rule, inputs)
            held["Permissions"]["Permission"].append(rule)
        try:
            build_group(self, group)
        except BaseException:
            self._strike(_name(group, rule))
            raise
        return _name(group, rule)

    def item(self, id: str) -> Item:  # noqa: A002 - the engine's word
        group = id.split(":", maxsplit=1)[0]
        held = self.cloud.account.look()["security_group"].get(group)
        rules = at(held or {}, "Permissions", "Permission") or []
        return next((rule for rule in rules if _name(group, rule) == id), {})

    def show(self, item: Item, outputs: Values) -> Values:
        described = {"description": item["Description"]} if item["Description"] else {}
        return {"securityGroupRuleId": item["SecurityGroupRuleId"], **described}

    def read(self, id: str, outputs: Values) -> Values | None:  # noqa: A002 - as above
        self._record(outputs, "read")
        item = self.item(id)
        return self.show(item, outputs) if item else None

    def alter(self, id: str, old: Values, new: Values) -> None:  # noqa: A002 - as above
        group = id.split(":", maxsplit=1)[0]
        with self.cloud.account.open() as kinds:
            for rule in kinds["security_group"][group]["Permissions"]["Permission"]:
                if _name(group, rule) == id:
                    rule["Description"] = new.get("description", "")

    def delete(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        self._record(outputs, "delete")
        if self.item(id):
            self.take(id, outputs)

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        self._strike(id)
        build_group(self, id.split(":", maxsplit=1)[0])

    def _strike(self, id: str) -> None:  # noqa: A002 - as above
        group = id.split(":", maxsplit=1)[0]
        with self.cloud.account.open() as kinds:
            held = kinds["security_group"][group]["Permissions"]
            held["Permission"] = [r for r in held["Permission"] if _name(group, r) != id]


def _bad_ports(protocol: str, ports: str) -> list[str]:
    has_ports = protocol in {"tcp", "udp"}
    if has_ports == (ports != ALL_PORTS):
        low, _, high = ports.partition("/")
        if not has_ports or 1 <= int(low) <= int(high) <= 65535:
            return []
    wanted = "1 to 65535, as '22/22'" if has_ports else f"{ALL_PORTS!r} alone"
    return [f"argument 'portRange': {ports!r}; {protocol} takes {wanted}"]


def _permission(kinds: Kinds, inputs: Values) -> Item:
    source = inputs.get("sourceSecurityGroupId", "")
    if source:
        needs(kinds, "security_group", source, "InvalidSourceGroupId.NotFound")
    side = "Source" if inputs["type"] == "ingress" else "Dest"
    other = "Dest" if side == "Source" else "Source"
    return {
        "SecurityGroupRuleId": new_id("sgr"),
        "Direction": inputs["type"],
        "IpProtocol": inputs["ipProtocol"].upper(),
        "PortRange": inputs.get("portRange", ALL_PORTS),
        "Policy": inputs.get("policy", "accept").capitalize(),
        "Priority": str(inputs.get("priority", 1)),
        "NicType": "intranet",
        f"{side}CidrIp": inputs.get("cidrIp", ""),
        f"{side}GroupId": source,
        f"{other}CidrIp": "",
        f"{other}GroupId": "",
        "Description": inputs.get("description", ""),
    }


def _check_rule(group: Item, rule: Item, inputs: Values) -> None:
    held = group["Permissions"]["Permission"]
    if inputs.get("nicType", "intranet") != "intranet":
        raise Refused("InvalidNicType.Mismatch", "A group in a VPC has nic type intranet only.")
    if len(held) >= _RULES:
        raise Refused("AuthorizationLimitExceed", "The limit of rules of the group is reached.")
    # The API takes a rule that is there already and adds nothing; the first of its two resources
    # that is deleted then takes the rule from the other. Nobody wants that, so it is refused.
    name = _name(group["SecurityGroupId"], rule)
    if any(_name(group["SecurityGroupId"], other) == name for other in held):
        raise Refused("InvalidPermission.Duplicated", f"The rule {name} exists.")
    if rule["Policy"] != "Accept" or rule["IpProtocol"] not in PROTOCOLS:
        raise AssertionError(f"the lab has no rule such as {name}")


def _name(group: str, rule: Item) -> str:
    """A rule's id as the provider makes it."""
    side = "Source" if rule["Direction"] == "ingress" else "Dest"
    peer = rule[f"{side}CidrIp"] or rule[f"{side}GroupId"]
    what = (rule["Direction"], rule["IpProtocol"].lower(), rule["PortRange"], rule["NicType"])
    return ":".join((group, *what, peer, rule["Policy"].lower(), rule["Priority"]))
