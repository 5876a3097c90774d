"""The lab's own tables, read from its kernel, as verify asks for them."""

from __future__ import annotations

from functools import cached_property
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Final

from components.errors import LabError
from components.verify.model import OWN_GROUP, Entry, Flow, GroupRule, Held
from lab.model import Entry as Kernel
from lab.model import Machine, RouteTable, Rule, SecurityGroup, VSwitch

if TYPE_CHECKING:
    from lab.lab import Lab

HOSTS: Final = "hosts"  # the group that the program gives to every host
OUT: Final = GroupRule(direction="out", peer="0.0.0.0/0")


class LabView:
    """A NetworkView over an open lab; groups, members and prefixes are read once, tables each time.

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
        return _told(table, found)

    def source_dest_check(self, slot: str) -> bool:
        held = self._lab.get(Machine, slot)
        return held is not None and held.spec.source_dest_check

    def prefixes(self, slot: str) -> tuple[IPv4Network, ...]:
        return self._prefixes.get(slot, ())

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

    def held(self) -> Held:
        machines = {held.spec.name: held for held in self._lab.all(Machine)}
        serving = {held.spec.name: held.spec.table for held in self._lab.all(VSwitch)}
        tables = {zone: f"table-{zone}" for zone in serving}
        there = {held.spec.name for held in self._lab.all(RouteTable)} & set(tables.values())
        return Held(
            tables=tables,
            serving=serving,
            entries={table: self._entries(table) for table in there},
            machines={name: held.status.state for name, held in machines.items()},
            checked=frozenset(n for n, held in machines.items() if held.spec.source_dest_check),
            groups={
                name: tuple(OWN_GROUP if group == HOSTS else group for group in held.spec.groups)
                for name, held in machines.items()
            },
            rules=self._rules(),
            prefixes=self._lab.prefixes(),
        )

    def _entries(self, table: str) -> tuple[Entry, ...]:
        kernel = (found for found in self._lab.entries(table) if found.state != "missing")
        return tuple(_told(table, found) for found in kernel)

    def _rules(self) -> frozenset[GroupRule]:
        """The hosts' rules; a group with none for the way out lets everything out."""
        rules = [rule for group in self._groups if group.name == HOSTS for rule in group.rules]
        leaving = any(rule.direction == "out" for rule in rules)
        return frozenset((*map(_shared, rules), *(() if leaving else (OUT,))))

    @cached_property
    def _prefixes(self) -> dict[str, tuple[IPv4Network, ...]]:
        return self._lab.prefixes()

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


def _told(table: str, found: Kernel) -> Entry:
    towards = found.machine or (found.machine_id and f"{found.machine_id} (gone)")
    return Entry(
        destination=found.destination,
        next_hop=found.machine or "",
        active=found.state == "active",
        text=f"{table}: {found.destination} -> {towards or found.kind} ({found.state})",
    )


def _shared(rule: Rule) -> GroupRule:
    peer = OWN_GROUP if rule.source == HOSTS else str(rule.source)
    return GroupRule(direction=rule.direction, peer=peer, protocol=rule.protocol, ports=rule.ports)


def _what(flow: Flow) -> str:
    way = "from" if flow.direction == "in" else "to"
    return f"{flow.protocol} {flow.port or ''}".strip() + f" {way} {flow.peer}"


def _text(rule: Rule) -> str:
    ports = f" {rule.ports[0]}-{rule.ports[1]}" if rule.ports else ""
    return f"{rule.direction} {rule.protocol}{ports} {rule.source}"
