"""The Docker engine's settings on a host."""

from __future__ import annotations

import json
from collections.abc import Iterator
from ipaddress import IPv4Network

from components.environment import Network
from components.errors import ConfigError

_LARGE = [IPv4Network("172.16.0.0/12"), IPv4Network("192.168.0.0/16"), IPv4Network("10.0.0.0/8")]


def daemon_config(network: Network, mtu: int) -> str:
    """The text of /etc/docker/daemon.json, accepted by Docker 20.10 and every later one.

    `live-restore` is left out because Swarm refuses it. Containers on docker0 may talk to each
    other, as a plain `docker run` expects.
    """
    settings = {
        "bip": f"{network.docker0[1]}/{network.docker0.prefixlen}",
        "default-address-pools": [{"base": str(local_pool(network)), "size": 24}],
        "log-driver": "json-file",
        "log-opts": {"max-file": "3", "max-size": "10m"},
        "mtu": mtu,
        "no-new-privileges": True,
        # Without the proxy Docker loads br_netfilter, and packets between two containers of one
        # host pass all of iptables.
        "userland-proxy": True,
    }
    return json.dumps(settings, indent=1, sort_keys=True) + "\n"


def local_pool(network: Network) -> IPv4Network:
    """A /16 for the networks that users make on one host; it overlaps no range of the plan.

    The first free one is taken, so that it changes only when a new range comes to lie on it.
    """
    taken = [
        network.vpc,
        *network.ranges,
        network.docker0,
        network.gwbridge,
        network.overlays,
        *network.peers,
    ]
    for candidate in _candidates():
        if not any(candidate.overlaps(owner) for owner in taken):
            return candidate
    raise ConfigError(
        where="fairway:network",
        what="no /16 is left for Docker's networks that stay on one host",
        wanted="one free /16 in 172.16.0.0/12, 192.168.0.0/16 or 10.0.0.0/8",
        hint="make fairway:network.overlays or peers smaller",
    )


def _candidates() -> Iterator[IPv4Network]:
    for block in _LARGE:
        yield from block.subnets(new_prefix=16)
