"""What people and programs use next: an inventory, and the files that let them in.

Texts are made by pure functions of plain values; `write_access` alone touches the disk.
"""

from __future__ import annotations

import json
import os
import shlex
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.plan.model import Plan, Slot
from components.remote import way as ways
from components.remote.command import Secret

SSH_CONFIG = "ssh_config"
KNOWN_HOSTS = "known_hosts"
OPERATOR_KEY = "operator_key"
INVENTORY = "inventory.json"

_USER = "root"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bastion:
    """The host that leads to hosts without a public address, and the only keys it may show."""

    name: str
    address: str
    host_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionManager:
    """AWS Session Manager leads to hosts without a public address, in this region."""

    region: str


Door = Bastion | SessionManager


def door(ring: Secret, way: Mapping[str, str]) -> Door | None:
    """What a way (components/remote/way.py) leads through; None where it leads straight."""
    if ways.BY_SSM in way:
        return SessionManager(region=way[ways.BY_SSM])
    bastion = ways.bastion(ring, way)
    if bastion is None:
        return None
    return Bastion(name=bastion.name, address=bastion.address, host_keys=bastion.known)


def inventory(
    plan: Plan,
    *,
    swarm: str = "",
    machines: Mapping[str, str] | None = None,
    nodes: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The environment in plain values for JSON.

    `machines` and `nodes` are the ids of the machine and the Swarm node in each slot, by its
    name; what is not known is "".
    """
    machines, nodes = machines or {}, nodes or {}
    return {
        "environment": plan.environment,
        "swarm": swarm,
        "network": {
            "vpc": str(plan.network.vpc),
            "containers": plan.network.ranges_text,
            "overlays": str(plan.network.overlays),
            **({"routing": "prefixes"} if plan.network.by_prefixes else {}),
        },
        "zones": {
            zone.name: {
                "zone": zone.zone,
                "subnet": str(zone.subnet),
                "containers": str(zone.containers),
            }
            for zone in plan.network.zones
        },
        "hosts": {
            slot.name: {
                **_host(slot),
                "machine": machines.get(slot.name, ""),
                "node": nodes.get(slot.name, ""),
            }
            for slot in plan.slots
        },
        "routes": {str(route.destination): route.slot for route in plan.routes},
    }


def _host(slot: Slot) -> dict[str, Any]:
    return {
        "role": slot.role,
        "zone": slot.zone,
        "pool": slot.pool,
        "address": str(slot.address),
        "containers": str(slot.containers),
        "image": slot.image,
        **_bought(slot),
        "labels": dict(slot.labels),
    }


def _bought(slot: Slot) -> dict[str, Any]:
    """What only a cloud's instance has."""
    spot = {"spot": True} if slot.spot else {}
    return {"type": slot.type, "disk": slot.disk, **spot} if slot.type else {}


def alias(plan: Plan, name: str) -> str:
    """The name of a host among all environments of a user: "a1.lab"."""
    return f"{name}.{plan.environment}"


def known_hosts(
    plan: Plan, host_keys: Mapping[str, tuple[str, ...]], *, door: Door | None = None
) -> str:
    """A line for each key that a host may show, by slot name from `host_keys`; mostly one."""
    known = [(str(slot.address), slot.name, host_keys[slot.name]) for slot in plan.slots]
    if isinstance(door, Bastion):
        known.append((door.address, door.name, door.host_keys))
    return "".join(
        f"{address},{alias(plan, name)} {key}\n" for address, name, keys in known for key in keys
    )


def ssh_config(plan: Plan, folder: Path, *, door: Door | None = None, keys: int = 1) -> str:
    """An OpenSSH client configuration: `ssh -F FILE a1`. It offers so many of our own `keys`.

    It holds no `Host *`, so that a user may include it in `~/.ssh/config`. `folder` is absolute:
    OpenSSH reads other paths from where it was started.
    """
    blocks = [_block(_names(plan, slot.name), HostName=str(slot.address)) for slot in plan.slots]
    files = [written(folder / name) for name in _key_files(keys)]
    common = {
        "User": _USER,
        # One option in several lines: that many keys are offered, in this order.
        "IdentityFile": "\n  IdentityFile ".join(files),
        "IdentitiesOnly": "yes",
        "UserKnownHostsFile": written(folder / KNOWN_HOSTS),
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
    }
    hosts = " ".join(_names(plan, slot.name) for slot in plan.slots)
    if isinstance(door, Bastion):
        blocks.append(_block(_names(plan, door.name), HostName=door.address, **common))
    if door is not None:
        blocks.append(_block(hosts, **_through(plan, door)))
    return "\n".join([*blocks, _block(hosts, **common)])


def _key_files(count: int) -> list[str]:
    """Names for the files of our private keys, the one in use first."""
    return [OPERATOR_KEY, *(f"{OPERATOR_KEY}_{number}" for number in range(2, count + 1))]


def _names(plan: Plan, name: str) -> str:
    return f"{name} {alias(plan, name)}"


def _through(plan: Plan, door: Door) -> dict[str, str]:
    if isinstance(door, Bastion):
        return {"ProxyJump": alias(plan, door.name)}
    # OpenSSH gives the line to a shell, after it has put host and port into it.
    fairway, *words = ways.tunnel(door.region, plan.environment, "%h", "%p")
    return {"ProxyCommand": " ".join([shlex.quote(fairway.replace("%", "%%")), *words])}


def _block(names: str, **options: str) -> str:
    return "".join([f"Host {names}\n", *(f"  {key} {value}\n" for key, value in options.items())])


def written(path: Path) -> str:
    """A path as OpenSSH's configuration takes it; a shell takes it too."""
    # OpenSSH expands % in these options and takes a path with spaces in quotes.
    text = str(path).replace("%", "%%")
    return f'"{text}"' if " " in text else text


def write_access(
    folder: Path,
    plan: Plan,
    *,
    host_keys: Mapping[str, tuple[str, ...]],
    operator_keys: Sequence[Secret],
    facts: Mapping[str, Any],
    door: Door | None = None,
) -> None:
    """Write the files of an environment into `folder`, for its owner alone.

    `facts` is an inventory. Each file is replaced as a whole; the operator's keys are never
    readable for others, not for a moment, and go when they are not accepted any more.
    """
    folder = folder.absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    names = _key_files(len(operator_keys))
    for name, key in zip(names, operator_keys, strict=True):
        _replace(folder / name, key.reveal(), 0o600)
    for former in folder.glob(f"{OPERATOR_KEY}_*"):
        if former.name not in names:
            former.unlink()
    _replace(folder / KNOWN_HOSTS, known_hosts(plan, host_keys, door=door), 0o644)
    _replace(folder / SSH_CONFIG, ssh_config(plan, folder, door=door, keys=len(names)), 0o644)
    _replace(folder / INVENTORY, json.dumps(facts, indent=2) + "\n", 0o644)


def _replace(path: Path, text: str, mode: int) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent)  # 0600 from its first moment
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        os.fchmod(handle, mode)
    Path(name).replace(path)
