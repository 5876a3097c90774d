"""Before anything is built: does the account hold what the plan needs?"""

from __future__ import annotations

from components.clouds.aws.api import Api
from components.clouds.aws.preflight import (
    account,
    disks,
    existing,
    machines,
    prefixes,
    quotas,
    rights,
    routes,
)
from components.clouds.aws.preflight.case import Case
from components.clouds.aws.preflight.seen import Seen
from components.clouds.findings import Findings
from components.environment import AwsSettings, Environment
from components.plan.model import Plan

__all__ = ["check"]

_LOOKS = (
    account.region,
    machines.zones,
    machines.types,
    prefixes.types,
    machines.images,
    existing.vpc,
    existing.subnets,
    existing.public,
    existing.addresses,
    prefixes.addresses,
    routes.overlaps,
    routes.entries,
)


def check(environment: Environment, plan: Plan, api: Api) -> Findings:
    """Everything that stands in the way of an `up`, and what could not be looked at.

    Asks and changes nothing. It raises nothing about the account: all is in the findings.
    """
    assert isinstance(environment.settings, AwsSettings)  # noqa: S101 - the table of clouds says so
    case, findings = Case(environment, plan, environment.settings), Findings()
    if account.known(case, api, findings):
        with Seen(case, api) as seen:
            allowed, key = quotas.ask(case, seen, api), disks.ask(case, seen, api)
            for look in _LOOKS:
                look(case, seen, findings)
            disks.check(case, key, findings)
            rights.check(case, seen, api, findings)
            quotas.check(case, seen, allowed, findings)
    findings.fold()
    return findings
