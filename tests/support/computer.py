"""A computer of its own for a test: fresh network, and empty directories where labs live.

The test runs in a child process, in namespaces of its own, so it can compare the whole computer
before and after, play Docker's firewall or a VPN, and disturb nobody who works beside it.
"""

from __future__ import annotations

import functools
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

WORLD = "world"  # a namespace that plays the internet, behind the interface "outer"
WORLD_ADDRESS = "198.51.100.1"

_INSIDE = "FAIRWAY_TEST_COMPUTER"
_OWN = ("/run/netns", "/var/lib/fairway", "/run/fairway")
_SECONDS = 900


def on_its_own_computer(test: Callable[[], None]) -> Callable[[], None]:
    """Run the test in a child process that has a computer to itself."""

    @functools.wraps(test)
    def run() -> None:
        if os.environ.get(_INSIDE):
            test()
            return
        words = ["unshare", "--net", "--mount", "--propagation", "private", sys.executable]
        words += ["-W", "error", "-m", __name__, test.__module__, test.__name__]
        done = subprocess.run(
            words,
            env=os.environ | {_INSIDE: "1", "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert not done.returncode, done.stdout + done.stderr

    return run


def snapshot() -> dict[str, list[str]]:
    """Take all that a lab could change on the computer that it stands on."""
    commands = {
        "links": "ip -o -br link",
        "addresses": "ip -o addr",
        "routes": "ip route show table all",
        "rules": "ip rule",
        "nft": "nft list ruleset",
        "iptables": "iptables-save",
        "mounts": "cat /proc/self/mounts",
    }
    found = {name: _output(words) for name, words in commands.items()}
    found["iptables"] = [line for line in found["iptables"] if not line.startswith("#")]
    found["files"] = sorted(str(path) for own in _OWN for path in Path(own).rglob("*"))
    settings = [*Path("/proc/sys/net/ipv4/conf").glob("*/*"), Path("/proc/sys/net/ipv4/ip_forward")]
    found["settings"] = sorted(f"{path} {_value(path)}" for path in settings)
    return found


def changes(before: dict[str, list[str]]) -> list[str]:
    """Tell each line that came or went since a snapshot."""
    now = snapshot()
    kept = [what for what in before if what != "mounts"]  # others unmount theirs meanwhile
    gone = [f"- {line}" for what in kept for line in before[what] if line not in now[what]]
    return gone + [f"+ {line}" for what in now for line in now[what] if line not in before[what]]


def assert_same(before: dict[str, list[str]]) -> None:
    """Fail with every line that came or went."""
    found = changes(before)
    assert not found, "\n".join(found)


def _output(words: str) -> list[str]:
    done = subprocess.run(words.split(), capture_output=True, text=True, check=True)
    return [re.sub(r"packets \d+ bytes \d+", "", line) for line in done.stdout.splitlines()]


def _value(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return "unreadable"


def _prepare() -> None:
    for own in _OWN:
        Path(own).mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", own], check=True)
    for words in (
        "mount --make-shared /run/netns",
        f"ip netns add {WORLD}",
        "ip link set lo up",
        "sysctl -qw net.ipv6.conf.default.disable_ipv6=1",  # its addresses come when they like
        f"ip link add outer type veth peer name outer netns {WORLD}",
        "ip addr add 198.51.100.2/24 dev outer",
        "ip link set outer up",
        f"ip -n {WORLD} addr add {WORLD_ADDRESS}/24 dev outer",
        f"ip -n {WORLD} link set outer up",
        f"ip -n {WORLD} link set lo up",
        f"ip route add default via {WORLD_ADDRESS}",
        "sysctl -qw net.ipv4.ip_forward=0",
    ):
        subprocess.run(words.split(), check=True)


if __name__ == "__main__":
    _prepare()
    module, name = sys.argv[1:]
    getattr(importlib.import_module(module), name)()
