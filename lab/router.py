"""The router: a namespace whose routes, rules and gateways are made equal to the records."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network
from socket import AF_INET
from typing import Any

from pyroute2.netlink.exceptions import NetlinkError

from lab import names, namespaces, tables
from lab.netlink import LOOPBACK, netlink, was_absent
from lab.reading import Seen
from lab.state import State
from lab.tables import Choice, Line

_ONLINK = 4  # the router has no subnet on a machine's link
_DEAD = 1 | 16  # RTNH_F_DEAD, RTNH_F_LINKDOWN
_KERNEL_PROTOCOL = 2
_KERNEL_TABLES = {0, 255}  # local

# A namespace copies some of the computer's settings, so all that matter are set.
_SETTINGS = {
    "net/ipv4/ip_forward": "1",
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/default/rp_filter": "0",
    "net/ipv4/conf/all/arp_ignore": "0",
    "net/ipv4/conf/default/arp_ignore": "0",
    "net/ipv4/conf/all/send_redirects": "0",
    "net/ipv4/conf/default/send_redirects": "0",
    "net/ipv6/conf/all/disable_ipv6": "1",
    "net/ipv6/conf/default/disable_ipv6": "1",
}


def ensure(lab: str) -> tuple[str, ...]:
    """Make the router's namespace where there is none; tells if it did."""
    router = names.router(lab)
    if namespaces.exists(router):
        return ()
    namespaces.create(router)
    namespaces.within(router, _prepare)
    return (f"the router {router} was missing",)


def look(lab: str) -> Seen:
    """Read the router as it is. A router that does not exist shows nothing."""
    router = names.router(lab)
    if not namespaces.exists(router):
        return Seen()
    return namespaces.within(router, _look_inside)


def differences(state: State, seen: Seen) -> tuple[list[object], list[object]]:
    """Compare records and kernel: what is missing, and what is there but belongs to nothing."""
    gateways = _gateways(state)
    wanted: set[object] = {*tables.lines(state, seen.ports), *tables.choices(state), *gateways}
    there: set[object] = {*seen.lines, *seen.choices, *seen.gateways}
    return sorted(wanted - there, key=str), sorted(there - wanted, key=str)


def sync(lab: str, state: State) -> tuple[str, ...]:
    """Make the router equal to the records; returns a sentence for each repair."""

    def work() -> tuple[str, ...]:
        with netlink() as ip:
            seen = _read(ip)
            missing, foreign = differences(state, seen)
            for thing in foreign:
                _remove(ip, thing, seen)
            for thing in missing:
                _add(ip, thing, seen)
        return _sentences(missing, foreign)

    return namespaces.within(names.router(lab), work)


def _sentences(missing: Iterable[object], foreign: Iterable[object]) -> tuple[str, ...]:
    return (
        *(f"{thing} was missing" for thing in missing),
        *(f"{thing} was there without a record" for thing in foreign),
    )


def _prepare() -> None:
    with netlink() as ip:
        ip.link("set", index=LOOPBACK, state="up")
    namespaces.set_sysctls(_SETTINGS)


def _gateways(state: State) -> set[IPv4Address]:
    return {vswitch.gateway for vswitch in state.vswitches.values()}


def _look_inside() -> Seen:
    with netlink() as ip:
        return _read(ip)


def _read(ip: Any) -> Seen:
    links = {link["index"]: link.get("ifname") for link in ip.get_links()}
    routes = (_line(route, links) for route in ip.get_routes(family=AF_INET) if _is_ours(route))
    rules = (_choice(rule) for rule in ip.get_rules(family=AF_INET))
    return Seen(
        lines=dict(routes),
        choices=frozenset(rule for rule in rules if 0 < rule.priority < 32766),
        ports={name: index for index, name in links.items() if name != "lo"},
        gateways=frozenset(_loopback_addresses(ip)),
    )


def _is_ours(route: Any) -> bool:
    return route.get("table") not in _KERNEL_TABLES and route["proto"] != _KERNEL_PROTOCOL


def _line(route: Any, links: dict[int, str]) -> tuple[Line, bool]:
    destination = IPv4Network((route.get("dst") or 0, route["dst_len"]))
    line = Line(
        route.get("table"),
        destination,
        links.get(route.get("oif"), ""),
        route.get("gateway") or "",
        route.get("priority") or 0,
    )
    return line, bool(route["flags"] & _DEAD)


def _choice(rule: Any) -> Choice:
    return Choice(rule.get("priority") or 0, rule.get("table"), rule.get("iifname") or "")


def _loopback_addresses(ip: Any) -> Iterable[IPv4Address]:
    for found in ip.get_addr(family=AF_INET, index=LOOPBACK):
        address = IPv4Address(found.get("address"))
        if not address.is_loopback:
            yield address


def _add(ip: Any, thing: object, seen: Seen) -> None:
    match thing:
        case Line():
            ip.route("replace", **_words(thing, seen))
        case Choice(priority, table, port):
            ip.rule("add", priority=priority, table=table, **({"iifname": port} if port else {}))
        case IPv4Address():
            ip.addr("add", index=LOOPBACK, address=str(thing), prefixlen=32)


def _remove(ip: Any, thing: object, seen: Seen) -> None:
    try:
        match thing:
            case Line():
                ip.route("del", **_words(thing, seen))
            case Choice(priority, table, port):
                named = {"iifname": port} if port else {}
                ip.rule("del", priority=priority, table=table, **named)
            case IPv4Address():
                ip.addr("del", index=LOOPBACK, address=str(thing), prefixlen=32)
    except NetlinkError as error:
        if not was_absent(error):  # a link that went meanwhile took its routes along
            raise


def _words(line: Line, seen: Seen) -> dict[str, object]:
    words: dict[str, object] = {"dst": str(line.destination), "table": line.table}
    if line.metric:
        words["priority"] = line.metric
    if not line.port:
        return {**words, "type": "blackhole"}
    words["oif"] = seen.ports[line.port]
    if not line.via:
        return {**words, "scope": "link"}
    return {**words, "gateway": line.via, "flags": _ONLINK}
