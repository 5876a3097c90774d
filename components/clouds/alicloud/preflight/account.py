"""Who asks, and may they build; what can be seen without asking anybody."""

from __future__ import annotations

import re
from typing import Any, Final

from components.clouds.alicloud.api import ApiError, under
from components.clouds.alicloud.preflight.case import Case
from components.clouds.findings import Findings
from components.config.faults import nearest

_KEY: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|key-[a-z0-9]+")


def reached(case: Case, findings: Findings) -> bool:
    """Whether it makes sense to ask on: credentials are good, and the region exists."""
    api, at = case.api, case.at("alicloud.region")
    try:
        api.call("sts", "GetCallerIdentity")
    except ApiError as error:
        if error.kind in {"credentials", "key"}:
            findings.faults.append(error)
            return False
        findings.could_not("the Alibaba Cloud account", error.found, error.hint)
        if error.kind == "unreachable":
            return False
    with findings.looking_at(at):
        regions = under(api.call("ecs", "DescribeRegions"), "Regions", "Region")
        names = sorted(region["RegionId"] for region in regions)
        if api.region not in names:
            findings.fault(
                at,
                "is no region of this account",
                found=api.region,
                wanted=f"one of the {len(names)} that the account has",
                hint=nearest(api.region, names, "regions"),
            )
            return False
    return True


def kms_key(case: Case, findings: Findings) -> None:
    """The key's id has the form that disks are given. This asks nothing."""
    key = case.settings.kms_key
    if key and not _KEY.fullmatch(key):
        findings.fault(
            case.at("alicloud.kms_key"),
            "is no id of a key",
            found=key,
            wanted="1234abcd-12ab-34cd-56ef-1234567890ab, or key- and letters and digits",
            hint="write the key's id, not its alias or ARN",
        )


def may_run(case: Case, findings: Findings) -> None:
    """These credentials may start instances; a dry run starts none."""
    if case.new:
        want = case.new[0]
        _may(
            case,
            findings,
            "ecs",
            "RunInstances",
            ImageId=want.image,
            InstanceType=want.type,
            ZoneId=want.zone,
        )


def may_make_vpc(case: Case, findings: Findings) -> None:
    """These credentials may make a VPC, where one is to be made; a dry run makes none."""
    if not case.vpc:
        _may(case, findings, "vpc", "CreateVpc", CidrBlock=str(case.plan.network.vpc))


def _may(case: Case, findings: Findings, product: str, action: str, **params: Any) -> None:
    """Ask with DryRun. Any refusal but of the right itself is another check's matter."""
    try:
        case.api.call(product, action, DryRun="true", **params)
    except ApiError as error:
        if error.kind == "denied":
            findings.faults.append(error)
        elif error.kind != "refused":
            raise
