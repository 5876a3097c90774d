"""Preflights of AWS environments, and their findings as text."""

from __future__ import annotations

from components.clouds.aws.api import Api
from components.clouds.aws.preflight import check
from components.clouds.findings import Findings
from components.environment import Environment
from components.plan import make_plan
from tests.support.moto_account import REGION, SOURCE, Change, environment


def found(wanted: Environment, api: Api | None = None) -> Findings:
    """What a preflight of this environment finds."""
    return check(wanted, make_plan(wanted), api or Api(REGION))


def faults(change: Change = lambda _: None) -> list[str]:
    """The faults of the usual environment after a change, when all could be looked at."""
    findings = found(environment(change))
    assert unchecked(findings) == []
    return [str(each).removeprefix(f"{SOURCE}: fairway:") for each in findings.faults]


def unchecked(findings: Findings) -> list[str]:
    return [str(each) for each in findings.unchecked]
