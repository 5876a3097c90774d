"""What the cloud offers: zones, instance types, disks and images, as the plan wants them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Final

from components.clouds.alicloud.api import Answer, ApiError, under
from components.clouds.alicloud.images import PROCESSORS
from components.clouds.alicloud.jumbo import MTU, mtu_of
from components.clouds.alicloud.preflight.case import Case, Want
from components.clouds.findings import Findings
from components.host.bastion import BASTION

_NEEDED_IN_ZONE: Final = {"VSwitch", "Instance"}


def zones(case: Case, findings: Findings) -> None:
    """Zones exist, and take vSwitches and instances."""
    offered = case.offered
    fitting = sorted(name for name, kinds in offered.items() if kinds >= _NEEDED_IN_ZONE)
    for name, zone in case.zones.items():
        if zone in fitting:
            continue
        lacking = ", ".join(sorted(_NEEDED_IN_ZONE - offered.get(zone, set())))
        findings.fault(
            case.at(f"network.zones.{name}.zone"),
            "takes nothing new" if zone in offered else f"is no zone of {case.api.region}",
            found=f"{zone} without {lacking}" if zone in offered else zone,
            wanted=f"one of {', '.join(fitting)}",
            hint="choose another zone",
        )


def types(case: Case, findings: Findings) -> None:
    """Types exist, each zone has them in stock for machines that are yet to come."""
    told = [want for want in case.new if _known(case, want)]
    for (kind, spot), wants in _grouped(told, lambda want: (want.type, want.spot)):
        with findings.looking_at(f"{wants[0].type_at}, whether {kind} is in stock"):
            offered = _offered(case, "InstanceType", kind, spot=spot)
            for want in _each_zone(wants):
                _check_stock(want, offered, findings)


def disks(case: Case, findings: Findings) -> None:
    """The kind of disk goes with each type in its zones, as large as it is wanted."""
    for (kind,), wants in _grouped(case.new, lambda want: (want.type,)):
        with findings.looking_at(f"{case.at('alicloud.disk_category')}, whether {kind} takes it"):
            offered = _offered(case, "SystemDisk", kind, spot=False)
            for want in wants:
                if want.zone in offered:  # else `types` has said it
                    _check_disk(case, want, offered[want.zone], findings)


def frames(case: Case, findings: Findings) -> None:
    """Types are known, and where hosts are set to jumbo frames, theirs have them."""
    large = mtu_of({slot.type for slot in case.plan.slots}) == MTU
    for (kind,), wants in _grouped(case.wants, lambda want: (want.type,)):
        told = case.types.get(kind)
        if told is None:
            findings.fault(
                wants[0].type_at,
                "is no instance type here",
                found=kind,
                wanted=f"a type that {case.api.region} knows",
                hint="write it as the cloud's list of instance types does",
            )
        elif large and wants[0].name != BASTION and told.get("JumboFrameSupport") is False:
            findings.fault(
                wants[0].type_at,
                "has no jumbo frames, against what Fairway knows of its family",
                found=f"{kind} without JumboFrameSupport",
                wanted=f"packets of {MTU} bytes, which hosts would be set to",
                hint="choose a type of another family, and report this one",
            )


def images(case: Case, findings: Findings) -> None:
    """Images exist, can be used, and fit the processors and disks of their machines."""
    for (image,), wants in _grouped(case.wants, lambda want: (want.image,)):
        with findings.looking_at(f"{wants[0].image_at}, whether {image} exists"):
            found = case.api.all("ecs", "DescribeImages", ImageId=image, Status="ALL")
            if not found:
                findings.fault(
                    wants[0].image_at,
                    f"is no image in {case.api.region}",
                    found=image,
                    wanted="an image that this account sees",
                    hint=f"run `./fairway image {case.environment.name}`, which writes the newest",
                )
            for want in _each_type(wants) if found else ():
                _check_image(case, want, found[0], findings)


def _grouped(wants: Iterable[Want], key: Any) -> Iterator[tuple[Any, list[Want]]]:
    for value, group in groupby(sorted(wants, key=key), key=key):
        yield value, list(group)


def _known(case: Case, want: Want) -> bool:
    """Whether zone and type exist, as far as that can be seen: what does not is told as such."""
    try:
        return want.type in case.types and want.zone in case.offered
    except ApiError:
        return True


def _each_zone(wants: Iterable[Want]) -> Iterable[Want]:
    return {want.zone: want for want in reversed(list(wants))}.values()


def _each_type(wants: Iterable[Want]) -> Iterable[Want]:
    return {(want.type, want.disk): want for want in reversed(list(wants))}.values()


def _offered(case: Case, resource: str, kind: str, *, spot: bool) -> Mapping[str, list[Answer]]:
    """What each zone has of a resource for a type; zones without the type are left out."""
    try:
        answer = case.api.call(
            "ecs",
            "DescribeAvailableResource",
            DestinationResource=resource,
            InstanceType=kind,
            InstanceChargeType="PostPaid",
            SpotStrategy="SpotAsPriceGo" if spot else "NoSpot",
            NetworkCategory="vpc",
        )
    except ApiError as error:
        if error.code.startswith("InvalidInstanceType"):
            return {}
        raise
    return {
        zone["ZoneId"]: [
            value
            for held in under(zone, "AvailableResources", "AvailableResource")
            for value in under(held, "SupportedResources", "SupportedResource")
        ]
        for zone in under(answer, "AvailableZones", "AvailableZone")
    }


def _in_stock(offered: Mapping[str, list[Answer]], zone: str, value: str) -> str:
    """Say "Available", "SoldOut", or "not offered"."""
    states = [one["Status"] for one in offered.get(zone, ()) if one["Value"] == value]
    return str(states[0]) if states else "not offered"


def _check_stock(want: Want, offered: Mapping[str, list[Answer]], findings: Findings) -> None:
    state = _in_stock(offered, want.zone, want.type)
    if state == "Available":
        return
    others = sorted(z for z in offered if _in_stock(offered, z, want.type) == "Available")
    findings.fault(
        want.type_at,
        f"is not to be had in {want.zone}" + (" as spot" if want.spot else ""),
        found=f"{want.type}: {state}",
        wanted="a type in stock in each zone that gets one",
        hint=f"choose another type; {', '.join(others)} would have it"
        if others
        else "choose another type",
    )


def _check_disk(case: Case, want: Want, offered: list[Answer], findings: Findings) -> None:
    category = case.settings.disk_category
    fitting = {one["Value"]: one for one in offered if one["Status"] == "Available"}
    if not fitting:  # the type itself is sold out there
        return
    if category not in fitting:
        findings.fault(
            case.at("alicloud.disk_category"),
            f"does not go with {want.type} in {want.zone}",
            found=category,
            wanted=f"one of {', '.join(fitting)}",
            hint="choose another kind of disk, or another type",
        )
        return
    least, most = fitting[category].get("Min") or 0, fitting[category].get("Max") or want.disk
    if want.disk and not least <= want.disk <= most:
        findings.fault(
            want.disk_at,
            f"is no size of a {category} disk",
            found=f"{want.disk} GiB",
            wanted=f"{least} to {most} GiB",
            hint="choose a size between the two",
        )


def _processor(case: Case, kind: str) -> str:
    """The processor that images of a type are for; "" where the type could not be looked at."""
    try:
        return PROCESSORS.get(case.types[kind]["CpuArchitecture"], "")
    except (KeyError, ApiError):  # `frames` says it
        return ""


def _check_image(case: Case, want: Want, image: Answer, findings: Findings) -> None:
    processor = _processor(case, want.type)
    checks = (
        (image["Status"] == "Available", "cannot be used", image["Status"], "Available"),
        (
            image["Architecture"] == processor or not processor,
            f"is not for the processor of {want.type}",
            image["Architecture"],
            processor,
        ),
        (
            image.get("IsSupportCloudinit") is not False,
            "has no cloud-init, which sets hosts up",
            image["ImageId"],
            "an image with cloud-init",
        ),
        (
            not want.disk or int(image.get("Size") or 0) <= want.disk,
            f"does not fit on the disk of {want.name}",
            f"{image.get('Size')} GiB",
            f"at most {want.disk} GiB",
        ),
    )
    for good, what, found, wanted in checks:
        if not good:
            findings.fault(
                want.image_at,
                what,
                found=f"{image['ImageId']}: {found}",
                wanted=wanted,
                hint=f"run `./fairway image {case.environment.name}`, which writes a fitting one",
            )
