"""What Alibaba Cloud's API answers about an account: documented shapes and refusals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from tests.support.standin.account import Item, Kinds
from tests.support.standin.alicloud_lists import (
    LISTS,
    Answer,
    ApiRefusal,
    Params,
    Shown,
    listed,
    need,
    page_of,
)

WRITES: Final = {"ModifyInstanceAttribute"}  # change the account


def answer(action: str, kinds: Kinds, params: Params) -> Answer:
    """The body of an action's answer; raises ApiRefusal."""
    if action in LISTS:
        return listed(LISTS[action], kinds, params)
    if action not in _SINGLE:
        raise ApiRefusal("InvalidAction.NotFound", "Specified api is not found", 404)
    return _SINGLE[action](kinds, params)


def _regions(kinds: Kinds, params: Params) -> Answer:
    return {"Regions": {"Region": list(kinds["region"].values())}}


def _zones(kinds: Kinds, params: Params) -> Answer:
    need(params, "RegionId")
    mine = [z for z in kinds["zone"].values() if z["RegionId"] == params["RegionId"]]
    return {"Zones": {"Zone": mine}}


def _caller(kinds: Kinds, params: Params) -> Answer:
    return {
        "AccountId": "1234567890123456",
        "Arn": "acs:ram::1234567890123456:user/fairway",
        "IdentityType": "RAMUser",
        "PrincipalId": "216959339000000000",
        "UserId": "216959339000000000",
    }


def _attributes(kinds: Kinds, params: Params) -> Answer:
    need(params, "RegionId")
    return {
        "AccountAttributeItems": {
            "AccountAttributeItem": [
                {
                    "AttributeName": held["AttributeName"],
                    "AttributeValues": {"ValueItem": [{"Value": _value(kinds, held)}]},
                }
                for held in kinds["attribute"].values()
            ]
        }
    }


def _value(kinds: Kinds, held: Item) -> str:
    """A limit as it is; what is used, with the instances that stand."""
    name, used = held["AttributeName"], int(held["Value"])
    if name.startswith("used-"):
        spot = "spot" in name
        used += sum(
            kinds["instance_type"][i["InstanceType"]]["CpuCoreCount"]
            for i in kinds["instance"].values()
            if (i.get("SpotStrategy", "NoSpot") != "NoSpot") == spot
        )
    return str(used)


def _available(kinds: Kinds, params: Params) -> Answer:
    need(params, "RegionId", "DestinationResource", "InstanceType")
    wanted = params["InstanceType"]
    zones = [
        _offer(zone, params)
        for zone in kinds["zone"].values()
        if wanted in zone["AvailableInstanceTypes"]["InstanceTypes"]
        and params.get("ZoneId", zone["ZoneId"]) == zone["ZoneId"]
    ]
    return {"AvailableZones": {"AvailableZone": zones}} if zones else {}


def _offer(zone: Item, params: Params) -> Item:
    wanted, resource = params["InstanceType"], params["DestinationResource"]
    spot = params.get("SpotStrategy", "NoSpot") != "NoSpot"
    gone = wanted in zone["SoldOut"] or (spot and wanted in zone["NoSpot"])
    stock = {
        "Status": "SoldOut" if gone else "Available",
        "StatusCategory": "WithoutStock" if gone else "WithStock",
    }
    disks = zone["AvailableDiskCategories"]["DiskCategories"]
    supported = (
        [{"Value": disk, "Min": 20, "Max": 2048, "Unit": "GiB", **stock} for disk in disks]
        if resource == "SystemDisk"
        else [{"Value": wanted, **stock}]
    )
    held = {"Type": resource, "SupportedResources": {"SupportedResource": supported}}
    return {
        "RegionId": zone["RegionId"],
        "ZoneId": zone["ZoneId"],
        **stock,
        "AvailableResources": {"AvailableResource": [held]},
    }


def _group(kinds: Kinds, params: Params) -> Answer:
    need(params, "RegionId", "SecurityGroupId")
    group = kinds["security_group"].get(params["SecurityGroupId"])
    if group is None:
        raise ApiRefusal(
            "InvalidSecurityGroupId.NotFound", "The specified SecurityGroupId does not exist.", 404
        )
    way = params.get("Direction", "all")
    rules = [r for r in group["Permissions"]["Permission"] if way in {"all", r["Direction"]}]
    shown = Shown(kind="", path=("Permissions", "Permission"), most=1000, size="MaxResults", by={})
    about = ("SecurityGroupId", "SecurityGroupName", "VpcId", "InnerAccessPolicy")
    return {**{name: group[name] for name in about}, **page_of(rules, shown, params)}


def _dry_run(kinds: Kinds, params: Params) -> Answer:
    if params.get("DryRun") != "true":
        raise ApiRefusal("Standin.NotADryRun", "this would have built something", 500)
    told = "Request validation has been passed with DryRun flag set."
    raise ApiRefusal("DryRunOperation", told)


def _modify_instance(kinds: Kinds, params: Params) -> Answer:
    need(params, "InstanceId")
    instance = kinds["instance"].get(params["InstanceId"])
    if instance is None:
        told = "The specified InstanceId does not exist."
        raise ApiRefusal("InvalidInstanceId.NotFound", told, 404)
    if "DeletionProtection" in params:
        instance["DeletionProtection"] = params["DeletionProtection"] == "true"
    return {}


_SINGLE: Final[Mapping[str, Callable[[Kinds, Params], Answer]]] = {
    "CreateVpc": _dry_run,
    "DescribeAccountAttributes": _attributes,
    "DescribeAvailableResource": _available,
    "DescribeRegions": _regions,
    "DescribeSecurityGroupAttribute": _group,
    "DescribeZones": _zones,
    "GetCallerIdentity": _caller,
    "ModifyInstanceAttribute": _modify_instance,
    "RunInstances": _dry_run,
}
