"""What RunInstances refuses: images, types, zones, addresses, groups and key pairs."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Final

from provider.wire import Values
from tests.support.standin.account import Item, Kinds
from tests.support.standin.alicloud_items import needs
from tests.support.standin.kind import Refused

_PROCESSORS: Final = {"X86": "x86_64", "ARM": "arm64"}


def check_instance(kinds: Kinds, inputs: Values) -> None:
    """Refuse a new instance that the cloud would not start."""
    check_place(kinds, inputs, but="")
    if inputs.get("privateIp"):
        return
    free_address(kinds, kinds["vswitch"][inputs["vswitchId"]])


def check_place(kinds: Kinds, inputs: Values, *, but: str) -> None:
    """Refuse what cannot be where it is asked for; `but` is the instance that changes itself."""
    switch = needs(kinds, "vswitch", inputs["vswitchId"], "InvalidVSwitchId.NotFound")
    kind = needs(
        kinds, "instance_type", inputs["instanceType"], "InvalidInstanceType.ValueNotSupported"
    )
    image = needs(kinds, "image", inputs["imageId"], "InvalidImageId.NotFound")
    _check_offer(kinds["zone"][switch["ZoneId"]], kind, inputs)
    if image["Architecture"] != _PROCESSORS[kind["CpuArchitecture"]]:
        raise Refused(
            "ImageNotSupportInstanceType",
            "The specified image does not support the specified instance type.",
        )
    if inputs.get("enableJumboFrame") and not kind["JumboFrameSupport"]:
        raise Refused("InvalidParameter.JumboFrame", "The type has no jumbo frames.")
    if inputs.get("keyName"):
        needs(kinds, "key_pair", inputs["keyName"], "InvalidKeyPairName.NotFound")
    for group in inputs["securityGroups"]:
        held = needs(kinds, "security_group", group, "InvalidSecurityGroupId.NotFound")
        if held["VpcId"] != switch["VpcId"]:
            raise Refused("InvalidSecurityGroupId.VPCMismatch", f"{group} is in another VPC.")
    if inputs.get("privateIp"):
        _check_address(kinds, switch, inputs["privateIp"], but)


def free_address(kinds: Kinds, switch: Item) -> str:
    """An address that the cloud chooses: not the first, where the lab has its gateway."""
    used = _used(kinds, switch["VpcId"], "")
    for address in _usable(switch)[1:]:
        if str(address) not in used:
            return str(address)
    raise Refused("QuotaExceeded.PrivateIpAddress", "Don't have enough private IPs in this switch")


def _check_offer(zone: Item, kind: Item, inputs: Values) -> None:
    name = kind["InstanceTypeId"]
    offered = zone["AvailableInstanceTypes"]["InstanceTypes"]
    spot = inputs.get("spotStrategy", "NoSpot") != "NoSpot"
    if name not in offered:
        raise Refused("InvalidResourceType.NotSupported", f"{name} not in {zone['ZoneId']}.")
    if name in zone["SoldOut"] or (spot and name in zone["NoSpot"]):
        raise Refused("OperationDenied.NoStock", f"{name} is out of stock in {zone['ZoneId']}.")
    disk = inputs.get("systemDiskCategory", "cloud_efficiency")
    if disk not in zone["AvailableDiskCategories"]["DiskCategories"]:
        raise Refused("InvalidSystemDiskCategory.ValueNotSupported", f"no {disk} there.")


def _check_address(kinds: Kinds, switch: Item, address: str, but: str) -> None:
    if IPv4Address(address) not in IPv4Network(switch["CidrBlock"]):
        raise Refused(
            "InvalidPrivateIpAddress",
            "Specified private IP address is not in the CIDR block of virtual switch.",
        )
    if IPv4Address(address) not in _usable(switch):
        raise Refused("InvalidPrivateIpAddress", f"{address} is one of the cloud's own.")
    if address in _used(kinds, switch["VpcId"], but):
        raise Refused(
            "InvalidPrivateIpAddress.Duplicated", "Specified private IP address is duplicated."
        )


def _usable(switch: Item) -> list[IPv4Address]:
    """All but the first and the last three."""
    cidr = IPv4Network(switch["CidrBlock"])
    return [cidr[index] for index in range(1, cidr.num_addresses - 3)]


def _used(kinds: Kinds, vpc: str, but: str) -> set[str]:
    cards = kinds["network_interface"].values()
    return {c["PrivateIpAddress"] for c in cards if c["VpcId"] == vpc and c["InstanceId"] != but}
