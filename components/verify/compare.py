"""The network that a cloud holds against the planned one: each difference by its name.

What a probe feels is diagnosed elsewhere, hop by hop. Here everything is compared, so what nobody
has felt yet is found too: an entry in a zone without traffic, a rule that lets too much in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final

from components.verify import delivered
from components.verify.delivered import REPAIR
from components.verify.hops_cloud import table_name
from components.verify.model import OWN_GROUP, Deviation, Entry, GroupRule, Held, Target

# A moved association has another id: AWS's provider makes a second one, and the API refuses it
# (terraform-provider-aws#73). Alibaba's API refuses a second table for a vSwitch too.
MOVE_BACK: Final = (
    "give the subnet its table again in the cloud's console, then `pulumi up --refresh`"
)
NOT_OURS: Final = "`up` leaves what it did not make: find out whose it is, and delete it by hand"
GROUP: Final = "security group of the hosts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The plan's network.

    `ranges` hold all containers' addresses. `by_prefixes` is whether interfaces are given them, so
    that no table has entries for them. `one_piece` is whether a group with its rules, and a subnet
    with its table, are one resource each, as in the lab: then `up` writes them as a whole. On
    clouds each rule and each association is one of its own.
    """

    hosts: Sequence[Target]
    ranges: tuple[IPv4Network, ...]
    by_prefixes: bool = False
    rules: frozenset[GroupRule]
    one_piece: bool


def compare(wanted: Wanted, held: Held) -> tuple[Deviation, ...]:
    """Name everything in the cloud that is not as planned; the nearest to the cause first."""
    return (
        *_machines(wanted, held),
        *_associations(wanted, held),
        *_tables(wanted, held),
        *(
            delivered.deviations(wanted.hosts, held)
            if wanted.by_prefixes
            else _checks(wanted, held)
        ),
        *_groups(wanted, held),
        *_rules(wanted, held),
    )


def _machines(wanted: Wanted, held: Held) -> Iterator[Deviation]:
    for host in wanted.hosts:
        state = held.machines.get(host.name, "absent")
        if state != "running":
            yield Deviation(
                kind="host-down",
                where=host.name,
                found=f"its machine is {state}",
                wanted="a machine that runs",
                repair="run `pulumi up --refresh`, which brings it back",
                about=host.name,
            )


def _associations(wanted: Wanted, held: Held) -> Iterator[Deviation]:
    for zone, table in held.tables.items():
        now = held.serving.get(zone, table)
        if now != table:
            yield Deviation(
                kind="association",
                where=f"subnet of zone {zone}",
                found=f"it has route table {now}",
                wanted=f"route table {table}",
                repair=REPAIR if wanted.one_piece else MOVE_BACK,
            )


def _tables(wanted: Wanted, held: Held) -> Iterator[Deviation]:
    """Judge each table once: zones of somebody's own VPC may share one."""
    zones: dict[str, str] = {}
    for zone, table in held.tables.items():
        zones.setdefault(table, zone)
    for table, zone in zones.items():
        where, entries = table_name(table, zone), held.entries.get(table)
        if entries is None:
            yield Deviation(
                kind="table-missing",
                where=where,
                found="no such table",
                wanted=f"a table with {len(_routed(wanted))} entries for containers",
                repair=REPAIR,
            )
            continue
        there = {entry.destination: entry for entry in entries}
        for host in _routed(wanted):
            yield from _entry(where, host, there.get(host.containers), held)
        yield from _strange(where, wanted, entries)


def _routed(wanted: Wanted) -> Sequence[Target]:
    """The hosts that tables have entries for."""
    return () if wanted.by_prefixes else wanted.hosts


def _entry(where: str, host: Target, entry: Entry | None, held: Held) -> Iterator[Deviation]:
    kind = _wrong(host, entry, held)
    if kind:
        yield Deviation(
            kind=kind,
            where=where,
            found=entry.text if entry else f"no entry for {host.containers}",
            wanted=f"{host.containers} -> the machine of {host.name}",
            repair=REPAIR,
            about=host.name,
        )


def _wrong(host: Target, entry: Entry | None, held: Held) -> str:
    if entry is None:
        return "route-missing"
    if entry.next_hop not in {"", host.name}:
        return "route-wrong-hop"
    # An entry towards a machine that is off is a black hole in every table: the machine is named.
    hole = not (entry.next_hop and entry.active)
    return "black-hole" if hole and held.machines.get(host.name) == "running" else ""


def _strange(where: str, wanted: Wanted, entries: Sequence[Entry]) -> Iterator[Deviation]:
    planned = {host.containers for host in _routed(wanted)}
    for entry in entries:
        range_ = entry.destination
        inside = next((each for each in wanted.ranges if range_.subnet_of(each)), None)
        if range_ in planned or inside is None:
            continue
        covered = next((host for host in wanted.hosts if range_.subnet_of(host.containers)), None)
        yield Deviation(
            kind="foreign-entry",
            where=where,
            found=entry.text,
            wanted=f"nothing in {inside}"
            + (" at all" if wanted.by_prefixes else " but the hosts' own entries"),
            repair=NOT_OURS,
            about=covered.name if covered else "",
        )


def _checks(wanted: Wanted, held: Held) -> Iterator[Deviation]:
    for host in wanted.hosts:
        if host.name in held.checked:
            yield Deviation(
                kind="source-dest-check",
                where=host.name,
                found="the source/destination check is on",
                wanted="off: it drops what is from or to containers",
                repair=REPAIR,
                about=host.name,
            )


def _groups(wanted: Wanted, held: Held) -> Iterator[Deviation]:
    for host in wanted.hosts:
        worn = held.groups.get(host.name, (OWN_GROUP,))
        if worn != (OWN_GROUP,):
            yield Deviation(
                kind="groups",
                where=f"security groups of {host.name}",
                found=", ".join(_group_name(group) for group in worn) or "none",
                wanted=f"{_group_name(OWN_GROUP)} alone",
                repair=REPAIR,
                about=host.name,
            )


def _group_name(group: str) -> str:
    return "the hosts' own group" if group == OWN_GROUP else group


def _rules(wanted: Wanted, held: Held) -> Iterator[Deviation]:
    for rule in sorted(wanted.rules - held.rules, key=str):
        yield Deviation(
            kind="rule-missing", where=GROUP, found="no such rule", wanted=str(rule), repair=REPAIR
        )
    for rule in sorted(held.rules - wanted.rules, key=str):
        yield Deviation(
            kind="rule-added",
            where=GROUP,
            found=str(rule),
            wanted="no such rule",
            repair=REPAIR if wanted.one_piece else NOT_OURS,
        )
