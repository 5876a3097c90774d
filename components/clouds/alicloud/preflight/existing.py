"""A VPC that the user names: it is what the configuration says, and has room for what is ours."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network
from typing import Final

from components.clouds.alicloud.api import Answer, under
from components.clouds.alicloud.preflight.case import Case, custom_entries, ranges_of
from components.clouds.findings import Findings
from components.clouds.shape import distinct
from components.config.model import Existing, Zone
from components.host.bastion import BASTION

IDS_AT_ONCE: Final = 100  # of DescribeInstances


def vpc(case: Case, findings: Findings) -> None:
    """The VPC is there, with the range of the configuration."""
    existing = case.settings.existing
    if existing is None:
        return
    held = case.vpcs.get(existing.vpc)
    at = case.at("alicloud.existing.vpc")
    if held is None:
        _missing(findings, at, "VPC", existing.vpc, case.vpcs)
    elif case.plan.network.vpc not in ranges_of(held):
        findings.fault(
            case.at("network.vpc"),
            f"is no range of {existing.vpc}",
            found=str(case.plan.network.vpc),
            wanted=f"one of {', '.join(map(str, ranges_of(held)))}",
            hint="write the VPC's own range",
        )


def subnets(case: Case, findings: Findings) -> None:
    """VSwitches are in their zones, with their ranges and tables, and have addresses left."""
    existing = case.settings.existing
    if existing is None:
        return
    held = _vswitches(case, existing)
    for zone in case.plan.network.zones:
        at = case.at(f"alicloud.existing.subnets.{zone.name}")
        switch = held.get(existing.subnets[zone.name])
        if switch is None:
            _missing(findings, at, "vSwitch", existing.subnets[zone.name], held)
        else:
            _check_switch(case, existing, zone, switch, findings)
    for name, public in existing.public.items():
        if public not in held:
            at = case.at(f"alicloud.existing.public.{name}")
            _missing(findings, at, "vSwitch", public, held)


def tables(case: Case, findings: Findings) -> None:
    """Route tables hold nothing of others for our containers, and may hold what is ours."""
    existing = case.settings.existing
    if existing is None:
        return
    listed = case.api.all("vpc", "DescribeRouteTableList", VpcId=existing.vpc)
    known = {table["RouteTableId"] for table in listed}
    for name, table in distinct(existing.tables).items():
        at = case.at(f"alicloud.existing.tables.{name}")
        if table not in known:
            _missing(findings, at, "route table", table, known)
        else:
            _check_table(case, at, table, findings)
    _check_destinations(case, _vswitches(case, existing).values(), findings)


def addresses(case: Case, findings: Findings) -> None:
    """Nobody else has the addresses of our slots."""
    existing = case.settings.existing
    if existing is None:
        return
    slots = {str(slot.address): slot.name for slot in case.plan.slots}
    ours = {instance["InstanceId"] for instance in case.own.values()}
    for card in case.api.all("ecs", "DescribeNetworkInterfaces", VpcId=existing.vpc):
        slot = slots.get(str(card.get("PrivateIpAddress")))
        if slot and card.get("InstanceId") not in ours:
            findings.fault(
                case.at("alicloud.existing.subnets"),
                f"the address of {slot} is taken",
                found=f"{card['PrivateIpAddress']} at {card['NetworkInterfaceId']}",
                wanted="a free address",
                hint="move the other away, or give the pool another first number",
            )


def _vswitches(case: Case, existing: Existing) -> Mapping[str, Answer]:
    listed = case.api.all("vpc", "DescribeVSwitches", VpcId=existing.vpc)
    return {switch["VSwitchId"]: switch for switch in listed}


def _missing(findings: Findings, where: str, what: str, found: str, known: Iterable[str]) -> None:
    findings.fault(
        where,
        f"there is no such {what}",
        found=found,
        wanted=f"one of {', '.join(sorted(known)) or 'none, for there are none'}",
        hint="write the id as the console shows it",
    )


def _check_switch(
    case: Case, existing: Existing, zone: Zone, switch: Answer, findings: Findings
) -> None:
    table = (switch.get("RouteTable") or {}).get("RouteTableId")
    coming = sum(
        want.zone == zone.zone for want in case.new if want.name not in {*case.own, BASTION}
    )
    left = int(switch.get("AvailableIpAddressCount") or 0)
    checks = (
        (switch["ZoneId"] == zone.zone, "is in another zone", switch["ZoneId"], zone.zone),
        (
            IPv4Network(switch["CidrBlock"]) == zone.subnet,
            f"has another range than fairway:network.zones.{zone.name}.subnet",
            switch["CidrBlock"],
            str(zone.subnet),
        ),
        (
            table == existing.tables[zone.name],
            f"has another route table than existing.tables.{zone.name}",
            str(table),
            existing.tables[zone.name],
        ),
        (left >= coming, "has too few addresses left", str(left), f"{coming} for new hosts"),
    )
    for good, what, found, wanted in checks:
        if not good:
            findings.fault(
                case.at(f"alicloud.existing.subnets.{zone.name}"),
                f"{switch['VSwitchId']} {what}",
                found=found,
                wanted=wanted,
                hint="correct the configuration, or choose another vSwitch",
            )


def _check_table(case: Case, at: str, table: str, findings: Findings) -> None:
    """An entry for a part of the container range takes packets from us, if it is not ours."""
    held = {
        entry["DestinationCidrBlock"]: under(entry, "NextHops", "NextHop")
        for entry in custom_entries(case, table)
        if _inside(entry["DestinationCidrBlock"], case.plan.network.ranges)
    }
    theirs = _others(case, {hop["NextHopId"] for hops in held.values() for hop in hops})
    for destination, hops in held.items():
        wrong = [hop["NextHopId"] for hop in hops if hop["NextHopId"] in theirs]
        if wrong:
            findings.fault(
                at,
                "holds an entry of somebody else for our containers",
                found=f"{destination} to {', '.join(wrong)} in {table}",
                wanted=f"none inside {case.plan.network.ranges_text} but ours",
                hint="take the entry away, or choose another range for containers",
            )


def _others(case: Case, hops: set[str]) -> set[str]:
    """The next hops that are not ours; what points at an instance that is gone is nobody's."""
    unknown = hops - {instance["InstanceId"] for instance in case.own.values()}
    machines = sorted(hop for hop in unknown if hop.startswith("i-"))
    alive = [
        instance["InstanceId"]
        for start in range(0, len(machines), IDS_AT_ONCE)
        for instance in case.api.all(
            "ecs",
            "DescribeInstances",
            InstanceIds=json.dumps(machines[start : start + IDS_AT_ONCE]),
        )
    ]
    return unknown - (set(machines) - set(alive))


def _inside(destination: str, ranges: Iterable[IPv4Network]) -> bool:
    return ":" not in destination and any(map(IPv4Network(destination).subnet_of, ranges))


def _check_destinations(case: Case, switches: Iterable[Answer], findings: Findings) -> None:
    """An entry's destination may not be, or be inside, a vSwitch's range (CreateRouteEntry)."""
    for switch in switches:
        for key, range_ in case.plan.network.ranges_by_key.items():
            if not range_.overlaps(IPv4Network(switch["CidrBlock"])):
                continue
            findings.fault(
                case.at(key),
                "overlaps a vSwitch of the VPC",
                found=f"{range_} and {switch['CidrBlock']} of {switch['VSwitchId']}",
                wanted="a range that no vSwitch has",
                hint="choose another range for containers",
            )
