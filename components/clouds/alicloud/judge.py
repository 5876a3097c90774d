"""How Alibaba Cloud's security groups judge a new connection.

The rules of all groups of a machine count together: the lower number first, and of two with the
same number the one that drops. What no rule fits falls to the groups' defaults: members of one
basic group reach each other unless it says Drop, and everything may leave a basic group; an
enterprise group lets nothing through (ECS, "Security group rules").
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Final, Literal

from components.clouds.alicloud.api import Answer
from components.verify.model import OWN_GROUP, Flow, GroupRule

_WAYS: Final = {"in": "ingress", "out": "egress"}
_ENDS: Final = {"in": "Source", "out": "Dest"}  # how the peer's fields begin
_PEERS: Final = ("CidrIp", "GroupId", "PrefixListId")
_ANY_PORT: Final = (-1, -1)
Members = Mapping[str, Collection[IPv4Address]]  # machines' own addresses, by group


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group as the API shows it."""

    id: str
    enterprise: bool
    inner: str  # "Accept" or "Drop": what members of a basic group may do with each other
    rules: Sequence[Answer]


def refusal(groups: Sequence[Group], flow: Flow, members: Members) -> str:
    """Give "" if the groups let the flow through, else what decided as evidence.

    A group as a source stands for its members' own addresses, and so never for a container.
    """
    rules = [
        (group, rule)
        for group in groups
        for rule in group.rules
        if rule.get("Direction", "ingress") == _WAYS[flow.direction]
    ]
    for group, rule in sorted(rules, key=_rank):
        if _fits(rule, flow, members):
            dropped = _drops(rule)
            return f"{_what(flow)} is dropped by {group.id}: {_text(rule)}" if dropped else ""
    if any(_allows_by_default(group, flow, members) for group in groups):
        return ""
    listed = [f"{group.id}: {_text(rule)}" for group, rule in rules]
    inner = [f"{group.id}: among members {group.inner}" for group in groups]
    return f"{_what(flow)} fits none of: {', '.join(listed + inner) or 'no rules'}"


def shared(group: Group, known: Mapping[str, str]) -> Iterator[GroupRule]:
    """The group's rules in the clouds' shared words; `known` names groups by their ids.

    What a basic group lets through without a rule is told as the rule that it amounts to.
    """
    for rule in group.rules:
        way: Literal["in", "out"] = "out" if rule.get("Direction") == "egress" else "in"
        protocol, ports = str(rule.get("IpProtocol", "")).lower(), _ports(rule)
        peer = next((str(rule[key]) for key in _keys(way) if rule.get(key)), "nobody")
        yield GroupRule(
            direction=way,
            peer=known.get(peer, peer),
            protocol="any" if protocol == "all" else protocol,
            ports=None if ports == _ANY_PORT else ports,
            drops=_drops(rule),
        )
    if not group.enterprise:
        yield GroupRule(direction="out", peer="0.0.0.0/0")
        if group.inner == "Accept":
            yield GroupRule(direction="in", peer=OWN_GROUP)


def _keys(way: Literal["in", "out"]) -> Iterator[str]:
    """The fields that may hold a rule's peer; IPv6 has names of its own."""
    yield from (f"{_ENDS[way]}{name}" for name in _PEERS)
    yield f"Ipv6{_ENDS[way]}CidrIp"


def _rank(held: tuple[Group, Answer]) -> tuple[int, bool]:
    return int(held[1].get("Priority", 1)), not _drops(held[1])


def _drops(rule: Answer) -> bool:
    return str(rule.get("Policy", "Accept")).lower() == "drop"


def _allows_by_default(group: Group, flow: Flow, members: Members) -> bool:
    if group.enterprise:
        return False
    if flow.direction == "out":
        return True
    return group.inner == "Accept" and flow.peer in members.get(group.id, ())


def _fits(rule: Answer, flow: Flow, members: Members) -> bool:
    protocol = str(rule.get("IpProtocol", "")).lower()
    if protocol not in {"all", flow.protocol}:
        return False
    low, high = _ports(rule)
    if (low, high) != _ANY_PORT and not (flow.port and low <= flow.port <= high):
        return False
    return any(_is_peer(rule, flow, members))


def _ports(rule: Answer) -> tuple[int, int]:
    low, _, high = str(rule.get("PortRange") or "-1/-1").partition("/")
    return int(low), int(high or low)


def _is_peer(rule: Answer, flow: Flow, members: Members) -> Iterator[bool]:
    end = _ENDS[flow.direction]
    if cidr := rule.get(f"{end}CidrIp"):
        yield flow.peer in IPv4Network(cidr, strict=False)
    if group := rule.get(f"{end}GroupId"):
        yield flow.peer in members.get(group, ())


def _what(flow: Flow) -> str:
    way = "from" if flow.direction == "in" else "to"
    return f"{flow.protocol} {flow.port or ''}".strip() + f" {way} {flow.peer}"


def _text(rule: Answer) -> str:
    names = ("CidrIp", "GroupId", "PrefixListId", "Ipv6SourceCidrIp", "Ipv6DestCidrIp")
    ends = [rule.get(f"{end}{name}") or rule.get(name) for end in _ENDS.values() for name in names]
    peer = next((str(end) for end in ends if end), "nobody")
    words = (rule.get("Policy"), rule.get("Direction"), rule.get("IpProtocol"))
    about = " ".join(str(word).lower() for word in words if word)
    return f"{about} {rule.get('PortRange', '')} {peer} priority {rule.get('Priority', 1)}"
