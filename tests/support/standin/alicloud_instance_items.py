"""An instance and its primary interface as items of the account."""

from __future__ import annotations

from provider.wire import Values
from tests.support.standin.account import Item, Kinds, ecs_tags
from tests.support.standin.alicloud_items import new_id


def is_of(thing: Item, instance: Item) -> bool:
    return bool(thing["InstanceId"] == instance["InstanceId"])


def fields(kinds: Kinds, inputs: Values, address: str) -> Item:
    """What changes in place."""
    switch = kinds["vswitch"][inputs["vswitchId"]]
    spot = inputs.get("spotStrategy", "NoSpot")
    return {
        "InstanceName": inputs.get("instanceName", "ECS-Instance"),
        "InstanceType": inputs["instanceType"],
        "ImageId": inputs["imageId"],
        "ZoneId": switch["ZoneId"],
        "SpotStrategy": spot,
        "KeyPairName": inputs.get("keyName", ""),
        "SystemDiskId": new_id("d"),
        # "It does not work when the instance is spot", says the provider of the argument.
        "DeletionProtection": bool(inputs.get("deletionProtection")) and spot == "NoSpot",
        "VpcAttributes": {
            "VpcId": switch["VpcId"],
            "VSwitchId": switch["VSwitchId"],
            "PrivateIpAddress": {"IpAddress": [address]},
        },
        "SecurityGroupIds": {"SecurityGroupId": list(inputs["securityGroups"])},
        "Tags": ecs_tags(inputs.get("tags", {})),
    }


def card_of(card: str, instance: str, inputs: Values, switch: Item, address: str) -> Item:
    return {
        "NetworkInterfaceId": card,
        "InstanceId": instance,
        "Type": "Primary",
        "VpcId": switch["VpcId"],
        "VSwitchId": switch["VSwitchId"],
        "PrivateIpAddress": address,
        # Off unless asked for, unlike on AWS.
        "SourceDestCheck": bool(inputs.get("sourceDestCheck")),
        "SecurityGroupIds": {"SecurityGroupId": list(inputs["securityGroups"])},
        "Tags": ecs_tags({}),
    }


def count_addresses(kinds: Kinds) -> None:
    """What is left in each vSwitch: four are the cloud's own."""
    for switch in kinds["vswitch"].values():
        used = [c for c in kinds["network_interface"].values() if _in(c, switch)]
        prefix = int(switch["CidrBlock"].partition("/")[2])
        switch["AvailableIpAddressCount"] = 2 ** (32 - prefix) - 4 - len(used)


def _in(card: Item, switch: Item) -> bool:
    return bool(card["VSwitchId"] == switch["VSwitchId"])
