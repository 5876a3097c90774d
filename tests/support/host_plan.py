"""A slot and its network, as small as a host's text needs them."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network

from components.environment import Network, Zone
from components.plan.model import Slot

SUBNET = IPv4Network("10.93.1.0/24")
NETWORK = Network(
    vpc=IPv4Network("10.93.0.0/16"),
    containers=IPv4Network("10.223.0.0/16"),
    host_prefix=24,
    zones=(Zone(name="a", zone="a", subnet=SUBNET, containers=IPv4Network("10.223.0.0/20")),),
    docker0=IPv4Network("192.168.213.0/24"),
    gwbridge=IPv4Network("192.168.214.0/24"),
    overlays=IPv4Network("172.20.0.0/14"),
)
# The same host's range beside those of two other zones, all of them parts of the VPC.
PREFIXES = replace(
    NETWORK,
    vpc=IPv4Network("10.0.0.0/8"),
    containers=None,
    zones=tuple(
        Zone(
            name=name,
            zone=name,
            subnet=IPv4Network(f"10.{223 + index}.0.0/16"),
            containers=IPv4Network(f"10.{223 + index}.{index + 1}.0/24"),
        )
        for index, name in enumerate("abc")
    ),
    routing="prefixes",
)


def slot(number: int = 1) -> Slot:
    return Slot(
        name=f"a{number}",
        zone="a",
        pool="managers",
        role="manager",
        number=number,
        address=SUBNET[10 + number],
        containers=list(NETWORK.zones[0].containers.subnets(new_prefix=24))[number],
        image="",
        labels={},
    )
