"""Who asks, and whether the region may be used: without these nothing else can be looked at."""

from __future__ import annotations

from typing import Final

from components.clouds.aws.api import Api
from components.clouds.aws.border import ApiError
from components.clouds.aws.preflight.case import Case
from components.clouds.aws.preflight.seen import Seen
from components.clouds.findings import Findings
from components.errors import CloudError

# A region that is not enabled refuses good credentials as if they were wrong; these always are.
_HOMES: Final = {"cn": "cn-north-1", "us-gov": "us-gov-west-1"}
_HOME: Final = "us-east-1"
_ENABLE: Final = "enable the region in the account's settings, or choose another"


def known(case: Case, api: Api, findings: Findings) -> bool:
    """Whether AWS knows who asks; where it does not, the rest is noted as not looked at."""
    try:
        api.ask("sts:GetCallerIdentity")
    except ApiError as error:
        if error.kind == "unreachable":
            findings.could_not(f"the account in {error.where}", error.found, error.hint)
            return False
        if error.kind in {"credentials", "expired", "region"}:
            _refused(case, api, error, findings)
            rest = "no accepted credentials for this region"
            findings.could_not("everything else in the account", rest, "mend that first")
            return False
        findings.could_not("the credentials", error.found, error.hint)
    return True


def region(case: Case, seen: Seen, findings: Findings) -> None:
    """A region that is known and not enabled."""
    with findings.looking_at(case.at("aws.region")):
        for row in seen.regions():
            if row.get("OptInStatus") == "not-opted-in":
                _not_enabled(case, findings)


def _refused(case: Case, api: Api, error: ApiError, findings: Findings) -> None:
    if error.kind == "region" or (error.code and _is_disabled(api)):
        _not_enabled(case, findings)
        return
    findings.fault(error.where, error.what, found=error.found, hint=error.hint)


def _is_disabled(api: Api) -> bool:
    """Whether another region says that this one is not enabled."""
    homes = (home for prefix, home in _HOMES.items() if api.region.startswith(f"{prefix}-"))
    home = Api(next(homes, _HOME))
    try:
        rows = home.all("ec2:DescribeRegions", "Regions", RegionNames=[api.region], AllRegions=True)
    except CloudError:
        return False
    return any(row.get("OptInStatus") == "not-opted-in" for row in rows)


def _not_enabled(case: Case, findings: Findings) -> None:
    findings.fault(
        case.at("aws.region"),
        "this region cannot be used by the account",
        found=f"{case.settings.region}, not known or not enabled",
        wanted="an enabled region",
        hint=_ENABLE,
    )
