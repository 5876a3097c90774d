"""How AWS judges a new connection: by the rules of every group that a machine wears."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network
from typing import Final, Literal

from components.clouds.aws.api import Api, Row, filters
from components.verify.model import Flow, GroupRule

_SIDES: Final[dict[Literal["in", "out"], tuple[str, str]]] = {
    "in": ("ingress", "IpPermissions"),
    "out": ("egress", "IpPermissionsEgress"),
}
_EVERY: Final = "-1"  # a rule's protocol that stands for all, and an ICMP rule's every type
_PING: Final = 8


class Groups:
    """The rules of some groups, read once. A group without a rule for a way lets nothing go it."""

    def __init__(self, api: Api, names: Iterable[str]) -> None:
        self._api = api
        self._names = sorted(names)

    def refusal(self, worn: Iterable[str], flow: Flow) -> str:
        """Give "" if one of the groups lets the flow through, else their rules as evidence."""
        word, key = _SIDES[flow.direction]
        rules = [(name, rule) for name in worn for rule in self._rows.get(name, {}).get(key, ())]
        if any(self._allows(rule, flow) for _, rule in rules):
            return ""
        listed = [f"{name} {word} {_text(rule)}" for name, rule in rules]
        return f"{_what(flow)} fits none of: {'; '.join(listed) or f'no {word} rule'}"

    def _allows(self, rule: Row, flow: Flow) -> bool:
        if not _fits(rule, flow):
            return False
        if any(flow.peer in IPv4Network(each["CidrIp"]) for each in rule.get("IpRanges", ())):
            return True
        groups = (str(each["GroupId"]) for each in rule.get("UserIdGroupPairs", ()))
        return any(flow.peer in self._members.get(group, ()) for group in groups)

    def rules(self, group: str, known: Mapping[str, str]) -> frozenset[GroupRule]:
        """The group's rules in the clouds' shared words; `known` names groups by their ids."""
        row = self._rows.get(group, {})
        return frozenset(
            GroupRule(direction=way, peer=known.get(peer, peer), protocol=protocol, ports=ports)
            for way, (_, key) in _SIDES.items()
            for rule in row.get(key, ())
            for protocol, ports in [_shared(rule)]
            for peer in _peers(rule)
        )

    @cached_property
    def _rows(self) -> dict[str, Row]:
        if not self._names:
            return {}
        asked = filters({"group-id": self._names})
        rows = self._api.all("ec2:DescribeSecurityGroups", "SecurityGroups", Filters=asked)
        return {str(row["GroupId"]): row for row in rows}

    @cached_property
    def _members(self) -> dict[str, set[IPv4Address]]:
        """The private addresses behind every group that a rule names; never a container's."""
        named = set(self._referred())
        if not named:
            return {}
        asked = filters({"group-id": named})
        rows = self._api.all("ec2:DescribeNetworkInterfaces", "NetworkInterfaces", Filters=asked)
        found: dict[str, set[IPv4Address]] = {}
        for row in rows:
            own = {IPv4Address(each["PrivateIpAddress"]) for each in row["PrivateIpAddresses"]}
            for group in row["Groups"]:
                found.setdefault(str(group["GroupId"]), set()).update(own)
        return found

    def _referred(self) -> Iterator[str]:
        for row in self._rows.values():
            for _, key in _SIDES.values():
                for rule in row.get(key, ()):
                    yield from (str(e["GroupId"]) for e in rule.get("UserIdGroupPairs", ()))


def _fits(rule: Row, flow: Flow) -> bool:
    """Whether protocol and ports of a rule are the flow's."""
    protocol = str(rule["IpProtocol"])
    if protocol == _EVERY:
        return True
    if protocol != flow.protocol:
        return False
    first, last = int(rule.get("FromPort", -1)), int(rule.get("ToPort", -1))
    if protocol == "icmp":  # the "ports" are type and code; what opens a flow is a ping
        return first in {-1, _PING}
    return flow.port is None or first <= flow.port <= last


def _shared(rule: Row) -> tuple[str, tuple[int, int] | None]:
    """Protocol and ports; ICMP's every type is no port, as with all protocols."""
    protocol = str(rule["IpProtocol"])
    if protocol == _EVERY:
        return "any", None
    first, last = int(rule.get("FromPort", -1)), int(rule.get("ToPort", -1))
    return protocol, None if (first, last) == (-1, -1) else (first, last)


def _peers(rule: Row) -> Iterator[str]:
    yield from (str(each["CidrIp"]) for each in rule.get("IpRanges", ()))
    yield from (str(each["CidrIpv6"]) for each in rule.get("Ipv6Ranges", ()))
    yield from (str(each["GroupId"]) for each in rule.get("UserIdGroupPairs", ()))
    yield from (str(each["PrefixListId"]) for each in rule.get("PrefixListIds", ()))


def _what(flow: Flow) -> str:
    way = "from" if flow.direction == "in" else "to"
    return f"{flow.protocol} {flow.port or ''}".strip() + f" {way} {flow.peer}"


def _text(rule: Row) -> str:
    protocol = str(rule["IpProtocol"])
    first, last = rule.get("FromPort", -1), rule.get("ToPort", -1)
    ports = "" if protocol in {_EVERY, "icmp"} else f" {first}" + f"-{last}" * (first != last)
    sources = (
        *(str(each["CidrIp"]) for each in rule.get("IpRanges", ())),
        *(str(each["GroupId"]) for each in rule.get("UserIdGroupPairs", ())),
        *(f"{each['PrefixListId']} (not looked into)" for each in rule.get("PrefixListIds", ())),
    )
    name = "all" if protocol == _EVERY else protocol
    return f"{name}{ports} {','.join(sources)}"
