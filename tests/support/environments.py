"""Configurations and environments for tests, small and complete."""

from __future__ import annotations

import copy
from collections.abc import Callable
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


def config() -> dict[str, Any]:
    """A sound configuration of three zones and six hosts, free to be changed."""
    return copy.deepcopy(_CONFIG)


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
