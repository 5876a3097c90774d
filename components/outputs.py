"""What people and programs use next: an inventory, SSH and Docker access, and the closing words.

Texts are made by pure functions of plain values; `write_access` alone touches the disk.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.plan.model import Plan, Slot
from components.plan.safety import quorum
from components.remote.command import Secret

SSH_CONFIG = "ssh_config"
KNOWN_HOSTS = "known_hosts"
OPERATOR_KEY = "operator_key"
INVENTORY = "inventory.json"

_DEFAULT_STACK = "lab"
_USER = "root"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bastion:
    """The host that leads to hosts without a public address; `host_key` is its only key."""

    name: str
    address: str
    host_key: str
    user: str = _USER


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
            "containers": str(plan.network.containers),
            "overlays": str(plan.network.overlays),
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
        "labels": dict(slot.labels),
    }


def alias(plan: Plan, slot: Slot) -> str:
    """The name of a host among all environments of a user: "a1.lab"."""
    return f"{slot.name}.{plan.environment}"


def known_hosts(plan: Plan, host_keys: Mapping[str, str], *, bastion: Bastion | None = None) -> str:
    """One line for each host: the one key that it may show, by slot name from `host_keys`."""
    lines = [f"{slot.address},{alias(plan, slot)} {host_keys[slot.name]}" for slot in plan.slots]
    if bastion:
        lines.append(f"{bastion.address} {bastion.host_key}")
    return "".join(f"{line}\n" for line in lines)


def ssh_config(plan: Plan, folder: Path, *, bastion: Bastion | None = None) -> str:
    """An OpenSSH client configuration: `ssh -F FILE a1`.

    It holds no `Host *`, so that a user may include it in `~/.ssh/config`. `folder` is absolute:
    OpenSSH reads other paths from where it was started.
    """
    blocks = [
        _block(f"{slot.name} {alias(plan, slot)}", HostName=str(slot.address))
        for slot in plan.slots
    ]
    common = {
        "User": _USER,
        "IdentityFile": _path(folder / OPERATOR_KEY),
        "IdentitiesOnly": "yes",
        "UserKnownHostsFile": _path(folder / KNOWN_HOSTS),
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
    }
    names = " ".join(f"{slot.name} {alias(plan, slot)}" for slot in plan.slots)
    if bastion:
        blocks.append(_block(names, ProxyJump=bastion.name))
        blocks.append(
            _block(bastion.name, HostName=bastion.address, **common | {"User": bastion.user})
        )
    return "\n".join([*blocks, _block(names, **common)])


def _block(names: str, **options: str) -> str:
    return "".join([f"Host {names}\n", *(f"  {key} {value}\n" for key, value in options.items())])


def _path(path: Path) -> str:
    # OpenSSH expands % in these options and takes a path with spaces in quotes.
    text = str(path).replace("%", "%%")
    return f'"{text}"' if " " in text else text


def summary(plan: Plan, folder: Path, *, connectivity: str = "", swarm: str = "") -> str:
    """The closing words of `make up`: what stands, whether it works, what to do with it.

    `connectivity` is the report of verify as text. No colours, no line over 100 characters for
    names of usual length.
    """
    parts = [_headline(plan, swarm), _table(_host_rows(plan))]
    if connectivity:
        parts.append(connectivity.strip())
    return "\n\n".join([*parts, _table(_next_steps(plan, folder))]) + "\n"


def _headline(plan: Plan, swarm: str) -> str:
    managers = len(plan.managers)
    size = f"{_count(len(plan.slots), 'host')} in {_count(len(plan.network.zones), 'zone')}"
    told = [
        f"{plan.environment}: {size}",
        f"{_count(managers, 'manager')} (quorum {quorum(managers)})",
        _count(len(plan.workers), "worker"),
        f"{_count(len(plan.routes), 'entry', 'entries')} in every route table",
    ]
    return ", ".join(told) + (f"; Swarm {swarm}" if swarm else "")


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _host_rows(plan: Plan) -> list[Sequence[str]]:
    columns = ("name", "role", "zone", "address", "containers", "pool", "image")
    head = ("HOST", *(column.upper() for column in columns[1:]))
    return [head, *([str(getattr(slot, column)) for column in columns] for slot in plan.slots)]


def _next_steps(plan: Plan, folder: Path) -> list[Sequence[str]]:
    stack = plan.environment
    argument = "" if stack == _DEFAULT_STACK else f" STACK={stack}"
    shell = f"ssh -F {_path(folder / SSH_CONFIG)} {plan.managers[0].name}"
    return [
        ("a shell on a host", shell),
        ("the Swarm's nodes", f"{shell} docker node ls"),
        ("your own docker", f'eval "$(./fairway access --shell {stack})"; docker node ls'),
        ("all of it as JSON", str(folder / INVENTORY)),
        ("the picture", f"make picture{argument}"),
        ("check again", f"make verify{argument}"),
        ("tear it down", f"make down{argument}"),
    ]


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def write_access(
    folder: Path,
    plan: Plan,
    *,
    host_keys: Mapping[str, str],
    operator_key: Secret,
    facts: Mapping[str, Any],
    bastion: Bastion | None = None,
) -> None:
    """Write the files of an environment into `folder`, for its owner alone.

    `facts` is an inventory. Each file is replaced as a whole; the operator's key is never
    readable for others, not for a moment.
    """
    folder = folder.absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _replace(folder / OPERATOR_KEY, operator_key.reveal(), 0o600)
    _replace(folder / KNOWN_HOSTS, known_hosts(plan, host_keys, bastion=bastion), 0o644)
    _replace(folder / SSH_CONFIG, ssh_config(plan, folder, bastion=bastion), 0o644)
    _replace(folder / INVENTORY, json.dumps(facts, indent=2) + "\n", 0o644)


def _replace(path: Path, text: str, mode: int) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent)  # 0600 from its first moment
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        os.fchmod(handle, mode)
    Path(name).replace(path)
