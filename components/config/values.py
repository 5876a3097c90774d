"""Single values: each reader takes what YAML gave and returns it typed, or raises Wrong."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network
from typing import TypeVar

from components.config.faults import nearest

Choice = TypeVar("Choice", bound=str)

CLOUD_SERVICES = IPv4Network("100.64.0.0/10")
_NOT_FOR_HOSTS = {
    IPv4Network("0.0.0.0/8"): "this network",
    IPv4Network("127.0.0.0/8"): "the loopback",
    IPv4Network("169.254.0.0/16"): "link-local and metadata addresses",
    IPv4Network("224.0.0.0/3"): "multicast and reserved addresses",
}
_OWNED_LABELS = ("zone", "pool")
# Docker keeps these name spaces for itself.
_DOCKER_LABELS = ("com.docker.", "io.docker.", "org.dockerproject.")
_NAME = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
_LABEL_KEY = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
# A placement constraint cannot name a value with other characters.
_LABEL_VALUE = re.compile(r"[A-Za-z0-9:_./-]{1,255}")


class Wrong(Exception):  # noqa: N818 - it is caught one frame up and becomes a Fault
    """A value is not what its key takes."""

    def __init__(self, what: str, *, found: str, wanted: str, hint: str) -> None:
        super().__init__(what)
        self.what, self.found, self.wanted, self.hint = what, found, wanted, hint


def described(value: object) -> str:
    """What YAML gave, in a reader's words; texts are cut at 40 characters."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value[:40]}…"' if len(value) > 40 else f'"{value}"'
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    return str(value)


def of_type(value: object, wanted: str, hint: str) -> Wrong:
    """The error for a value of another type than `wanted`."""
    return Wrong("has the wrong type", found=described(value), wanted=wanted, hint=hint)


def text(value: object) -> str:
    if not isinstance(value, str):
        raise of_type(value, "text", "put the value in quotes")
    if not value:
        raise Wrong("is empty", found='""', wanted="text", hint="write a value or drop the key")
    return value


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise of_type(value, "true or false", "write true or false, without quotes")
    return value


def whole(low: int, high: int) -> Callable[[object], int]:
    """A reader of whole numbers from `low` to `high`, both included."""

    def read(value: object) -> int:
        wanted = f"a whole number from {low} to {high}"
        if isinstance(value, bool) or not isinstance(value, int):
            raise of_type(value, wanted, "write the number in digits, without quotes")
        if not low <= value <= high:
            raise Wrong("is out of range", found=str(value), wanted=wanted, hint="change it")
        return value

    return read


def fitting(pattern: str, wanted: str, hint: str) -> Callable[[object], str]:
    """A reader of texts that match a whole regular expression, which `wanted` says in words."""

    def read(value: object) -> str:
        given = text(value)
        if not re.fullmatch(pattern, given):
            raise Wrong("has the wrong form", found=described(given), wanted=wanted, hint=hint)
        return given

    return read


def one_of(choices: tuple[Choice, ...], what: str) -> Callable[[object], Choice]:
    """A reader of one of `choices`; `what` names them in the plural."""

    def read(value: object) -> Choice:
        given = text(value)
        for choice in choices:
            if choice == given:
                return choice
        raise Wrong(
            "is not known",
            found=f'"{given}"',
            wanted=f"one of {', '.join(choices)}",
            hint=nearest(given, choices, what),
        )

    return read


def name(longest: int, *, last: str = "a letter or digit") -> Callable[[object], str]:
    """A reader of names that may become part of a host's name.

    `last` tells what the name must end in: "a letter" keeps a number that follows apart.
    """

    def read(value: object) -> str:
        given = text(value)
        if not _NAME.fullmatch(given) or (last == "a letter" and given[-1].isdigit()):
            raise Wrong(
                "is no part of a host name",
                found=described(given),
                wanted=f"lower-case letters, digits and hyphens, a letter first, {last} last",
                hint="choose another name",
            )
        if len(given) > longest:
            raise Wrong(
                "is too long for a host name",
                found=f"{len(given)} characters",
                wanted=f"at most {longest}",
                hint="choose a shorter name",
            )
        return given

    return read


def foreign(value: object) -> IPv4Network:
    """A network of somebody else: any CIDR that is written as a network's address."""
    given = text(value)
    wanted = "an IPv4 network such as 10.77.0.0/16"
    if "/" not in given:
        raise Wrong("is not a CIDR", found=described(given), wanted=wanted, hint="add /length")
    try:
        interface = ipaddress.IPv4Interface(given)
    except ValueError:
        raise Wrong(
            "is not a CIDR", found=described(given), wanted=wanted, hint="correct the address"
        ) from None
    if interface.ip != interface.network.network_address:
        raise Wrong(
            "has host bits set",
            found=given,
            wanted=str(interface.network),
            hint=f"write {interface.network}, or the length that you meant",
        )
    return interface.network


def own(value: object) -> IPv4Network:
    """A range that this environment gives to hosts or containers."""
    network = foreign(value)
    taken = {**_NOT_FOR_HOSTS, CLOUD_SERVICES: "the clouds' own services"}
    for special, owner in taken.items():
        if network.overlaps(special):
            raise Wrong(
                f"touches {special}, which is kept for {owner}",
                found=str(network),
                wanted="a private range",
                hint="take one from 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16",
            )
    return network


def source(value: object) -> IPv4Network:
    """Where operators may come from; the whole internet is not taken."""
    network = foreign(value)
    if network.prefixlen == 0:
        raise Wrong(
            "lets the whole internet knock",
            found=str(network),
            wanted="the ranges that operators come from",
            hint="name your office's or VPN's range, or use a bastion in it",
        )
    return network


def link(value: object) -> IPv4Network:
    """A link between two ends: a /30."""
    network = own(value)
    if network.prefixlen != 30:
        raise Wrong(
            "is no link between two ends",
            found=str(network),
            wanted="a /30",
            hint=f"write {network.network_address}/30",
        )
    return network


def label_key(value: object) -> str:
    given = text(value)
    if given in _OWNED_LABELS:
        raise Wrong(
            "is set by Fairway itself",
            found=described(given),
            wanted="another label",
            hint="leave it out: every host carries its zone and its pool",
        )
    if not _LABEL_KEY.fullmatch(given) or given.startswith(_DOCKER_LABELS) or len(given) > 63:
        raise Wrong(
            "is no label that a Swarm node can carry",
            found=described(given),
            wanted="letters, digits, and . _ - between them, outside Docker's own name spaces",
            hint="choose another label",
        )
    return given


def label_value(value: object) -> str:
    given = text(value)
    if not _LABEL_VALUE.fullmatch(given):
        raise Wrong(
            "cannot be asked for by a placement constraint",
            found=described(given),
            wanted="letters, digits and : _ . / - only, at most 255",
            hint="choose another value",
        )
    return given
