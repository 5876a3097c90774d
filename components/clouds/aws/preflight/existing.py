"""A VPC of somebody else: that it is what the file says, and has room for us."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network

from components.clouds.aws.api import Row
from components.clouds.aws.preflight.case import Case
from components.clouds.aws.preflight.routes import cidrs_of
from components.clouds.aws.preflight.seen import Seen
from components.clouds.aws.tables import serving
from components.clouds.findings import Findings
from components.config.model import Existing, Zone


def vpc(case: Case, seen: Seen, findings: Findings) -> None:
    """The VPC is there and has the range that the file says."""
    existing = case.settings.existing
    if existing is None:
        return
    with findings.looking_at(case.at("aws.existing.vpc")):
        row = seen.vpc
        if row is None:
            _fault(case, findings, "vpc", existing.vpc, "a VPC of the region", "name another one")
        elif case.network.vpc not in cidrs_of(row):
            held = ", ".join(map(str, sorted(cidrs_of(row))))
            findings.fault(
                case.at("network.vpc"),
                f"is no range of {existing.vpc}",
                found=str(case.network.vpc),
                wanted=held,
                hint="write the VPC's own range",
            )


def subnets(case: Case, seen: Seen, findings: Findings) -> None:
    """Each subnet is in the VPC, in the right zone, and has the zone's range and table."""
    existing = case.settings.existing
    if existing is None:
        return
    with findings.looking_at(case.at("aws.existing.subnets")):
        rows = {row["SubnetId"]: row for row in seen.subnets()}
        for zone in case.network.zones:
            key = f"subnets.{zone.name}"
            row = _subnet(case, existing, key, existing.subnets[zone.name], rows, findings)
            if row:
                _fits(case, zone, key, row, findings)
    with findings.looking_at(case.at("aws.existing.tables")):
        for zone in case.network.zones:
            _table(case, seen, existing, zone.name, findings)


def public(case: Case, seen: Seen, findings: Findings) -> None:
    """The bastion's subnet is in its zone and leads to an internet gateway."""
    existing, bastion = case.settings.existing, case.settings.bastion
    if existing is None or bastion is None:
        return
    key, zone = f"public.{bastion.zone}", case.zones[bastion.zone]
    with findings.looking_at(case.at(f"aws.existing.{key}")):
        rows = {row["SubnetId"]: row for row in seen.subnets()}
        name = existing.public[bastion.zone]
        row = _subnet(case, existing, key, name, rows, findings)
        if not row:
            return
        _in_zone(case, zone, key, row, findings)
        table = serving(seen.tables(), name) or {}
        if not any(map(_leads_out, table.get("Routes", ()))):
            found = f"{name}, whose table {table.get('RouteTableId', 'is none')} has no such entry"
            wanted = "a subnet with a route to an internet gateway"
            _fault(case, findings, key, found, wanted, "name one, or add 0.0.0.0/0 to its table")


def addresses(case: Case, seen: Seen, findings: Findings) -> None:
    """The hosts' addresses are free, or already their machines' own."""
    with findings.looking_at(case.at("network.zones")):
        taken = {
            (row["SubnetId"], each["PrivateIpAddress"]): row
            for row in seen.interfaces()
            for each in row.get("PrivateIpAddresses", ())
            if row["NetworkInterfaceId"] not in seen.our_interfaces
        }
        for slot in case.plan.slots:
            holder = taken.get((seen.subnet_of(slot.zone), str(slot.address)))
            if holder:
                told = f"{holder['NetworkInterfaceId']} {holder.get('Description', '')}".strip()
                findings.fault(
                    case.at(f"pools.{slot.pool}.hosts.{slot.zone}"),
                    f"the address of host {slot.name} is taken",
                    found=f"{slot.address} by {told}",
                    wanted="a free address",
                    hint="free it, or give the pool other numbers",
                )


def _subnet(
    case: Case,
    existing: Existing,
    key: str,
    name: str,
    rows: Mapping[str, Row],
    findings: Findings,
) -> Row | None:
    row = rows.get(name)
    if row is None or row["VpcId"] != existing.vpc:
        found = f"{name}, in {row['VpcId']}" if row else f"{name}, not of this region"
        _fault(case, findings, key, found, f"a subnet of {existing.vpc}", "name another one")
        return None
    return row


def _fits(case: Case, zone: Zone, key: str, row: Row, findings: Findings) -> None:
    _in_zone(case, zone, key, row, findings)
    if IPv4Network(row["CidrBlock"]) != zone.subnet:
        findings.fault(
            case.at(f"network.zones.{zone.name}.subnet"),
            f"is not the range of {row['SubnetId']}",
            found=str(zone.subnet),
            wanted=row["CidrBlock"],
            hint="write the subnet's own range",
        )


def _in_zone(case: Case, zone: Zone, key: str, row: Row, findings: Findings) -> None:
    if row["AvailabilityZone"] != zone.zone:
        found = f"{row['SubnetId']}, in {row['AvailabilityZone']}"
        _fault(case, findings, key, found, f"a subnet in {zone.zone}", "name another one")


def _table(case: Case, seen: Seen, existing: Existing, zone: str, findings: Findings) -> None:
    subnet, wanted = existing.subnets[zone], existing.tables[zone]
    now = (serving(seen.tables(), subnet) or {}).get("RouteTableId", "none")
    if now != wanted:
        found, right = wanted, f"{now}, the table of {subnet}"
        _fault(case, findings, f"tables.{zone}", found, right, "write that table's id")


def _leads_out(row: Row) -> bool:
    everywhere = row.get("DestinationCidrBlock") == "0.0.0.0/0"
    return everywhere and str(row.get("GatewayId", "")).startswith("igw-")


def _fault(case: Case, findings: Findings, key: str, found: str, wanted: str, hint: str) -> None:
    where = case.at(f"aws.existing.{key}")
    findings.fault(where, "is not what is needed", found=found, wanted=wanted, hint=hint)
