"""Alibaba Cloud's own tables, read from its API, as verify asks for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, cached_property
from ipaddress import IPv4Address, IPv4Network

from components.clouds.alicloud import judge
from components.clouds.alicloud.api import Answer, Api, under
from components.clouds.alicloud.running import instances
from components.clouds.alicloud.tagged import tag_filter, tags_of
from components.clouds.rules import word_of
from components.clouds.tags import ENVIRONMENT, SLOT
from components.verify.model import OWN_GROUP, Entry, Flow, Held


class AlicloudView:
    """A NetworkView of one environment; `tables` are what the program made, by zone name.

    Everything is read once, so that one reading judges all pairs.
    """

    def __init__(self, region: str, environment: str, tables: Mapping[str, str]) -> None:
        self._api = Api(region)
        self._environment = environment
        self._tables = tables
        self._entries = cache(self._read_entries)
        self._group = cache(self._read_group)
        self.table = cache(self._read_table)

    def machine(self, slot: str) -> str:
        held = self._slots.get(slot)
        if held is None:
            return "absent"
        return "running" if held["Status"] == "Running" else "stopped"

    def entry(self, zone: str, address: IPv4Address) -> Entry | None:
        table = self.table(zone)
        fitting = [held for held in self._entries(table) if address in _destination(held)]
        if not fitting:
            return None
        return self._told(table, max(fitting, key=lambda held: _destination(held).prefixlen))

    def source_dest_check(self, slot: str) -> bool:
        held = self._slots.get(slot)
        # The field is not there where the region has no such check.
        return held is not None and self._cards.get(held["InstanceId"], {}).get(
            "SourceDestCheck"
        ) in {True, "true"}

    def prefixes(self, slot: str) -> tuple[IPv4Network, ...]:
        return ()  # not built there

    def refusal(self, slot: str, flow: Flow) -> str:
        held = self._slots.get(slot)
        if held is None:
            return f"there is no machine in {slot}"
        groups = [self._group(name) for name in _groups_of(held)]
        return judge.refusal(groups, flow, self._members)

    def held(self) -> Held:
        slots = self._slots
        own = next((id_ for id_, name in self._known.items() if name == OWN_GROUP), "")
        return Held(
            tables=self._tables,
            serving={zone: self.table(zone) for zone in self._tables},
            entries={
                table: tuple(
                    self._told(table, held)
                    for held in self._entries(table)
                    if held.get("Type") == "Custom"
                )
                for table in set(self._tables.values())
            },
            machines={slot: self.machine(slot) for slot in slots},
            checked=frozenset(slot for slot in slots if self.source_dest_check(slot)),
            groups={
                slot: tuple(self._known.get(group, group) for group in _groups_of(one))
                for slot, one in slots.items()
            },
            rules=frozenset(judge.shared(self._group(own), self._known)) if own else frozenset(),
        )

    def _told(self, table: str, best: Answer) -> Entry:
        hops = under(best, "NextHops", "NextHop")
        slots = [self._slot_behind(hop) for hop in hops]
        slot = next((slot for slot in slots if slot), "")
        shown = ", ".join(
            f"{hop.get('NextHopType')} {hop.get('NextHopId')}" + (f" ({name})" if name else "")
            for hop, name in zip(hops, slots, strict=True)
        )
        return Entry(
            destination=_destination(best),
            next_hop=slot,
            active=best.get("Status") == "Available"
            and (not slot or self.machine(slot) == "running"),
            text=f"{table}: {best['DestinationCidrBlock']} -> {shown or best.get('Type')} "
            f"({best.get('Status')})",
        )

    @cached_property
    def _known(self) -> dict[str, str]:
        """The environment's groups by their ids, in the words that rules are told in."""
        mine = tag_filter(ENVIRONMENT, self._environment)
        named = {
            str(one["SecurityGroupId"]): word_of(tags_of(one).get("Name", ""), self._environment)
            for one in self._api.all("ecs", "DescribeSecurityGroups", Tag=mine)
        }
        return {group: word for group, word in named.items() if word}

    @cached_property
    def _instances(self) -> list[Answer]:
        return instances(self._api, self._environment)

    @cached_property
    def _slots(self) -> dict[str, Answer]:
        return {tags_of(one)[SLOT]: one for one in self._instances if SLOT in tags_of(one)}

    @cached_property
    def _cards(self) -> dict[str, Answer]:
        """The primary interfaces of all machines in our VPCs, by instance."""
        vpcs = {_place(one).get("VpcId") for one in self._instances}
        return {
            card.get("InstanceId", ""): card
            for vpc in sorted(filter(None, vpcs))
            for card in self._api.all("ecs", "DescribeNetworkInterfaces", VpcId=vpc, Type="Primary")
        }

    @cached_property
    def _members(self) -> dict[str, set[IPv4Address]]:
        found: dict[str, set[IPv4Address]] = {}
        for one in self._instances:
            own = [IPv4Address(a) for a in under(_place(one), "PrivateIpAddress", "IpAddress")]
            for group in _groups_of(one):
                found.setdefault(group, set()).update(own)
        return found

    @cached_property
    def _kinds(self) -> dict[str, str]:
        """Whether a group is "normal" or "enterprise"; the group's own attributes do not say."""
        worn = {name for one in self._instances for name in _groups_of(one)}
        names = sorted(worn | set(self._known))
        listed = self._api.all("ecs", "DescribeSecurityGroups", SecurityGroupIds=json.dumps(names))
        return {one["SecurityGroupId"]: one.get("SecurityGroupType", "normal") for one in listed}

    def _read_table(self, zone: str) -> str:
        """The table of the zone's vSwitch now: the one that its machines are in."""
        for slot, one in self._slots.items():
            if slot.rstrip("0123456789") == zone:
                found = self._api.all(
                    "vpc", "DescribeVSwitches", VSwitchId=_place(one)["VSwitchId"]
                )
                tables = [(switch.get("RouteTable") or {}) for switch in found]
                return str(tables[0]["RouteTableId"]) if tables else self._tables[zone]
        return self._tables[zone]

    def _read_entries(self, table: str) -> list[Answer]:
        listed = self._api.all("vpc", "DescribeRouteEntryList", RouteTableId=table)
        return [held for held in listed if ":" not in held["DestinationCidrBlock"]]

    def _read_group(self, name: str) -> judge.Group:
        action = "DescribeSecurityGroupAttribute"
        pages = list(self._api.pages("ecs", action, SecurityGroupId=name))
        return judge.Group(
            id=name,
            enterprise=self._kinds.get(name) == "enterprise",
            inner=pages[0].get("InnerAccessPolicy", "Accept"),
            rules=[rule for page in pages for rule in under(page, "Permissions", "Permission")],
        )

    def _slot_behind(self, hop: Answer) -> str:
        """The slot whose machine a next hop is, "" where it is no machine of ours."""
        name = hop.get("NextHopId")
        for slot, one in self._slots.items():
            card = self._cards.get(one["InstanceId"], {})
            if name in {one["InstanceId"], card.get("NetworkInterfaceId")}:
                return slot
        return ""


def _destination(entry: Answer) -> IPv4Network:
    return IPv4Network(entry["DestinationCidrBlock"])


def _place(instance: Answer) -> Answer:
    return instance.get("VpcAttributes") or {}


def _groups_of(instance: Answer) -> list[str]:
    return under(instance, "SecurityGroupIds", "SecurityGroupId")
