"""Lists of Alibaba Cloud's API: what each shows of an account, filtered and in pages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.support.standin.account import Item, Kinds, tags_of

Params = Mapping[str, str]
Answer = dict[str, Any]


class ApiRefusal(Exception):  # noqa: N818 - what the API answers
    """An error body of the API, and the HTTP status it comes with."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        self.code, self.message, self.status = code, message, status
        super().__init__(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A list action: items of a kind, under nested names, in pages of one of the two ways.

    `by` are the parameters that filter, each with the nested names of the field it must equal.
    """

    kind: str
    path: tuple[str, ...]
    most: int
    size: str = "PageSize"
    needs: tuple[str, ...] = ("RegionId",)
    by: Mapping[str, tuple[str, ...]]


def same(*names: str) -> dict[str, tuple[str, ...]]:
    return {name: (name,) for name in names}


LISTS: Final = {
    "DescribeImages": Shown(
        kind="image",
        path=("Images", "Image"),
        most=100,
        by=same("ImageId", "ImageOwnerAlias", "OSType", "Architecture"),
    ),
    "DescribeInstanceTypes": Shown(
        kind="instance_type",
        path=("InstanceTypes", "InstanceType"),
        most=1600,
        size="MaxResults",
        needs=(),
        by={},
    ),
    "DescribeInstances": Shown(
        kind="instance",
        path=("Instances", "Instance"),
        most=100,
        size="MaxResults",
        by={**same("Status", "ZoneId"), "VpcId": ("VpcAttributes", "VpcId")},
    ),
    "DescribeNetworkInterfaces": Shown(
        kind="network_interface",
        path=("NetworkInterfaceSets", "NetworkInterfaceSet"),
        most=500,
        size="MaxResults",
        by=same("InstanceId", "VpcId", "VSwitchId", "Type"),
    ),
    "DescribeSecurityGroups": Shown(
        kind="security_group",
        path=("SecurityGroups", "SecurityGroup"),
        most=100,
        size="MaxResults",
        by=same("VpcId"),
    ),
    "DescribeEipAddresses": Shown(
        kind="eip", path=("EipAddresses", "EipAddress"), most=100, by=same("AllocationId")
    ),
    "DescribeRouteEntryList": Shown(
        kind="route_entry",
        path=("RouteEntrys", "RouteEntry"),
        most=100,
        size="MaxResult",
        needs=("RegionId", "RouteTableId"),
        by={**same("RouteTableId", "DestinationCidrBlock"), "RouteEntryType": ("Type",)},
    ),
    "DescribeRouteTableList": Shown(
        kind="route_table",
        path=("RouterTableList", "RouterTableListType"),
        most=50,
        by=same("VpcId", "RouteTableId", "RouteTableType"),
    ),
    "DescribeVSwitches": Shown(
        kind="vswitch",
        path=("VSwitches", "VSwitch"),
        most=50,
        by=same("VpcId", "VSwitchId", "ZoneId"),
    ),
    "DescribeVpcs": Shown(kind="vpc", path=("Vpcs", "Vpc"), most=50, by=same("VpcId")),
    "ListProductQuotas": Shown(
        kind="quota",
        path=("Quotas",),
        most=100,
        size="MaxResults",
        needs=("ProductCode",),
        by=same("ProductCode", "QuotaActionCode"),
    ),
    "ListVpcPeerConnections": Shown(
        kind="peering",
        path=("VpcPeerConnects",),
        most=100,
        size="MaxResults",
        by=same("RegionId"),
    ),
}


def need(params: Params, *names: str) -> None:
    for name in names:
        if not params.get(name):
            told = f'The input parameter "{name}" that is mandatory is not supplied.'
            raise ApiRefusal("MissingParameter", told)


def listed(shown: Shown, kinds: Kinds, params: Params) -> Answer:
    need(params, *shown.needs)
    items = [item for item in kinds[shown.kind].values() if _fits(item, shown, params)]
    return page_of(items, shown, params)


def page_of(items: list[Item], shown: Shown, params: Params) -> Answer:
    size = min(int(params.get(shown.size, 10)), shown.most)
    if shown.size == "PageSize":
        number = int(params.get("PageNumber", 1))
        start = (number - 1) * size
        rest: Answer = {"PageNumber": number, "PageSize": size, "TotalCount": len(items)}
    else:
        start = int(params.get("NextToken") or 0)
        rest = {"NextToken": str(start + size) if start + size < len(items) else ""}
    held: Any = items[start : start + size]
    for name in reversed(shown.path):
        held = {name: held}
    return {**rest, **held}


def _fits(item: Item, shown: Shown, params: Params) -> bool:
    wanted = _tags(params)
    if any(tags_of(item).get(key) != value for key, value in wanted.items()):
        return False
    if "InstanceTypes.1" in params and shown.kind == "instance_type":
        return item["InstanceTypeId"] in _numbered(params, "InstanceTypes")
    for several, one in (("InstanceIds", "InstanceId"), ("SecurityGroupIds", "SecurityGroupId")):
        if several in params and item[one] not in json.loads(params[several]):
            return False
    if shown.kind == "image" and params.get("Status", "Available") not in {item["Status"], "ALL"}:
        return False
    return all(
        _field(item, path) == params[name] for name, path in shown.by.items() if name in params
    )


def _tags(params: Params) -> dict[str, str]:
    keys = _numbered(params, "Tag", ".Key")
    return dict(zip(keys, _numbered(params, "Tag", ".Value"), strict=True))


def _numbered(params: Params, name: str, end: str = "") -> list[str]:
    return [
        params[f"{name}.{number}{end}"]
        for number in range(1, 21)
        if f"{name}.{number}{end}" in params
    ]


def _field(item: Item, path: Iterable[str]) -> object:
    held: Any = item
    for name in path:
        held = (held or {}).get(name)
    return held
