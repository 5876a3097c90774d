"""Quotas: what the plan needs beside what stands, against what the account may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from components.clouds.alicloud.api import under
from components.clouds.alicloud.preflight.case import Case, custom_entries
from components.clouds.findings import Findings
from components.clouds.rules import into_bastion, into_hosts
from components.clouds.shape import distinct

# By the name in Quota Center, whose codes are opaque; the default is the documented one.
DEFAULTS: Final = {
    "vpc_quota_instances_num": 10,
    "vpc_quota_route_tables_num": 9,
    "vpc_quota_route_entrys_num": 200,
    "eip_quota_instances_num": 20,
}
RULES_OF_A_GROUP: Final = 200
_RAISE: Final = "ask for more in Quota Center, or take away what is not needed"


def network(case: Case, findings: Findings) -> None:
    """VPCs of the region, custom route tables of a VPC, entries of a route table."""
    quotas = _quotas(case, "vpc")
    if not case.vpc:
        _fits(
            findings,
            case.at("network.vpc"),
            "VPCs of the region",
            needed=len(case.vpcs) + 1,
            limit=quotas["vpc_quota_instances_num"],
        )
    if case.settings.existing is None:
        public = any(zone.public for zone in case.plan.network.zones)
        _fits(
            findings,
            case.at("network.zones"),
            "custom route tables of a VPC",
            needed=len(case.zones) + int(public),
            limit=quotas["vpc_quota_route_tables_num"],
        )
    for zone, held in _entries_of_others(case).items():
        _fits(
            findings,
            case.at("alicloud.route_quota"),
            f"entries of the route table of zone {zone}",
            needed=len(case.plan.routes) + held,
            limit=quotas["vpc_quota_route_entrys_num"],
        )


def addresses(case: Case, findings: Findings) -> None:
    """Public addresses of the region."""
    settings = case.settings
    gateways = {"zone": len(case.zones), "one": 1, "none": 0}[settings.nat]
    needed = gateways + int(settings.bastion is not None)
    if needed == 0:
        return
    held = case.api.all("vpc", "DescribeEipAddresses")
    mine = case.api.all("vpc", "DescribeEipAddresses", Tag=case.tagged())
    _fits(
        findings,
        case.at("alicloud.nat"),
        "public addresses of the region",
        needed=needed + len(held) - len(mine),
        limit=_quotas(case, "eip")["eip_quota_instances_num"],
    )


def processors(case: Case, findings: Findings) -> None:
    """VCPUs of machines that are yet to come, of each way of paying."""
    told = _attributes(case)
    for payment, spot in (("postpaid", False), ("spot", True)):
        limit, used = (told.get(f"{n}-{payment}-instance-vcpu-count") for n in ("max", "used"))
        more = sum(
            _cores(case, want.type) - _cores(case, _standing(case, want.name))
            for want in case.new
            if want.spot == spot
        )
        if limit is None or used is None or more <= 0:
            continue
        _fits(
            findings,
            case.at("pools"),
            f"vCPUs of {'spot' if spot else 'pay-as-you-go'} instances of the region",
            needed=used + more,
            limit=limit,
        )


def rules(case: Case, findings: Findings) -> None:
    """Rules of a security group. This asks nothing."""
    for listed in (into_hosts(case.plan, case.settings), into_bastion(case.settings)):
        _fits(
            findings,
            case.at("alicloud.ssh_from"),
            "rules of a security group",
            needed=len(listed),
            limit=RULES_OF_A_GROUP,
        )


def _fits(findings: Findings, where: str, what: str, *, needed: int, limit: int) -> None:
    if needed > limit:
        findings.fault(
            where,
            f"the account's quota has no room: {what}",
            found=f"{needed} needed, with what stands already",
            wanted=f"at most {limit}",
            hint=_RAISE,
        )


def _quotas(case: Case, product: str) -> Mapping[str, int]:
    """The account's quotas by name, without the region that some names end in."""
    region = f"_{case.api.region}"
    found: dict[str, int] = dict(DEFAULTS)
    listed = case.api.all("quotas", "ListProductQuotas", ProductCode=product)
    # Of two with one name, the region's own counts.
    for quota in sorted(listed, key=lambda quota: str(quota.get("QuotaName")).endswith(region)):
        dimension = (quota.get("Dimensions") or {}).get("regionId") or case.api.region
        if dimension == case.api.region:
            for name in (quota.get("QuotaName"), quota.get("QuotaActionCode")):
                found[str(name).removesuffix(region)] = int(quota["TotalQuota"])
    return found


def _attributes(case: Case) -> Mapping[str, int]:
    listed = under(
        case.api.call("ecs", "DescribeAccountAttributes"),
        *("AccountAttributeItems", "AccountAttributeItem"),
    )
    values = {one["AttributeName"]: under(one, "AttributeValues", "ValueItem") for one in listed}
    return {
        name: int(held[0]["Value"])
        for name, held in values.items()
        if held and str(held[0].get("Value", "")).isdecimal()
    }


def _entries_of_others(case: Case) -> Mapping[str, int]:
    """How many entries a table has or gets beside those for hosts, by its zones' names."""
    existing = case.settings.existing
    if existing is None:
        return {", ".join(case.zones): int(case.settings.nat != "none")}
    ours = {str(route.destination) for route in case.plan.routes}
    return {
        zone: sum(
            entry["DestinationCidrBlock"] not in ours for entry in custom_entries(case, table)
        )
        for zone, table in distinct(existing.tables).items()
    }


def _standing(case: Case, name: str) -> str:
    return str(case.own.get(name, {}).get("InstanceType", ""))


def _cores(case: Case, kind: str) -> int:
    return int(case.types.get(kind, {}).get("CpuCoreCount", 0))
