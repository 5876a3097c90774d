"""What the account may still make: each quota against what is used and what is to come."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from components.clouds import rules
from components.clouds.aws.api import Api, Row
from components.clouds.aws.border import ApiError
from components.clouds.aws.preflight import prefixes, routes
from components.clouds.aws.preflight.case import Case
from components.clouds.aws.preflight.seen import Look, Seen
from components.clouds.bill import bill
from components.clouds.findings import Findings


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota as Service Quotas names it."""

    service: str
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Need:
    """How much of a quota is used by anybody, and how much more an `up` would use."""

    used: int
    more: int
    place: str = ""


VPCS: Final = Quota("vpc", "L-F678F1CE", "VPCs of the region")
BLOCKS: Final = Quota("vpc", "L-83CA0A9D", "IPv4 blocks of a VPC")
ROUTES: Final = Quota("vpc", "L-93826ACB", "entries of a route table")
GATEWAYS: Final = Quota("vpc", "L-FE5A380F", "NAT gateways of a zone")
RULES: Final = Quota("vpc", "L-0EA8095F", "rules of a security group, in one direction")
INTERFACES: Final = Quota("vpc", "L-DF5E4CA3", "network interfaces of the region")
UNITS: Final = Quota("vpc", "L-BB24F6E5", "network address units of a VPC")
ADDRESSES: Final = Quota("ec2", "L-0263D0A3", "public addresses of the region")
ON_DEMAND: Final = Quota("ec2", "L-1216C47A", "vCPUs of running standard instances")
SPOT: Final = Quota("ec2", "L-34B43A08", "vCPUs of standard spot instances")
ALL: Final = (
    *(VPCS, BLOCKS, ROUTES, GATEWAYS, RULES, INTERFACES, UNITS),
    *(ADDRESSES, ON_DEMAND, SPOT),
)

# The families that share the quotas above; every other has one of its own.
_STANDARD: Final = frozenset({"a", "c", "d", "h", "i", "im", "is", "m", "r", "t", "z"})
_COUNTED: Final = ("pending", "running")
_ASK_MORE: Final = "ask for more in Service Quotas, or give up what is not needed"


def ask(case: Case, seen: Seen, api: Api) -> dict[Quota, Look[int]]:
    """Send the questions, one for each quota that matters."""
    idle = {
        ROUTES if case.network.by_prefixes else UNITS,
        *((BLOCKS,) if len(case.blocks) < 2 else ()),
    }
    return {quota: seen.start(partial(_value, api, quota)) for quota in ALL if quota not in idle}


def check(case: Case, seen: Seen, allowed: Mapping[Quota, Look[int]], findings: Findings) -> None:
    """Every quota too small for what an `up` would add. What stands already asks for nothing."""
    for quota, needs in _NEEDS.items():
        with findings.looking_at(_where(case, quota)):
            for need in needs(case, seen):
                if need.more > 0 and need.used + need.more > allowed[quota]():
                    found = f"{need.used} of {allowed[quota]()} used{need.place}"
                    _too_few(case, quota, findings, found=found, wanted=f"{need.more} more")
    with findings.looking_at(_where(case, RULES)):
        most = max(len(rules.into_hosts(case.plan, case.settings)), len(case.settings.ssh_from))
        if most > allowed[RULES]():
            _too_few(case, RULES, findings, found=f"{allowed[RULES]()}", wanted=f"{most}")
    if not case.network.by_prefixes:
        with findings.looking_at(_where(case, ROUTES)):
            _entries(case, seen, allowed[ROUTES](), findings)
    _other_families(case, seen, findings)


def _value(api: Api, quota: Quota) -> int:
    """What the account is allowed; AWS knows only the default where nobody asked for more."""
    words = {"ServiceCode": quota.service, "QuotaCode": quota.code}
    try:
        answer = api.ask("servicequotas:GetServiceQuota", **words)
    except ApiError as error:
        if error.code != "NoSuchResourceException":
            raise
        answer = api.ask("servicequotas:GetAWSDefaultServiceQuota", **words)
    return int(answer["Quota"]["Value"])


def addresses_missing(case: Case, seen: Seen) -> int:
    """How many public addresses the next `up` allocates."""
    wanted: int = bill(case.plan, case.settings)["public_addresses"]
    return wanted - sum(map(seen.is_ours, seen.addresses()))


def _vpcs(case: Case, seen: Seen) -> Iterator[Need]:
    if case.settings.existing is None:
        yield Need(len(seen.vpcs()), 0 if seen.vpc else 1)


def _blocks(case: Case, seen: Seen) -> Iterator[Need]:
    """Every block of a new VPC, or those that ours lacks."""
    if len(case.blocks) > 1:
        missing = routes.missing_blocks(case, seen) if seen.vpc else case.blocks
        yield Need(len(routes.cidrs_of(seen.vpc)) if seen.vpc else 0, len(missing))


def _addresses(case: Case, seen: Seen) -> Iterator[Need]:
    """One for each NAT gateway and one for the bastion."""
    yield Need(len(seen.addresses()), addresses_missing(case, seen))


def _gateways(case: Case, seen: Seen) -> Iterator[Need]:
    zones = {row["SubnetId"]: row["AvailabilityZone"] for row in seen.subnets()}
    for zone in case.nat_zones:
        there = [row for row in seen.gateways() if zones.get(row.get("SubnetId")) == zone.zone]
        yield Need(len(there), 1 - sum(map(seen.is_ours, there)), f" in {zone.zone}")


def _interfaces(case: Case, seen: Seen) -> Iterator[Need]:
    wanted = len(case.machines) + len(case.nat_zones)
    ours = len(seen.our_instances) + sum(map(seen.is_ours, seen.gateways()))
    yield Need(len(seen.interfaces()), wanted - ours)


def _units(case: Case, seen: Seen) -> Iterator[Need]:
    if case.network.by_prefixes:
        yield Need(prefixes.units_used(seen), prefixes.units_needed(case, seen))


def _cpus(*, spot: bool) -> Callable[[Case, Seen], Iterator[Need]]:
    def needs(case: Case, seen: Seen) -> Iterator[Need]:
        sizes = {row["InstanceType"]: row["VCpuInfo"]["DefaultVCpus"] for row in seen.types()}
        counted = [row for row in seen.instances() if _counts(row, spot=spot)]
        ours = sum(_size(row, sizes) for row in counted if seen.is_ours(row))
        wanted = [machine for machine in case.machines if machine.spot is spot]
        total = sum(sizes.get(each.type, 0) for each in wanted if _standard(each.type))
        yield Need(sum(_size(row, sizes) for row in counted), total - ours)

    return needs


_NEEDS: Final[Mapping[Quota, Callable[[Case, Seen], Iterator[Need]]]] = {
    VPCS: _vpcs,
    BLOCKS: _blocks,
    ADDRESSES: _addresses,
    GATEWAYS: _gateways,
    INTERFACES: _interfaces,
    UNITS: _units,
    ON_DEMAND: _cpus(spot=False),
    SPOT: _cpus(spot=True),
}


def _counts(row: Row, *, spot: bool) -> bool:
    if row["State"]["Name"] not in _COUNTED or not _standard(row["InstanceType"]):
        return False
    return (row.get("InstanceLifecycle") == "spot") is spot


def _size(row: Row, sizes: Mapping[str, int]) -> int:
    cores = row.get("CpuOptions", {})
    if cores:
        return int(cores["CoreCount"]) * int(cores["ThreadsPerCore"])
    return sizes.get(row["InstanceType"], 0)


def _standard(kind: str) -> bool:
    family = re.match(r"[a-z]+", kind)
    return family is not None and family[0] in _STANDARD


def _other_families(case: Case, seen: Seen, findings: Findings) -> None:
    """Say which types are counted by quotas that are not looked at."""
    where = "quotas of vCPUs"
    with findings.looking_at(where):
        standing = {row["InstanceType"] for row in seen.our_instances}
        others = {machine.type for machine in case.machines if not _standard(machine.type)}
        for kind in sorted(others - standing):
            found = f"{kind}, whose family has a quota of its own"
            findings.could_not(where, found, "see Service Quotas, Amazon EC2, before a large `up`")


def _entries(case: Case, seen: Seen, limit: int, findings: Findings) -> None:
    needed = routes.entries_needed(case, seen)
    if needed > limit:
        _too_few(case, ROUTES, findings, found=f"{limit}", wanted=f"{needed} in one table")
    elif case.settings.route_quota > limit:
        findings.fault(
            case.at("aws.route_quota"),
            "the account's route tables take fewer entries",
            found=f"{limit} in the account",
            wanted=f"{case.settings.route_quota}, as the file says",
            hint=f"set it to {limit}, or ask for more in Service Quotas ({ROUTES.code})",
        )


def _where(case: Case, quota: Quota) -> str:
    return f"AWS {case.settings.region}: quota {quota.code}"


def _too_few(case: Case, quota: Quota, findings: Findings, *, found: str, wanted: str) -> None:
    findings.fault(
        _where(case, quota),
        f"too few {quota.name} are left",
        found=found,
        wanted=wanted,
        hint=_ASK_MORE,
    )
