"""AWS's own tables, read through its API, as verify asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from components.clouds.aws import prefixes
from components.clouds.aws.api import Api, Row, filters, tag_of
from components.clouds.aws.group_rules import Groups
from components.clouds.aws.running import instances
from components.clouds.aws.tables import hop, serving
from components.clouds.rules import word_of
from components.clouds.tags import ENVIRONMENT, SLOT
from components.errors import CloudError
from components.verify.model import OWN_GROUP, Entry, Flow, Held

_GONE: Final = ("shutting-down", "terminated")


class AwsView:
    """A NetworkView of one environment; machines, tables and groups are each read once.

    Args:
        region: Where it stands.
        environment: Its name, which its instances carry as a tag.
        tables: The route table that the driver gave each zone, by the zone's name.
    """

    def __init__(self, region: str, environment: str, tables: Mapping[str, str]) -> None:
        self._api = Api(region)
        self._environment = environment
        self._given = dict(tables)

    def machine(self, slot: str) -> str:
        row = self._machines.get(slot)
        if row is None:
            return "absent"
        return "running" if row["State"]["Name"] == "running" else "stopped"

    def table(self, zone: str) -> str:
        return str(self._table(zone)["RouteTableId"])

    def entry(self, zone: str, address: IPv4Address) -> Entry | None:
        table = self.table(zone)
        fitting = [(net, row) for net, row in self._routes[table] if address in net]
        if not fitting:
            return None
        destination, row = max(fitting, key=lambda pair: pair[0].prefixlen)
        return self._told(table, destination, row)

    def source_dest_check(self, slot: str) -> bool:
        row = self._machines.get(slot)
        return row is not None and bool(row.get("SourceDestCheck", True))

    def prefixes(self, slot: str) -> tuple[IPv4Network, ...]:
        cards = (self._machines.get(slot) or {}).get("NetworkInterfaces", ())
        return tuple(sorted(each for card in cards for each in prefixes.of(card)))

    def refusal(self, slot: str, flow: Flow) -> str:
        row = self._machines.get(slot)
        return self._groups.refusal(_groups_of(row), flow) if row else ""

    def held(self) -> Held:
        slots = self._machines
        return Held(
            tables=self._given,
            serving={zone: self.table(zone) for zone in self._given if self._subnets(zone)},
            entries={
                table: tuple(self._told(table, net, row) for net, row in self._routes[table])
                for table in self._given.values()
                if table in self._routes
            },
            machines={slot: self.machine(slot) for slot in slots},
            checked=frozenset(slot for slot in slots if self.source_dest_check(slot)),
            groups={
                slot: tuple(self._known.get(group, group) for group in _groups_of(row))
                for slot, row in slots.items()
            },
            rules=self._groups.rules(self._own, self._known) if self._own else frozenset(),
            prefixes={slot: self.prefixes(slot) for slot in slots},
        )

    @property
    def _own(self) -> str:
        """The hosts' own group, "" when it is gone."""
        return next((id_ for id_, name in self._known.items() if name == OWN_GROUP), "")

    @cached_property
    def _known(self) -> dict[str, str]:
        """The environment's groups by their ids, in the words that rules are told in."""
        asked = filters({f"tag:{ENVIRONMENT}": self._environment})
        rows = self._api.all("ec2:DescribeSecurityGroups", "SecurityGroups", Filters=asked)
        named = {
            str(row["GroupId"]): word_of(tag_of(row, "Name"), self._environment) for row in rows
        }
        return {group: word for group, word in named.items() if word}

    def _told(self, table: str, destination: IPv4Network, row: Row) -> Entry:
        target, state = hop(row), str(row.get("State", "active"))
        slot = self._slots.get(target, "")
        active = state == "active"
        whose = f" of {slot}" if slot else ""
        return Entry(
            destination=destination,
            # What is not ours and works has no slot: its own id says whom the entry points at.
            next_hop=slot or (target if active else ""),
            active=active,
            text=f"{table}: {destination} -> {target or 'nothing'}{whose} ({state})",
        )

    def _table(self, zone: str) -> Row:
        """The table that serves the zone's subnet now, whatever the driver gave it."""
        given = self._tables.get(self._given.get(zone, ""))
        now = (serving(self._tables.values(), subnet) for subnet in self._subnets(zone))
        table = next((row for row in now if row), given)
        if table is None:
            raise CloudError(
                where=f"AWS {self._api.region}",
                what=f"zone {zone} has no route table",
                found=f"no {self._given.get(zone) or 'table of that zone'}",
                hint="run `pulumi up --refresh`, which makes it anew",
            )
        return table

    def _subnets(self, zone: str) -> list[str]:
        """The subnets that the zone's machines are in."""
        mine = (row for slot, row in self._machines.items() if slot.rstrip("0123456789") == zone)
        return sorted({str(row["SubnetId"]) for row in mine})

    @cached_property
    def _machines(self) -> dict[str, Row]:
        """The instance in each slot; one that is going away only where no other is."""
        rows = [r for r in instances(self._environment, self._api) if tag_of(r, SLOT)]
        return {tag_of(r, SLOT): r for r in rows if r["State"]["Name"] not in _GONE}

    @cached_property
    def _slots(self) -> dict[str, str]:
        """Slots by whatever an entry may name: the instance or one of its interfaces."""
        found = {str(row["InstanceId"]): slot for slot, row in self._machines.items()}
        for slot, row in self._machines.items():
            found |= {str(e["NetworkInterfaceId"]): slot for e in row.get("NetworkInterfaces", ())}
        return found

    @cached_property
    def _tables(self) -> dict[str, Row]:
        """Every table of our VPC, or the given ones while no machine tells the VPC."""
        vpc = next((str(row["VpcId"]) for row in self._machines.values()), "")
        asked = filters({"vpc-id": vpc} if vpc else {"route-table-id": self._given.values()})
        rows = self._api.all("ec2:DescribeRouteTables", "RouteTables", Filters=asked)
        return {str(row["RouteTableId"]): row for row in rows}

    @cached_property
    def _routes(self) -> dict[str, list[tuple[IPv4Network, Row]]]:
        """The IPv4 entries of each table."""
        key = "DestinationCidrBlock"
        return {
            name: [(IPv4Network(row[key]), row) for row in table["Routes"] if key in row]
            for name, table in self._tables.items()
        }

    @cached_property
    def _groups(self) -> Groups:
        worn = {name for row in self._machines.values() for name in _groups_of(row)}
        return Groups(self._api, worn | set(self._known))


def _groups_of(row: Row) -> list[str]:
    """The groups of an instance's interfaces, by which its traffic is judged."""
    cards: list[Row] = row.get("NetworkInterfaces") or [{"Groups": row.get("SecurityGroups", ())}]
    return sorted({str(group["GroupId"]) for card in cards for group in card.get("Groups", ())})
