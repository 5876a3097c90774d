"""What a machine is told before its first boot: the NoCloud seed, and which resolver to use."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import yaml

SEED = Path("var/lib/cloud/seed/nocloud")
RESOLV_CONF = Path("etc/resolv.conf")
# Where systemd-resolved keeps the servers behind its stub on 127.0.0.53, which no machine reaches.
RESOLVER_FILES = (Path("/run/systemd/resolve/resolv.conf"), Path("/etc/resolv.conf"))
# Any resolver answers a question for the root's name servers, if only with a refusal.
ROOT_QUESTION = bytes.fromhex("fa17 0100 0001 0000 0000 0000 00 0002 0001")


def meta_data(machine_id: str, name: str) -> str:
    """Give the meta-data; a new `machine_id` makes cloud-init treat the machine as new."""
    return yaml.safe_dump({"instance-id": machine_id, "local-hostname": name}, sort_keys=False)


def network_config(
    address: IPv4Interface, gateway: IPv4Address, nameservers: Sequence[IPv4Address]
) -> str:
    """Give the network configuration of eth0 in cloud-init's second format."""
    eth0: dict[str, object] = {
        "addresses": [str(address)],
        "routes": [{"to": "0.0.0.0/0", "via": str(gateway)}],
    }
    if nameservers:
        eth0["nameservers"] = {"addresses": [str(server) for server in nameservers]}
    return yaml.safe_dump({"version": 2, "ethernets": {"eth0": eth0}}, sort_keys=False)


def resolv_conf(nameservers: Iterable[IPv4Address]) -> str:
    """Give resolv.conf; with no server a lookup fails at once instead of after many seconds."""
    return "".join(f"nameserver {server}\n" for server in nameservers)


def write_seed(root: Path, files: dict[str, str]) -> None:
    """Write the seed's files under a machine's root, readable by root only: they hold keys."""
    directory = root / SEED
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    for name, text in files.items():
        write_private(directory / name, text)


def write_private(path: Path, text: str) -> None:
    """Replace a file by one that only its owner ever could read."""
    fresh = path.with_name(f".{path.name}.fresh")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    fresh.rename(path)


def named_resolvers(text: str) -> list[IPv4Address]:
    """Read the servers from a resolv.conf that another machine could reach: none on loopback."""
    found = re.findall(r"^nameserver\s+(\d+\.\d+\.\d+\.\d+)\s*$", text, re.MULTILINE)
    servers = [IPv4Address(server) for server in found]
    return [server for server in servers if not server.is_loopback]


def usable_resolvers(
    files: Iterable[Path] = RESOLVER_FILES, answers: Callable[[IPv4Address], bool] | None = None
) -> tuple[IPv4Address, ...]:
    """Give the computer's resolvers that answer, as machines reach through the uplink what it can.

    A resolver that does not answer costs a machine 5 to 20 seconds for each lookup: leave it out.
    """
    ask = answers or resolver_answers
    texts = [file.read_text() for file in files if file.is_file()]
    servers = dict.fromkeys(server for text in texts for server in named_resolvers(text))
    return tuple(server for server in servers if ask(server))


def resolver_answers(server: IPv4Address, timeout: float = 0.5) -> bool:
    """Ask the server one question over UDP and wait `timeout` seconds for any answer to it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(timeout)
        try:
            asking.connect((str(server), 53))
            asking.send(ROOT_QUESTION)
            return asking.recv(512)[:2] == ROOT_QUESTION[:2]
        except OSError:
            return False
