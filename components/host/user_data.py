"""The user data of a host: one text for every cloud, read by the host's own cloud-init."""

from __future__ import annotations

import base64
import gzip
import hashlib
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from components.environment import Environment, Network
from components.errors import ConfigError
from components.host import names
from components.host.engine import daemon_config
from components.plan.model import Slot
from components.remote import keys
from components.remote.command import Secret
from components.remote.keys import KeyPair

LARGEST = 16 * 1024  # bytes; AWS takes no more, before base64
DOCKER_VERSION = "28.5.2"  # of Docker's own packages, where the image holds no Docker
INTERNET_MTU = 1500
TCP_HEADERS = 40  # bytes of IPv4 and TCP without options
SYSCTLS = {
    "net.ipv4.ip_forward": 1,  # set before dockerd does, which would then drop what it forwards
    "net.ipv4.conf.all.accept_redirects": 0,
    "net.ipv4.conf.default.accept_redirects": 0,
}
_FIRST_RULES, _LAST_PART = "# Docker keeps what", "case $mode in\n  apply | check)"
_FILES = Path(__file__).parent / "files"
SSHD = """\
HostKey /etc/ssh/ssh_host_ed25519_key
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AllowAgentForwarding no
X11Forwarding no
"""


def user_data(
    slot: Slot,
    network: Network,
    *,
    environment: str,
    host_key: KeyPair,
    authorized_keys: Sequence[str],
    mtu: int = INTERNET_MTU,
) -> str:
    """The `#cloud-config` text for the machine in `slot`. It holds the private host key.

    Args:
        slot: The place that the machine fills.
        network: The ranges of the environment.
        environment: The environment's name.
        host_key: The only host key that the machine will have.
        authorized_keys: Public keys that may log in as root, OpenSSH format.
        mtu: Of the VPC, in bytes.

    Raises:
        ConfigError: The text is larger than the 16 KB that every cloud takes.
    """
    facts = host_facts(slot, network, environment=environment, mtu=mtu)
    config = {
        "hostname": slot.name,
        "manage_etc_hosts": True,
        **access_config(host_key, authorized_keys),
        "bootcmd": [["sysctl", "-qw", *(f"{name}={value}" for name, value in SYSCTLS.items())]],
        "write_files": _files(facts, daemon_config(network, mtu), rules_script(network)),
        "runcmd": [[names.SETUP_SCRIPT]],
    }
    return _checked(cloud_config(config), slot)


def planned_data(environment: Environment, slot: Slot, ring: Secret, *, mtu: int) -> str:
    """The user data of a slot, as an environment's settings and its keyring make it."""
    return user_data(
        slot,
        environment.network,
        environment=environment.name,
        host_key=keys.host_key(ring, slot.name),
        authorized_keys=login_keys(environment, ring),
        mtu=mtu,
    )


def login_keys(environment: Environment, ring: Secret) -> tuple[str, ...]:
    """The public keys that may log in: our own, and those of the operators."""
    return (keys.operator_key(ring).public, *environment.operators)


def packed(text: str) -> str:
    """A user data text as clouds take it: gzip, which cloud-init unpacks, in base64.

    The same text gives the same result for ever.
    """
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def digest(text: str) -> str:
    """What stands for a long text in a state: its SHA-256 in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def host_facts(slot: Slot, network: Network, *, environment: str, mtu: int) -> str:
    """The text of host.env: what the host's own scripts must know, as shell assignments."""
    facts = {
        "ENVIRONMENT": environment,
        "SLOT": slot.name,
        "VPC": network.vpc,
        # A fact or a file that is written another way makes a new machine of every host.
        "RANGES" if network.by_prefixes else "RANGE": network.ranges_text,
        "CONTAINERS": slot.containers,
        "DOCKER0": network.docker0,
        "GWBRIDGE": network.gwbridge,
        "METADATA": " ".join(names.METADATA_ADDRESSES),
        "OUTSIDE_MSS": min(mtu, INTERNET_MTU) - TCP_HEADERS,
        "DOCKER_VERSION": DOCKER_VERSION,
    }
    return "".join(f"{name}={shlex.quote(str(value))}\n" for name, value in facts.items())


def rules_script(network: Network) -> str:
    """The text of fairway-rules: its own rules are for one range, prefixes have several."""
    text = _text("fairway-rules")
    if not network.by_prefixes:
        return text
    head, rest = text.split(_FIRST_RULES, 1)
    return f"{head}{_text('rules-for-ranges')}\n{_LAST_PART}{rest.split(_LAST_PART, 1)[1]}"


def cloud_config(config: Mapping[str, Any]) -> str:
    """The `#cloud-config` text of these settings, for cloud-init and for people who read it."""
    return f"#cloud-config\n{yaml.dump(dict(config), Dumper=_Dumper, sort_keys=False)}"


def access_config(host_key: KeyPair, authorized_keys: Sequence[str]) -> dict[str, Any]:
    """The part that every host shares: its only host key, and who may log in as root."""
    return {
        "users": [{"name": "root"}],  # an empty list is what old cloud-inits do not accept
        "disable_root": False,
        "ssh_pwauth": False,
        "ssh_deletekeys": True,
        "ssh_keys": {
            "ed25519_private": host_key.private.reveal(),
            "ed25519_public": host_key.public,
        },
        "ssh_authorized_keys": list(authorized_keys),
    }


def _files(facts: str, daemon: str, rules: str) -> list[dict[str, str]]:
    sysctls = "".join(f"{name} = {value}\n" for name, value in SYSCTLS.items())
    return [
        _file(names.HOST_FACTS, facts),
        _file(names.SYSCTL_FILE, sysctls),
        _file(names.SSHD_FILE, SSHD),
        _file(names.DAEMON_CONFIG, daemon),
        _file(names.RULES_SCRIPT, rules, "0755"),
        _file(names.GWBRIDGE_SCRIPT, _text("fairway-gwbridge"), "0755"),
        _file(names.SETUP_SCRIPT, _text("fairway-setup"), "0755"),
        _file(f"/etc/systemd/system/{names.RULES_UNIT}", _text(names.RULES_UNIT)),
        _file(f"/etc/systemd/system/{names.GWBRIDGE_UNIT}", _text(names.GWBRIDGE_UNIT)),
    ]


def _file(path: str, content: str, permissions: str = "0644") -> dict[str, str]:
    return {"path": path, "permissions": permissions, "content": content}


def _text(name: str) -> str:
    return (_FILES / name).read_text(encoding="utf-8")


def _checked(text: str, slot: Slot) -> str:
    size = len(text.encode())
    if size > LARGEST:
        raise ConfigError(
            where=f"user data of {slot.name}",
            what="it is too large for the clouds",
            found=f"{size} bytes",
            wanted=f"at most {LARGEST}",
            hint="name fewer keys in fairway:operators",
        )
    return text


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as they are, for people who read them on a host."""


def _text_node(dumper: _Dumper, text: str) -> Any:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text_node)
