"""Prefixes of network interfaces, which moto does not know: EC2's rules for them, and delivery.

Who gives an interface a prefix asks EC2 itself and not pulumi-aws, so it is the account that
builds them in the lab. Codes are those of EC2's documentation where it has one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv4Network
from typing import Any, Final

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.responses import EC2Response

from lab.model import Prefixes
from tests.support.standin.place import Place

LENGTH: Final = 28
_RESERVED: Final = (0, 1, 2, 3, -1)  # of a subnet's addresses
Change = tuple[type, str, Callable[..., Any]]


def changes(place: Place) -> list[Change]:
    """What to put into moto's classes: class, name, function."""
    others = {
        name: getattr(EC2Response, name)
        for name in ("assign_private_ip_addresses", "unassign_private_ip_addresses")
    }
    deleted = NetworkInterface.delete

    def assign(response: Any) -> Any:
        asked = response._get_param("Ipv4Prefixes", [])
        if not asked:
            return others["assign_private_ip_addresses"](response)
        interface = _interface(response)
        fresh = sorted({IPv4Network(text) for text in asked} - prefixes_of(interface))
        _check(interface, fresh)
        _keep(place, interface, prefixes_of(interface) | set(fresh))
        given = [{"Ipv4Prefix": str(prefix)} for prefix in fresh]
        return ActionResult({"NetworkInterfaceId": interface.id, "AssignedIpv4Prefixes": given})

    def unassign(response: Any) -> Any:
        asked = response._get_param("Ipv4Prefixes", [])
        if not asked:
            return others["unassign_private_ip_addresses"](response)
        interface = _interface(response)
        unwanted = set(map(IPv4Network, asked))
        if unwanted - prefixes_of(interface):
            raise EC2ClientError("InvalidParameterValue", "Some prefixes are not assigned")
        _keep(place, interface, prefixes_of(interface) - unwanted)
        return EmptyResult()

    def delete(interface: NetworkInterface) -> None:
        """What was delivered to it is free with it."""
        if prefixes_of(interface):
            _keep(place, interface, set())
        deleted(interface)

    return [
        (EC2Response, "assign_private_ip_addresses", assign),
        (EC2Response, "unassign_private_ip_addresses", unassign),
        (NetworkInterface, "delete", delete),
    ]


def prefixes_of(interface: Any) -> set[IPv4Network]:
    return {IPv4Network(each["Ipv4Prefix"]) for each in getattr(interface, "ipv4_prefixes", ())}


def _interface(response: Any) -> Any:
    name = response._get_param("NetworkInterfaceId")
    return response.ec2_backend.get_network_interface(name)


def _keep(place: Place, interface: Any, wanted: Iterable[IPv4Network]) -> None:
    listed = tuple(sorted(wanted))
    interface.ipv4_prefixes = [{"Ipv4Prefix": str(prefix)} for prefix in listed]
    address = str(interface.private_ip_address)
    if listed:
        place.deliver(address, listed)
    else:
        place.drop(Prefixes, address)


def _check(interface: Any, fresh: list[IPv4Network]) -> None:
    """Refuse as EC2 does; what moto shows of an interface is what EC2 judges by."""
    subnet = IPv4Network(interface.subnet.cidr_block)
    own = {subnet[place] for place in _RESERVED}
    for prefix in fresh:
        if prefix.prefixlen != LENGTH or not prefix.subnet_of(subnet):
            message = f"{prefix} is no /{LENGTH} of the subnet's CIDR block {subnet}"
            raise EC2ClientError("InvalidParameterValue", message)
        if any(address in prefix for address in own):
            message = f"Prefix {prefix} is in subnet's reserved address range"
            raise EC2ClientError("InvalidParameterValue", message)
        if any(prefix.overlaps(taken) for taken in _taken(interface)):
            message = f"Prefix {prefix} holds an address that is in use"
            raise EC2ClientError("InvalidIPAddress.InUse", message)
    if interface.instance is not None:
        _check_type(interface, len(fresh))


def _taken(interface: Any) -> Iterator[IPv4Network]:
    for each in interface.ec2_backend.enis.values():
        if each.subnet.id == interface.subnet.id:
            yield from (IPv4Network(a["PrivateIpAddress"]) for a in each.private_ip_addresses)
            yield from prefixes_of(each)


def _check_type(interface: Any, more: int) -> None:
    name = interface.instance.instance_type
    (kind,) = interface.ec2_backend.describe_instance_types([name])
    if not kind.get("BareMetal") and kind.get("Hypervisor") != "nitro":
        message = f"Prefixes are not supported for instance type {name}"
        raise EC2ClientError("UnsupportedOperation", message)
    places = int(kind["NetworkInfo"]["Ipv4AddressesPerInterface"])
    if len(interface.private_ip_addresses) + len(prefixes_of(interface)) + more > places:
        message = f"Number of private addresses will exceed limit {places} of {name}"
        raise EC2ClientError("PrivateIpAddressLimitExceeded", message)
