"""The parts of a configuration, read by the table of keys into their types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from ipaddress import IPv4Network
from typing import TypeVar

from components.config import values
from components.config.cursor import Cursor
from components.config.faults import Fault, Faults
from components.config.forms import image_of, type_of
from components.config.keys import POOL, ZONE
from components.config.model import (
    LAB_ZONES,
    ROLES,
    ROUTINGS,
    Cloud,
    Keys,
    Network,
    Pool,
    Routing,
    Zone,
)
from components.config.ssh_keys import KEYS

T = TypeVar("T")

UNREAD = IPv4Network("0.0.0.0/32")  # stands where a range could not be read
_LONGEST_STACK = 32
_LONGEST_ZONE = 40
_LONGEST_POOL = 32
_LAST_NUMBER = 65535
_LAST_GENERATION = 10000


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
    routing = _read_routing(at, cloud)
    return Network(
        vpc=at.take("vpc", values.own, UNREAD),
        containers=_read_containers(at, routing),
        host_prefix=at.take("host_prefix", values.whole(16 if routing == "tables" else 24, 28), 24),
        zones=_read_zones(at, cloud),
        docker0=at.take("docker0", values.own, UNREAD),
        gwbridge=at.take("gwbridge", values.own, UNREAD),
        overlays=at.take("overlays", values.own, UNREAD),
        peers=at.listed("peers", values.foreign),
        routing=routing,
    )


def read_keys(top: Cursor) -> Keys:
    """Which generations of the SSH keys are in use and accepted."""
    at, number = top.sub("keys", KEYS), values.whole(1, _LAST_GENERATION)
    keys = Keys(generation=at.take("generation", number, 1), accept=at.listed("accept", number))
    numbers = map(str, (keys.generation, *keys.accept))
    _refuse_twins(at, "accept", "is named twice among the generation and those accepted", numbers)
    return keys


def read_pools(at: Cursor, cloud: Cloud) -> tuple[Pool, ...]:
    """The pools of hosts, on machines that `cloud` has."""
    pools = tuple(_read_pool(entry, cloud) for entry in at.entries("pools", POOL))
    _refuse_twins(at, "pools", "is the name of two pools", [pool.name for pool in pools])
    return pools


def _read_routing(at: Cursor, cloud: Cloud) -> Routing:
    routing: Routing = at.take("routing", values.one_of(ROUTINGS, "ways of routing"), "tables")
    if routing == "prefixes" and cloud == "alicloud":
        at.fault(
            "routing",
            "is not built for Alibaba Cloud, whose interfaces take 10 prefixes at most",
            found=routing,
            wanted="tables",
            hint="take it away; docs/limits.md says how far tables carry",
        )
    return routing


def _read_containers(at: Cursor, routing: Routing) -> IPv4Network | None:
    """The one range that holds all zones' containers, where they do not lie in the subnets."""
    if routing == "tables":
        return at.take("containers", values.own, UNREAD)
    if at.given("containers"):
        at.fault(
            "containers",
            "means nothing with prefixes, which are parts of the zones' subnets",
            found="the key containers",
            wanted="a key `containers` in each zone, inside the zone's subnet, and no other",
            hint="take it away, or take routing: prefixes away",
        )
    return None


def _read_zones(at: Cursor, cloud: Cloud) -> tuple[Zone, ...]:
    before = len(at.faults)
    zones = tuple(_read_zone(entry, cloud) for entry in at.entries("zones", ZONE))
    if not zones and len(at.faults) == before:
        wanted = "one zone at least, three to survive the loss of one"
        at.fault("zones", "names no zone", found="a list of 0", wanted=wanted, hint="add a zone")
    _refuse_twins(at, "zones", "is the name of two zones", [zone.name for zone in zones])
    cloud_zones = {zone.name: zone.zone for zone in zones}
    what = "is the cloud's zone behind two zones, which would fail together"
    _refuse_twins(at, "zones", what, cloud_zones.values())
    return zones


def _read_zone(at: Cursor, cloud: Cloud) -> Zone:
    name = at.take("name", values.name(_LONGEST_ZONE, last="a letter"), "")
    return Zone(
        name=name,
        zone=_read_cloud_zone(at, name, cloud),
        subnet=at.take("subnet", values.own, UNREAD),
        containers=at.take("containers", values.own, UNREAD),
        public=_only_on_clouds(at, "public", cloud, values.own, None),
    )


def _read_cloud_zone(at: Cursor, name: str, cloud: Cloud) -> str:
    key = "zone" if at.given("zone") else "name"
    if key == "name" and not name:
        return ""
    if cloud == "lab":
        return at.take(key, values.one_of(LAB_ZONES, "zones that the cloud offers"), "")
    wanted = {"aws": "a zone such as eu-central-1a", "alicloud": "a zone such as eu-central-1-a"}
    form = r"[a-z]{2}(-[a-z0-9]+)*-?\d?-?[a-z]"
    hint = "name the cloud's zone with the key `zone`"
    return at.take(key, values.fitting(form, wanted[cloud], hint), "")


def _read_pool(at: Cursor, cloud: Cloud) -> Pool:
    number = values.whole(1, _LAST_NUMBER)
    return Pool(
        name=at.take("name", values.name(_LONGEST_POOL), ""),
        role=at.take("role", values.one_of(ROLES, "roles"), "worker"),
        first=at.take("first", number, 1),
        size=at.take("size", number, 1),
        hosts=at.pairs("hosts", values.text, values.whole(0, _LAST_NUMBER)),
        image=at.take("image", image_of(cloud), "") if at.given("image") else "",
        type=_only_on_clouds(at, "type", cloud, type_of(cloud), ""),
        disk=_only_on_clouds(at, "disk", cloud, values.whole(20, 16384), 0),
        spot=_only_on_clouds(at, "spot", cloud, values.flag, False),  # noqa: FBT003 - the blank
        labels=at.pairs("labels", values.label_key, values.label_value),
    )


def _only_on_clouds(at: Cursor, key: str, cloud: Cloud, read: Callable[[object], T], blank: T) -> T:
    """The value of a key that the lab has no use for; `blank` where it is not given."""
    if not at.given(key):
        return blank
    if cloud == "lab":
        at.fault(
            key,
            "means nothing on the lab",
            found=f"the key {key}",
            wanted="a key that the lab understands",
            hint="take it away, or choose a cloud that has it",
        )
    return at.take(key, read, blank)


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
