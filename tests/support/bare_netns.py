"""A wiring without a router: a namespace with an unconnected eth0, for tests of machines alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

from lab import names


def attach(lab: str, machine: str) -> None:
    """Make the namespace anew."""
    name = names.namespace(lab, machine)
    detach(lab, machine)
    _ip("netns", "add", name)
    for words in (
        ("link", "add", "eth0", "type", "veth", "peer", "name", "far"),
        ("link", "set", "far", "up"),
        ("link", "set", "lo", "up"),
        ("address", "add", "10.91.1.11/24", "dev", "eth0"),
        ("link", "set", "eth0", "up"),
        ("route", "add", "default", "via", "10.91.1.1"),
    ):
        _ip("-n", name, *words)


def detach(lab: str, machine: str) -> None:
    """Remove the namespace if there is one."""
    name = names.namespace(lab, machine)
    if Path("/run/netns", name).exists():
        _ip("netns", "delete", name)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
