"""A host's containers as prefixes of its network interface, which EC2 delivers without any entry.

By requests of our own: pulumi-aws gives prefixes to an interface that it makes, and EC2 refuses
those beside a private address of one's choice (CreateNetworkInterface, "Ipv4Prefix.N").
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from ipaddress import IPv4Network
from typing import Final

from components.clouds.aws.api import Api, Row
from components.clouds.aws.border import ApiError

_GONE: Final = "InvalidNetworkInterfaceID.NotFound"


def of(row: Row) -> frozenset[IPv4Network]:
    """The prefixes of an interface, as any of EC2's answers shows it."""
    return frozenset(IPv4Network(each["Ipv4Prefix"]) for each in row.get("Ipv4Prefixes") or ())


def held(api: Api, interface: str) -> frozenset[IPv4Network] | None:
    """The prefixes that an interface has now; None when it is gone."""
    try:
        answer = api.ask("ec2:DescribeNetworkInterfaces", NetworkInterfaceIds=[interface])
    except ApiError as error:
        if error.code == _GONE:
            return None
        raise
    return of(answer["NetworkInterfaces"][0])


def give(api: Api, interface: str, wanted: Collection[IPv4Network]) -> None:
    """Let an interface have these and no others; what is so already is not asked for."""
    there = held(api, interface) or frozenset()
    _change(api, "ec2:UnassignPrivateIpAddresses", interface, there - set(wanted))
    _change(api, "ec2:AssignPrivateIpAddresses", interface, set(wanted) - there)


def take(api: Api, interface: str, unwanted: Iterable[IPv4Network]) -> None:
    """Take these from an interface, as far as it is there and has them."""
    there = held(api, interface) or frozenset()
    _change(api, "ec2:UnassignPrivateIpAddresses", interface, there & set(unwanted))


def _change(api: Api, action: str, interface: str, some: Collection[IPv4Network]) -> None:
    if some:
        listed = [str(prefix) for prefix in sorted(some)]
        api.change(action, NetworkInterfaceId=interface, Ipv4Prefixes=listed)
