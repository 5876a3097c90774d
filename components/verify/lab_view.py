"""The lab's own tables, read from its kernel, as verify asks for them."""

from __future__ import annotations

from functools import cached_property
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING

from components.errors import LabError
from components.verify.model import Entry, Flow
from lab.model import Machine, Rule, SecurityGroup, VSwitch

if TYPE_CHECKING:
    from lab.lab import Lab


class LabView:
    """A NetworkView over an open lab; groups and members are read once, tables each time.

    A zone is known by its name in the plan, which is the name of its vSwitch.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def machine(self, slot: str) -> str:
        held = self._lab.get(Machine, slot)
        return held.status.state if held else "absent"

    def table(self, zone: str) -> str:
        held = self._lab.get(VSwitch, zone)
        if held is None:
            raise LabError(
                where=f"lab {self._lab.name}",
                what=f"zone {zone} has no vSwitch",
                hint="run `pulumi up --refresh`, which makes it anew",
            )
        return held.spec.table

    def entry(self, zone: str, address: IPv4Address) -> Entry | None:
        table = self.table(zone)
        found = self._lab.lookup(table, address)
        if found.kind == "none" or found.state == "missing":
            return None
        towards = found.machine or (found.machine_id and f"{found.machine_id} (gone)")
        return Entry(
            destination=found.destination,
            next_hop=found.machine or "",
            active=found.state == "active",
            text=f"{table}: {found.destination} -> {towards or found.kind} ({found.state})",
        )

    def source_dest_check(self, slot: str) -> bool:
        held = self._lab.get(Machine, slot)
        return held is not None and held.spec.source_dest_check

    def refusal(self, slot: str, flow: Flow) -> str:
        mine = [group for group in self._groups if slot in self._members.get(group.name, {})]
        judging = [
            (group.name, [rule for rule in group.rules if rule.direction == flow.direction])
            for group in mine
        ]
        # A group that has no rule for the way out lets everything out.
        if flow.direction == "out" and not (judging and all(rules for _, rules in judging)):
            return ""
        if any(self._allows(rule, flow) for _, rules in judging for rule in rules):
            return ""
        listed = [f"{name}: {_text(rule)}" for name, rules in judging for rule in rules]
        return f"{_what(flow)} fits none of: {', '.join(listed) or 'no rules'}"

    @cached_property
    def _groups(self) -> list[SecurityGroup]:
        return [held.spec for held in self._lab.all(SecurityGroup)]

    @cached_property
    def _members(self) -> dict[str, dict[str, IPv4Address]]:
        found: dict[str, dict[str, IPv4Address]] = {}
        for held in self._lab.all(Machine):
            for group in held.spec.groups:
                found.setdefault(group, {})[held.spec.name] = held.spec.address
        return found

    def _allows(self, rule: Rule, flow: Flow) -> bool:
        if rule.protocol not in {"any", flow.protocol}:
            return False
        if rule.ports and not (flow.port and rule.ports[0] <= flow.port <= rule.ports[1]):
            return False
        if isinstance(rule.source, IPv4Network):
            return flow.peer in rule.source
        return flow.peer in self._members.get(rule.source, {}).values()


def _what(flow: Flow) -> str:
    way = "from" if flow.direction == "in" else "to"
    return f"{flow.protocol} {flow.port or ''}".strip() + f" {way} {flow.peer}"


def _text(rule: Rule) -> str:
    ports = f" {rule.ports[0]}-{rule.ports[1]}" if rule.ports else ""
    return f"{rule.direction} {rule.protocol}{ports} {rule.source}"
