"""Which packets a cloud's security groups let in: one list for all clouds, each with its reason.

A group as a source stands for its members' own addresses and never for their containers', so the
container range is a source of its own. No rule can tell where on a host a packet is for: another
host's container, or a port it publishes, is reached from a host's own address like the host itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final, Literal

from components.environment import CloudSettings
from components.plan.model import Plan

SSH: Final = 22
MEMBERS: Final = "members"  # of the hosts' own group
BASTION: Final = "bastion"  # members of the bastion's group
HOSTS: Final = "hosts"  # what the hosts' own group is called
Protocol = Literal["tcp", "udp", "icmp", "any"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allow:
    """Lets new connections in. `ports` is an inclusive pair, None where there are none or all."""

    key: str  # a short name, never changed: it is part of a resource's name
    protocol: Protocol
    ports: tuple[int, int] | None = None
    source: IPv4Network | str  # a CIDR, MEMBERS or BASTION
    why: str


def into_hosts(plan: Plan, settings: CloudSettings) -> tuple[Allow, ...]:
    """What hosts accept. Everything may leave them."""
    return (
        *_containers(plan),
        *_between_hosts(settings),
        *_ssh_into_hosts(settings),
    )


def into_lab_hosts(plan: Plan, uplink: IPv4Network) -> tuple[Allow, ...]:
    """What hosts accept in the lab: everything from inside, and the computer may look in."""
    network = plan.network
    sources: dict[str, IPv4Network | str] = {
        "members": MEMBERS,
        "vpc": network.vpc,
        **{allow.key: allow.source for allow in _containers(plan)},
        "uplink": uplink,
    }
    return tuple(
        Allow(key=key, protocol="any", source=source, why="hosts, containers and this computer")
        for key, source in sources.items()
    )


def word_of(group: str, environment: str) -> str:
    """The source that stands for the group with this name, "" where it is not one of ours."""
    ours = {f"{environment}-{HOSTS}": MEMBERS, f"{environment}-{BASTION}": BASTION}
    return ours.get(group, "")


def into_bastion(settings: CloudSettings) -> tuple[Allow, ...]:
    """What the bastion accepts: SSH of operators."""
    return tuple(_ssh(settings))


def _containers(plan: Plan) -> Iterator[Allow]:
    """One rule for the container range, or one for each zone's with prefixes."""
    for key, source in plan.network.ranges_by_key.items():
        zone = key.removeprefix("network.").removesuffix("containers").strip(".")
        yield Allow(
            key="-".join(["containers", *zone.split(".")[1:]]),
            protocol="any",
            source=source,
            why="containers of every host",
        )


def _between_hosts(settings: CloudSettings) -> Iterator[Allow]:
    ports: tuple[tuple[str, Protocol, tuple[int, int], str], ...] = (
        ("swarm", "tcp", (2377, 2377), "Swarm: joining, and managers among themselves"),
        ("gossip-tcp", "tcp", (7946, 7946), "Swarm: gossip"),
        ("gossip-udp", "udp", (7946, 7946), "Swarm: gossip"),
        ("vxlan", "udp", (4789, 4789), "Swarm: overlay networks that users make"),
    )
    if settings.between_hosts == "services":
        why = "published ports and containers of other hosts"
        ports += (
            ("low-tcp", "tcp", (1, SSH - 1), why),
            ("high-tcp", "tcp", (SSH + 1, 65535), why),
            ("all-udp", "udp", (1, 65535), why),
        )
    for key, protocol, pair, reason in ports:
        yield Allow(key=key, protocol=protocol, ports=pair, source=MEMBERS, why=reason)
    yield Allow(key="icmp", protocol="icmp", source=MEMBERS, why="path MTU and ping")


def _ssh_into_hosts(settings: CloudSettings) -> Iterator[Allow]:
    if settings.bastion is None:
        yield from _ssh(settings)
        return
    yield Allow(
        key="ssh", protocol="tcp", ports=(SSH, SSH), source=BASTION, why="SSH from the bastion"
    )


def _ssh(settings: CloudSettings) -> Iterator[Allow]:
    for source in settings.ssh_from:
        key = f"ssh-{source.network_address}-{source.prefixlen}"
        yield Allow(
            key=key, protocol="tcp", ports=(SSH, SSH), source=source, why="SSH of operators"
        )
