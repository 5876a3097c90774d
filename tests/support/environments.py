"""Configurations and environments for tests, small and complete."""

from __future__ import annotations

import copy
from collections.abc import Callable
from ipaddress import IPv4Network
from typing import Any

from components.environment import Environment, read_environment
from components.errors import ConfigFaults

SOURCE = "stacks/Pulumi.lab.yaml"

_CONFIG: dict[str, Any] = {
    "network": {
        "vpc": "10.97.0.0/16",
        "containers": "10.227.0.0/16",
        "zones": [
            {"name": "a", "subnet": "10.97.0.0/20", "containers": "10.227.0.0/18"},
            {"name": "b", "subnet": "10.97.16.0/20", "containers": "10.227.64.0/18"},
            {"name": "c", "subnet": "10.97.32.0/20", "containers": "10.227.128.0/18"},
        ],
    },
    "pools": [
        {
            "name": "managers",
            "role": "manager",
            "first": 1,
            "size": 9,
            "hosts": {"a": 1, "b": 1, "c": 1},
        },
        {
            "name": "workers",
            "role": "worker",
            "first": 10,
            "size": 40,
            "hosts": {"a": 1, "b": 1, "c": 1},
        },
    ],
    "lab": {"uplink": "10.76.97.0/30"},
}


_ALICLOUD: dict[str, Any] = {
    "cloud": "alicloud",
    "network": {
        "vpc": "10.94.0.0/16",
        "containers": "10.224.0.0/16",
        "zones": [
            {
                "name": name,
                "zone": f"eu-central-1{name}",
                "subnet": f"10.94.{16 * index}.0/20",
                "containers": f"10.224.{64 * index}.0/18",
                "public": f"10.94.{240 + index}.0/24",
            }
            for index, name in enumerate("abc")
        ],
    },
    "pools": _CONFIG["pools"],
    "alicloud": {
        "region": "eu-central-1",
        "image": "debian_12_11_x64_20G_alibase_20250630.vhd",
        "type": "ecs.g8i.large",
        "bastion": {"zone": "a", "type": "ecs.t6-c1m1.large"},
        "ssh_from": ["203.0.113.0/24"],
        "owner": "team",
        "tags": {"cost-centre": "4711"},
    },
}


_AWS: dict[str, Any] = {
    "cloud": "aws",
    "network": _ALICLOUD["network"],
    "pools": _CONFIG["pools"],
    "aws": {
        "region": "eu-central-1",
        "image": "ami-0123456789abcdef0",
        "type": "m7i.large",
        "bastion": {"zone": "a", "type": "t3.nano"},
        "ssh_from": ["203.0.113.0/24"],
        "owner": "team",
        "tags": {"cost-centre": "4711"},
    },
}


def config() -> dict[str, Any]:
    """A sound configuration of three zones and six hosts, free to be changed."""
    return copy.deepcopy(_CONFIG)


def aws_config() -> dict[str, Any]:
    """The same on AWS, with a bastion and a NAT gateway in each zone."""
    return copy.deepcopy(_AWS)


def aws_environment(change: Callable[[dict[str, Any]], object] = lambda _: None) -> Environment:
    """The environment of `aws_config()` after `change`; its name is "prod"."""
    wanted = aws_config()
    change(wanted)
    return read_environment(wanted, stack="prod", source="stacks/Pulumi.prod.yaml")


def by_eight_prefixes(wanted: dict[str, Any]) -> dict[str, Any]:
    """The same with eight prefixes a host, from the second half of each zone's subnet."""
    network = wanted["network"]
    first, second, *_ = network["vpc"].split(".")
    del network["containers"]
    network |= {"routing": "prefixes", "host_prefix": 25}
    for index, zone in enumerate(network["zones"]):
        zone["subnet"] = f"{first}.{second}.{64 * index}.0/18"
        zone["containers"] = f"{first}.{second}.{64 * index + 32}.0/19"
    return wanted


def alicloud_config() -> dict[str, Any]:
    """The same on Alibaba Cloud, with a bastion and a NAT gateway in each zone."""
    return copy.deepcopy(_ALICLOUD)


def alicloud_environment(
    change: Callable[[dict[str, Any]], object] = lambda _: None,
) -> Environment:
    """The environment of `alicloud_config()` after `change`; its name is "prod"."""
    wanted = alicloud_config()
    change(wanted)
    return read_environment(wanted, stack="prod", source="stacks/Pulumi.prod.yaml")


def environment(change: Callable[[dict[str, Any]], object] = lambda _: None) -> Environment:
    """The environment of `config()` after `change`."""
    wanted = config()
    change(wanted)
    return read_environment(wanted, stack="lab", source=SOURCE)


def faults(change: Callable[[dict[str, Any]], object], stack: str = "lab") -> list[str]:
    """The messages about `config()` after `change`, without the file's name; [] when sound."""
    wanted = config()
    change(wanted)
    try:
        read_environment(wanted, stack=stack, source=SOURCE)
    except ConfigFaults as error:
        return [str(fault).split(f"{SOURCE}: ", 1)[1] for fault in error.faults]
    return []


def fault(change: Callable[[dict[str, Any]], object], stack: str = "lab") -> str:
    """The only message about `config()` after `change`."""
    messages = faults(change, stack)
    assert len(messages) == 1, messages
    return messages[0]


def by_prefixes(wanted: dict[str, Any]) -> None:
    """Change a configuration to prefixes: a /27 a host, from the second half of its subnet."""
    network = copy.deepcopy(wanted["network"])
    del network["containers"]
    for zone in network["zones"]:
        zone["containers"] = str([*IPv4Network(zone["subnet"]).subnets()][1])
    wanted["network"] = {**network, "routing": "prefixes", "host_prefix": 27}
