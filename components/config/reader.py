"""The parts of a configuration, read by the table of keys into their types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from ipaddress import IPv4Network

from components.config import values
from components.config.cursor import Cursor
from components.config.faults import Fault, Faults
from components.config.keys import POOL, ZONE
from components.config.model import (
    LAB_IMAGES,
    OFFERED_ZONES,
    ROLES,
    Cloud,
    LabSettings,
    Network,
    Pool,
    Zone,
)

_UNREAD = IPv4Network("0.0.0.0/32")  # stands where a range could not be read
_LONGEST_STACK = 32
_LONGEST_ZONE = 40
_LONGEST_POOL = 32
_LAST_NUMBER = 65535


def read_stack_name(stack: str, faults: Faults) -> str:
    """The stack's name, which starts the names of its machines."""
    try:
        return values.name(_LONGEST_STACK)(stack)
    except values.Wrong as wrong:
        faults.add(
            Fault(
                path="the stack's name",
                what=wrong.what,
                found=wrong.found,
                wanted=wrong.wanted,
                hint="make a stack with another name: pulumi stack init NAME",
            )
        )
        return ""


def read_network(at: Cursor, cloud: Cloud) -> Network:
    """The address ranges, over zones that `cloud` offers."""
    return Network(
        vpc=at.take("vpc", values.own, _UNREAD),
        containers=at.take("containers", values.own, _UNREAD),
        host_prefix=at.take("host_prefix", values.whole(16, 28), 24),
        zones=_read_zones(at, OFFERED_ZONES[cloud]),
        docker0=at.take("docker0", values.own, _UNREAD),
        gwbridge=at.take("gwbridge", values.own, _UNREAD),
        overlays=at.take("overlays", values.own, _UNREAD),
        peers=at.listed("peers", values.foreign),
    )


def read_pools(at: Cursor) -> tuple[Pool, ...]:
    """The pools of hosts."""
    pools = tuple(_read_pool(entry) for entry in at.entries("pools", POOL))
    _refuse_twins(at, "pools", "is the name of two pools", [pool.name for pool in pools])
    return pools


def read_lab(at: Cursor) -> LabSettings:
    """What only the lab understands."""
    return LabSettings(
        image=at.take("image", values.one_of(LAB_IMAGES, "images"), ""),
        route_quota=at.take("route_quota", values.whole(1, 1000), 1),
        uplink=at.take("uplink", values.link, _UNREAD),
    )


def _read_zones(at: Cursor, offered: tuple[str, ...]) -> tuple[Zone, ...]:
    before = len(at.faults)
    zones = tuple(_read_zone(entry, offered) for entry in at.entries("zones", ZONE))
    if not zones and len(at.faults) == before:
        wanted = "one zone at least, three to survive the loss of one"
        at.fault("zones", "names no zone", found="a list of 0", wanted=wanted, hint="add a zone")
    _refuse_twins(at, "zones", "is the name of two zones", [zone.name for zone in zones])
    cloud_zones = {zone.name: zone.zone for zone in zones}
    what = "is the cloud's zone behind two zones, which would fail together"
    _refuse_twins(at, "zones", what, cloud_zones.values())
    return zones


def _read_zone(at: Cursor, offered: tuple[str, ...]) -> Zone:
    name = at.take("name", values.name(_LONGEST_ZONE, last="a letter"), "")
    return Zone(
        name=name,
        zone=_read_cloud_zone(at, name, offered),
        subnet=at.take("subnet", values.own, _UNREAD),
        containers=at.take("containers", values.own, _UNREAD),
    )


def _read_cloud_zone(at: Cursor, name: str, offered: tuple[str, ...]) -> str:
    key = "zone" if at.given("zone") else "name"
    if key == "name" and not name:
        return ""
    return at.take(key, values.one_of(offered, "zones that the cloud offers"), "")


def _read_pool(at: Cursor) -> Pool:
    number = values.whole(1, _LAST_NUMBER)
    return Pool(
        name=at.take("name", values.name(_LONGEST_POOL), ""),
        role=at.take("role", values.one_of(ROLES, "roles"), "worker"),
        first=at.take("first", number, 1),
        size=at.take("size", number, 1),
        hosts=at.pairs("hosts", values.text, values.whole(0, _LAST_NUMBER)),
        image=_read_image(at) if at.given("image") else "",
        labels=at.pairs("labels", values.label_key, values.label_value),
    )


def _read_image(at: Cursor) -> str:
    return at.take("image", values.one_of(LAB_IMAGES, "images"), "")


def _refuse_twins(at: Cursor, key: str, what: str, names: Iterable[str]) -> None:
    for name, count in Counter(names).items():
        if name and count > 1:
            at.fault(
                f"{key}.{name}",
                what,
                found=f"{count} times",
                wanted="once",
                hint="rename one or take it away",
            )
