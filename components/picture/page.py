"""One HTML page that opens without a server: the picture, and what stands in it as tables."""

from __future__ import annotations

from collections import Counter
from ipaddress import IPv4Network

from components.config.model import Network
from components.picture.document import document, script, styles, table
from components.picture.drawing import svg
from components.picture.elements import counted, el, text
from components.picture.matrix import Pairs, matrix
from components.plan.carried import carried
from components.plan.model import Plan
from components.plan.safety import deadly_zones, quorum

WIDE = 1160  # px
PHONE = 372  # px: a phone's width without the page's margins


def page(
    plan: Plan,
    *,
    quota: int | None = None,
    uplink: IPv4Network | None = None,
    broken: Pairs | None = None,
) -> str:
    """The page of an environment, without any outside resource.

    `quota` is how many entries a route table takes. `broken` are the pairs of hosts that verify
    found not to reach each other, {} when all do; without a report there is no such section.
    """
    body = [
        _header(plan, quota),
        el(
            "main",
            _picture(plan, uplink, broken),
            _reach(plan, broken),
            _routes(plan),
            _ranges(plan, uplink),
        ),
        el("footer", text(f"Drawn by Fairway from the plan of {plan.environment}.")),
    ]
    return document(f"{plan.environment} · Fairway", body, style=styles(), script=script())


def _header(plan: Plan, quota: int | None) -> str:
    managers = len(plan.managers)
    containers = (1 << (32 - plan.network.host_prefix)) - 3
    facts = [
        (str(len(plan.network.zones)), "zones, " + _survival(plan)),
        (str(len(plan.slots)), "hosts, each with its own container CIDR"),
        (f"{quorum(managers)} of {managers}", "managers must answer"),
        _carried(plan, quota),
        (str(containers), "containers on a host"),
    ]
    return el(
        "header",
        el("p", "Fairway", class_="eyebrow"),
        el("h1", text(plan.environment)),
        el(
            "p",
            f"Containers reach each other by the {_way(plan)} of the VPC: no overlay, no NAT.",
            class_="lead",
        ),
        el(
            "ul",
            *(el("li", el("b", text(value)), text(name)) for value, name in facts),
            class_="figures",
        ),
    )


def _carried(plan: Plan, quota: int | None) -> tuple[str, str]:
    number, what = carried(plan).split(" ", 1)
    if plan.network.by_prefixes:
        return number, what
    return number + (f" of {quota}" if quota else ""), "entries in every route table"


def _survival(plan: Plan) -> str:
    deadly = deadly_zones(Counter(slot.zone for slot in plan.managers))
    return f"but not without {' or '.join(deadly)}" if deadly else "any one of which may fail"


def _picture(plan: Plan, uplink: IPv4Network | None, broken: Pairs | None) -> str:
    drawings = [
        el("div", svg(plan, width=width, uplink=uplink, broken=broken, title=False), class_=name)
        for name, width in (("wide", WIDE), ("phone", PHONE))
    ]
    told = "Point at a host, or step through them with Tab, to see the way to its containers."
    return el("figure", *drawings, el("figcaption", told, aria_live="polite"))


def _reach(plan: Plan, broken: Pairs | None) -> str:
    if broken is None:
        return ""
    number = counted(len(broken), "ordered pair")
    failed = f"{number} of hosts {'does' if len(broken) == 1 else 'do'} not work."
    told = failed if broken else "Every container reaches every other."
    return el("section", el("h2", "Who reaches whom"), el("p", text(told)), matrix(plan, broken))


def _routes(plan: Plan) -> str:
    slots = sorted(plan.slots, key=lambda slot: slot.containers)
    rows = [
        [
            el("code", text(slot.containers)),
            el("b", text(slot.name)),
            text(slot.zone),
            el("code", text(slot.address)),
            text(slot.role),
            text(slot.pool),
        ]
        for slot in slots
    ]
    names = [slot.name for slot in slots]
    heads = ("Packets to", "go to host", "Zone", "Address", "Role", "Pool")
    title = "Route entries"
    told = "Every zone has a route table of its own, and every table has all of these entries."
    if plan.network.by_prefixes:
        title = "Prefixes"
        told = "They are given to hosts' interfaces in /28s, and no route table has an entry."
    return el("section", el("h2", title), el("p", told), table(heads, rows, names))


def _way(plan: Plan) -> str:
    return "own addresses" if plan.network.by_prefixes else "routes"


def _containers(network: Network) -> list[tuple[str, IPv4Network, str]]:
    if network.containers is None:
        return []  # each zone has its own
    return [("Containers", network.containers, "routed, outside the VPC")]


def _ranges(plan: Plan, uplink: IPv4Network | None) -> str:
    network = plan.network
    owned: list[tuple[str, IPv4Network, str]] = [
        ("VPC", network.vpc, "the hosts' own addresses"),
        *((f"Zone {zone.name}, vSwitch", zone.subnet, "inside the VPC") for zone in network.zones),
        *_containers(network),
        *(
            (f"Zone {zone.name}, containers", zone.containers, f"/{network.host_prefix} a host")
            for zone in network.zones
        ),
        ("docker0", network.docker0, "the same on every host, never routed"),
        ("docker_gwbridge", network.gwbridge, "the same on every host, never routed"),
        ("Overlays", network.overlays, "the Swarm's address pool"),
    ]
    if uplink:
        owned.append(("Uplink", uplink, "between the router and this computer"))
    owned += [("Peer", peer, "of others, stays reachable") for peer in network.peers]
    rows = [
        [text(owner), el("code", text(taken)), f"{taken.num_addresses:,}", text(meaning)]
        for owner, taken, meaning in owned
    ]
    heads = ("Owner", "Range", "Addresses", "Meaning")
    told = "Every range has one owner, and no two share an address."
    return el("section", el("h2", "Address ranges"), el("p", told), table(heads, rows))
