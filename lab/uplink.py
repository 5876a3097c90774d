"""The way between the computer and a lab: a link, two routes, and NAT outwards.

Nothing of the computer is replaced: the link's routes must be free before, the NAT rules live in
a table of their own, and the forwarding of the interfaces that lead outside is switched on one
by one, remembered, and put back when the last lab goes. The global ip_forward is never touched.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from socket import AF_INET
from typing import Any

from components.errors import LabConflict
from lab import computer, firewall, names, namespaces
from lab import filter as nftables
from lab.model import Vpc
from lab.netlink import link_index, netlink, remove_link

_MAIN = 254


@dataclass(frozen=True, slots=True)
class ComputerRoute:
    """A route of the computer's own, from any of its tables."""

    destination: IPv4Network
    device: str
    table: int

    def __str__(self) -> str:
        return f"{self.destination} dev {self.device} (table {self.table})"


def conflict(lab: str, vpc: Vpc, routes: Iterable[ComputerRoute]) -> LabConflict | None:
    """Find the first route that overlaps a range of the lab; default routes overlap nothing."""
    ranges = {"VPC": vpc.cidr, "container range": vpc.containers, "uplink": vpc.uplink}
    own = names.uplink(lab)
    for route in routes:
        for what, cidr in ranges.items():
            if cidr is None or route.device == own or not route.destination.prefixlen:
                continue
            if route.destination.overlaps(cidr):
                return _overlap(lab, what, cidr, route)
    return None


def ensure(lab: str, vpc: Vpc) -> tuple[str, ...]:
    """Make the uplink, or repair what is missing of it; returns a sentence for each repair.

    Raises:
        LabConflict: a route of this computer overlaps; nothing was changed.
    """
    if vpc.uplink is None:
        return ()
    check(lab, vpc)
    repaired = [
        *_connect(lab, vpc.uplink),
        *_route(lab, vpc, vpc.uplink),
        *_translate(lab, vpc),
    ]
    computer.open_for(lab, names.uplink(lab))
    firewall.admit(names.uplink(lab))
    return tuple(repaired)


def check(lab: str, vpc: Vpc) -> None:
    """Refuse to start where a route of this computer, in any table, overlaps the lab's ranges."""
    with netlink() as ip:
        found = conflict(lab, vpc, _computer_routes(ip))
    if found is not None:
        raise found


def faults(lab: str, vpc: Vpc) -> tuple[str, ...]:
    """Tell what is missing of the uplink, changing nothing."""
    if vpc.uplink is None:
        return ()
    with netlink() as ip:
        if link_index(ip, names.uplink(lab)) is None:
            return (f"the uplink {names.uplink(lab)} is missing",)
        missing = _missing_routes(ip, lab, vpc)
    found = [f"the computer's route {route} over the uplink is missing" for route in missing]
    if not _has_table(lab):
        found.append(f"the computer's nft table {names.nft_table(lab)} is missing")
    return tuple(found)


def remove(lab: str) -> tuple[str, ...]:
    """Take the uplink away and put the computer's settings back; names what was there."""
    found = []
    firewall.dismiss(names.uplink(lab))
    computer.close_for(lab)
    if _has_table(lab):
        nftables.nft("delete", "table", "ip", names.nft_table(lab))
        found.append(f"nft table {names.nft_table(lab)}")
    with netlink() as ip:
        if remove_link(ip, names.uplink(lab)):
            found.append(f"link {names.uplink(lab)}")
    return tuple(found)


def _connect(lab: str, uplink: IPv4Network) -> tuple[str, ...]:
    own, router = names.uplink(lab), names.router(lab)
    is_new = not namespaces.within(router, lambda: _is_there(names.UPLINK_PORT))
    if is_new:
        with netlink() as ip:
            remove_link(ip, own)  # of a router that is gone; the kernel removes it later than that
            peer = {"ifname": names.UPLINK_PORT, "net_ns_fd": str(namespaces.RUN / router)}
            ip.link("add", ifname=own, kind="veth", peer=peer)
    _configure(own, uplink[1], uplink, alias=f"fairway lab {lab}")
    namespaces.within(
        router, lambda: _configure(names.UPLINK_PORT, uplink[2], uplink, alias="computer")
    )
    return (f"the uplink {own} was missing",) if is_new else ()


def _is_there(link: str) -> bool:
    with netlink() as ip:
        return link_index(ip, link) is not None


def _configure(link: str, address: IPv4Address, uplink: IPv4Network, *, alias: str) -> None:
    with netlink() as ip:
        index = link_index(ip, link)
        ip.addr("replace", index=index, address=str(address), prefixlen=uplink.prefixlen)
        ip.link("set", index=index, state="up", ifalias=alias)


def _route(lab: str, vpc: Vpc, uplink: IPv4Network) -> tuple[str, ...]:
    with netlink() as ip:
        missing = _missing_routes(ip, lab, vpc)
        for destination in missing:
            ip.route("replace", dst=str(destination), gateway=str(uplink[2]))
    return tuple(f"the computer's route to {destination} was missing" for destination in missing)


def _missing_routes(ip: Any, lab: str, vpc: Vpc) -> list[IPv4Network]:
    own = names.uplink(lab)
    there = {route.destination for route in _computer_routes(ip) if route.device == own}
    return [cidr for cidr in (vpc.cidr, vpc.containers) if cidr and cidr not in there]


def _translate(lab: str, vpc: Vpc) -> tuple[str, ...]:
    if _has_table(lab):
        return ()
    nftables.nft("-f", "-", input=render(lab, vpc))
    return (f"the computer's nft table {names.nft_table(lab)} was missing",)


def render(lab: str, vpc: Vpc) -> str:
    """Write the computer's rules: NAT for the VPC, and no way in for the computer's neighbours."""
    table, link = names.nft_table(lab), names.uplink(lab)
    return f"""table ip {table}
delete table ip {table}
table ip {table} {{
 chain outwards {{
  type nat hook postrouting priority srcnat; policy accept;
  iifname "{link}" oifname != "{link}" ip saddr {vpc.cidr} masquerade
 }}
 chain inwards {{
  type filter hook forward priority filter; policy accept;
  iifname "{link}" oifname "{link}" drop
  oifname "{link}" ct state established,related accept
  oifname "{link}" drop
 }}
}}
"""


def _has_table(lab: str) -> bool:
    return f"table ip {names.nft_table(lab)}" in nftables.nft("list", "tables").splitlines()


def _computer_routes(ip: Any) -> list[ComputerRoute]:
    devices = {link["index"]: link.get("ifname") for link in ip.get_links()}
    return [
        ComputerRoute(
            IPv4Network((route.get("dst") or 0, route["dst_len"])),
            devices.get(route.get("oif"), "-"),
            route.get("table") or _MAIN,
        )
        for route in ip.get_routes(family=AF_INET)
    ]


def _overlap(lab: str, what: str, cidr: IPv4Network, route: ComputerRoute) -> LabConflict:
    return LabConflict(
        where=f"lab {lab}",
        what=f"its {what} {cidr} overlaps a route of this computer",
        found=str(route),
        wanted="a range that no route of this computer overlaps",
        hint="choose another range in the stack's configuration, or remove that route",
    )
