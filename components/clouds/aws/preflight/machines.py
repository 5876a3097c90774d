"""Zones, instance types and images: what the machines need of the region."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from components.clouds.aws.api import Row
from components.clouds.aws.preflight.case import Case, Machine
from components.clouds.aws.preflight.seen import Seen
from components.clouds.findings import Findings
from components.clouds.rules import BASTION

_USABLE: Final = ("available", "information")  # with "information" AWS only tells something


def zones(case: Case, seen: Seen, findings: Findings) -> None:
    """Zones that the account has not, or that AWS says are in trouble."""
    with findings.looking_at(case.at("network.zones")):
        rows = {row["ZoneName"]: row for row in seen.zones()}
        usable = sorted(name for name, row in rows.items() if _zone_state(row) in _USABLE)
        for zone in case.network.zones:
            state = _zone_state(rows.get(zone.zone, {}))
            if state not in _USABLE:
                findings.fault(
                    case.at(f"network.zones.{zone.name}.zone"),
                    "this zone cannot be used",
                    found=f"{zone.zone}, {state}",
                    wanted=" or ".join(usable),
                    hint="choose one of them",
                )


def types(case: Case, seen: Seen, findings: Findings) -> None:
    """Types that there are not, that a zone does not offer, or that cannot be what is wanted."""
    with findings.looking_at(case.at("aws.type")):
        known = {row["InstanceType"]: row for row in seen.types()}
        offered = defaultdict(set)
        for row in seen.offerings():
            offered[row["InstanceType"]].add(row["Location"])
        for machine in _one_of_each(case, "type_key", "zone", "spot"):
            row = known.get(machine.type, {})
            if not row and not offered[machine.type]:
                _no_type(case, machine, findings)
            elif machine.zone.zone not in offered[machine.type]:
                _not_there(case, machine, sorted(offered[machine.type]), findings)
            elif row:
                _cannot(case, machine, row, findings)


def images(case: Case, seen: Seen, findings: Findings) -> None:
    """Images that are gone, cannot boot the type, or that AWS will take away."""
    with findings.looking_at(case.at("aws.image")):
        running = {row["ImageId"] for row in seen.our_instances}
        known = {row["InstanceType"]: row for row in seen.types()}
        for machine in _one_of_each(case, "image_key", "type"):
            image = seen.images[machine.image]()
            where = case.at(machine.image_key)
            if image is None or image["State"] != "available":
                state = image["State"] if image else "no image of the region, or not yours to use"
                findings.fault(
                    where,
                    "this image cannot be booted",
                    found=f"{machine.image}, {state}",
                    wanted="an available image",
                    hint=_another(case, machine),
                )
                continue
            bastion = machine.name == BASTION  # which may have an image of its own
            place = case.at("aws.bastion.image") if bastion else where
            for what, found, wanted, hint in _misfits(machine, image, known.get(machine.type, {})):
                findings.fault(place, what, found=found, wanted=wanted, hint=hint)
            _deprecated(case, machine, image, findings, used=machine.image in running)


def _one_of_each(case: Case, *keys: str) -> Iterator[Machine]:
    """One machine for every combination of these, so that a fault is told once."""
    told = set()
    for machine in case.machines:
        kind = tuple(str(getattr(machine, key)) for key in keys)
        if kind not in told:
            told.add(kind)
            yield machine


def _zone_state(row: Row) -> str:
    if not row:
        return "not a zone of this account"
    enabled = row.get("OptInStatus") != "not-opted-in"
    return str(row["State"]) if enabled else "not enabled in this account"


def _no_type(case: Case, machine: Machine, findings: Findings) -> None:
    findings.fault(
        case.at(machine.type_key),
        "the region has no such instance type",
        found=machine.type,
        wanted=f"a type of {case.settings.region}",
        hint="see `aws ec2 describe-instance-type-offerings`",
    )


def _not_there(case: Case, machine: Machine, others: list[str], findings: Findings) -> None:
    findings.fault(
        case.at(machine.type_key),
        f"zone {machine.zone.name} does not offer this type, which {machine.name} wants",
        found=f"{machine.type}, offered in {', '.join(others) or 'no zone'}",
        wanted=f"a type that {machine.zone.zone} offers",
        hint="choose another type, or another zone",
    )


def _cannot(case: Case, machine: Machine, row: Row, findings: Findings) -> None:
    lacks = []
    if machine.spot and "spot" not in row.get("SupportedUsageClasses", ("spot",)):
        lacks.append("spot instances")
    if row.get("EbsInfo", {}).get("EncryptionSupport") == "unsupported":
        lacks.append("encrypted disks")
    for lack in lacks:
        findings.fault(
            case.at(machine.type_key),
            f"this type has no {lack}",
            found=machine.type,
            wanted=f"a type with {lack}",
            hint="choose another type",
        )


def _misfits(machine: Machine, image: Row, row: Row) -> Iterator[tuple[str, str, str, str]]:
    """What, found, wanted and hint of everything in which an image does not fit a machine."""
    built, able = image["Architecture"], row.get("ProcessorInfo", {}).get("SupportedArchitectures")
    if able and built not in able:
        yield (
            f"this image is for another processor than {machine.type} has",
            f"{machine.image} for {built}",
            f"one for {' or '.join(able)}",
            "choose an image for it, or another type",
        )
    if image["RootDeviceType"] != "ebs":
        yield (
            "this image keeps its system on a disk that is lost when the machine stops",
            f"{machine.image}, root device {image['RootDeviceType']}",
            "root device ebs",
            "choose another image",
        )
    needs = _root_size(image)
    if needs > machine.disk:
        yield (
            "this image does not fit on the system disk",
            f"{machine.disk} GiB for {machine.name}",
            f"at least {needs} GiB",
            "choose another image, or make `disk` larger",
        )


def _another(case: Case, machine: Machine) -> str:
    if machine.image_key != "aws.image":
        return "write the id of another one"
    return f"write the newest one: ./fairway image {case.environment.name}"


def _root_size(image: Row) -> int:
    root = image.get("RootDeviceName")
    disks = (each for each in image.get("BlockDeviceMappings", ()) if each["DeviceName"] == root)
    return max((int(disk.get("Ebs", {}).get("VolumeSize", 0)) for disk in disks), default=0)


def _deprecated(
    case: Case, machine: Machine, image: Row, findings: Findings, *, used: bool
) -> None:
    """An image that hosts run already is only warned of: a broken host must be replaceable."""
    until = image.get("DeprecationTime", "")
    if not until or datetime.fromisoformat(until) > datetime.now(UTC):
        return
    where, hint = case.at(machine.image_key), _another(case, machine)
    found = f"{machine.image}, deprecated since {until[:10]}"
    if used:
        findings.could_not(where, f"how long AWS keeps {found}", hint)
    else:
        findings.fault(
            where, "this image is out of date", found=found, wanted="one that is not", hint=hint
        )
