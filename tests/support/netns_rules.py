"""The host's rules script in throw-away network namespaces of this computer."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from components.environment import Network
from components.host.drift_look import asked
from components.host.user_data import host_facts, rules_script
from lab import namespaces
from tests.support.host_plan import NETWORK, slot

PATIENCE = 1.5  # seconds; an answer inside one computer takes less than a millisecond
TABLES = ("filter", "nat", "raw", "mangle")


@dataclass
class Rules:
    """The script `fairway-rules` in the namespace of that name."""

    namespace: str
    facts: Path
    path: Path

    def sh(self, line: str) -> str:
        words = ["ip", "netns", "exec", self.namespace, "sh", "-ceu", line]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout

    def script(self, mode: str) -> subprocess.CompletedProcess[str]:
        words = ["ip", "netns", "exec", self.namespace, "sh", str(self.path), mode]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "FAIRWAY_FACTS": str(self.facts)}
        return subprocess.run(words, capture_output=True, text=True, check=False, env=environment)

    def apply(self) -> None:
        run = self.script("apply")
        assert run.returncode == 0, run.stderr

    @property
    def missing(self) -> list[str]:
        run = self.script("check")
        assert run.returncode == (1 if run.stdout else 0), run.stderr
        return run.stdout.splitlines()

    @property
    def asked(self) -> list[tuple[str, str]]:
        """Every rule that the script asks for, as the look for drift hears it."""
        line = 'iptables() { echo "rule $4 $*"; }; . "$0"'
        told = self.sh(f"FAIRWAY_FACTS={self.facts} sh -c '{line}' {self.path} check || :")
        return list(asked(told.splitlines()))

    @property
    def listing(self) -> list[tuple[str, str]]:
        """Every rule of every table, as (table, `-A CHAIN ...`)."""
        return [
            (table, line)
            for table in TABLES
            for line in self.sh(f"iptables -t {table} -S").splitlines()
            if line.startswith("-A")
        ]


@contextmanager
def rules(
    place: Path, name: str = "t3rules", *, network: Network = NETWORK, mtu: int = 1500
) -> Iterator[Rules]:
    """Make a namespace for a host and remove it afterwards."""
    facts = place / f"{name}.env"
    script = place / f"{name}.sh"
    script.write_text(rules_script(network))
    facts.write_text(host_facts(slot(), network, environment="t3", mtu=mtu))
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        yield Rules(name, facts, script)
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


@contextmanager
def neighbours(host: Rules, **addresses: str) -> Iterator[dict[str, str]]:
    """Give `host` one neighbour per keyword, on a link of its own with 9000 bytes.

    The address is the neighbour's, the host is the next one on a /24. The result maps each
    keyword to its namespace, which dies with the context, and so do both ends of its link.
    """
    made: dict[str, str] = {}
    try:
        for number, (name, address) in enumerate(addresses.items()):
            made[name] = f"{host.namespace}-{name}"
            _neighbour(host, made[name], f"to{number}", address)
        yield made
    finally:
        for namespace in made.values():
            subprocess.run(["ip", "netns", "del", namespace], check=False)


def _neighbour(host: Rules, namespace: str, link: str, address: str) -> None:
    gateway = address.rsplit(".", 1)[0] + ".1"
    inside = f"ip -n {namespace}"
    subprocess.run(["ip", "netns", "add", namespace], check=True)
    peer = f"peer name eth0 mtu 9000 netns {namespace}"
    for line in (
        f"ip -n {host.namespace} link add {link} mtu 9000 type veth {peer}",
        f"ip -n {host.namespace} address add {gateway}/24 dev {link}",
        f"ip -n {host.namespace} link set {link} up",
        f"{inside} address add {address}/24 dev eth0",
        f"{inside} link set eth0 up",
        f"{inside} route add default via {gateway}",
    ):
        subprocess.run(line.split(), check=True)


@dataclass(frozen=True)
class Call:
    """One TCP connection that stood: who called, as the called one saw it, and with what MSS."""

    peer: str
    segment: int


def call(source: str, target: str, address: str) -> Call:
    """Connect from one namespace to `address`, where a namespace listens, and tell how it was."""

    def listen() -> socket.socket:
        return socket.create_server((address, 7000))

    def connect() -> socket.socket:
        return socket.create_connection((address, 7000), timeout=PATIENCE)

    with namespaces.within(target, listen) as server:
        server.settimeout(PATIENCE)
        with namespaces.within(source, connect):
            accepted, peer = server.accept()
            with accepted:
                segment = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
                return Call(peer[0], segment)


def tracked(host: Rules) -> int:
    """How many connections the host's kernel keeps track of."""
    return int(host.sh("cat /proc/sys/net/netfilter/nf_conntrack_count"))
