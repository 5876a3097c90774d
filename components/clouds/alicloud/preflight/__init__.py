"""Everything that the account says against a plan, before anything is built."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from components.clouds.alicloud.api import Api
from components.clouds.alicloud.preflight import account, existing, limits, offers, ranges
from components.clouds.alicloud.preflight.case import Case
from components.clouds.findings import Findings
from components.environment import Environment
from components.plan.model import Plan

Check = Callable[[Case, Findings], None]

_AT_ONCE: Final = 8  # questions to the API

# In the order of the messages; a check that the API does not answer is named by its key.
_UNASKED: Final[tuple[tuple[str, Check], ...]] = (
    ("alicloud.kms_key", account.kms_key),
    ("alicloud.ssh_from", limits.rules),
)
_ASKED: Final[tuple[tuple[str, Check], ...]] = (
    ("network.zones", offers.zones),
    ("alicloud.type", offers.frames),
    ("alicloud.type, what is in stock", offers.types),
    ("alicloud.disk_category", offers.disks),
    ("alicloud.image", offers.images),
    ("network, the quotas of VPCs and routes", limits.network),
    ("alicloud.nat, the quota of public addresses", limits.addresses),
    ("pools, the quota of vCPUs", limits.processors),
    ("network.vpc, peered VPCs", ranges.peered),
    ("network.vpc, VPCs in the same Cloud Enterprise Network", ranges.attached),
    ("network.vpc, other VPCs", ranges.unrelated),
    ("alicloud.existing.vpc", existing.vpc),
    ("alicloud.existing.subnets", existing.subnets),
    ("alicloud.existing.tables", existing.tables),
    ("alicloud.existing.subnets, free addresses", existing.addresses),
    ("alicloud, the right to start instances", account.may_run),
    ("alicloud, the right to make a VPC", account.may_make_vpc),
)


def check(environment: Environment, plan: Plan, api: Api) -> Findings:
    """Look at everything at once and return all findings; nothing is changed in the account."""
    case, found = Case(environment, plan, api), Findings()
    parts = [_looked(case, *row) for row in _UNASKED]
    if account.reached(case, found):
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            parts += pool.map(lambda row: _looked(case, *row), _ASKED)
    for part in parts:
        found.faults += part.faults
        found.unchecked += part.unchecked
    found.faults = list({str(fault): fault for fault in found.faults}.values())
    found.fold()
    return found


def _looked(case: Case, key: str, look: Check) -> Findings:
    found = Findings()
    with found.looking_at(case.at(key)):
        look(case, found)
    return found
