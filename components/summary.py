"""The closing words of `make up`: what stands, whether it works, what to do with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

from components.outputs import INVENTORY, SSH_CONFIG, written
from components.plan.carried import carried
from components.plan.model import Plan
from components.plan.safety import quorum

_DEFAULT_STACK = "lab"
_COLUMNS = 100
_BILLED = {
    "disk_gib": ("GiB of disks", "GiB of disks"),
    "nat_gateways": ("NAT gateway", "NAT gateways"),
    "public_addresses": ("public address", "public addresses"),
}


def summary(
    plan: Plan,
    folder: Path,
    *,
    connectivity: str = "",
    swarm: str = "",
    billed: Mapping[str, Any] | None = None,
) -> str:
    """The whole text. No colours, no line over 100 characters for names of usual length.

    `connectivity` is the report of verify as text, `billed` what the cloud counts.
    """
    parts = [_headline(plan, swarm), _table(_host_rows(plan))]
    if billed:
        parts.append(fill(f"what costs money: {costs(billed)}", _COLUMNS, subsequent_indent="  "))
    if connectivity:
        parts.append(connectivity.strip())
    return "\n\n".join([*parts, _table(_next_steps(plan, folder))]) + "\n"


def costs(billed: Mapping[str, Any]) -> str:
    """What components/clouds/bill.py counted, as a list: `3 x m7i.large, 3 NAT gateways`."""
    counted = [f"{int(n)} x {kind}" for kind, n in (billed.get("instances") or {}).items()]
    counted += [
        f"{int(n)} x {kind} (spot)" for kind, n in (billed.get("spot_instances") or {}).items()
    ]
    counted += [
        _count(int(billed[key]), *nouns) for key, nouns in _BILLED.items() if billed.get(key)
    ]
    return f"{', '.join(counted)}, and traffic between zones and to the internet"


def _headline(plan: Plan, swarm: str) -> str:
    managers = len(plan.managers)
    size = f"{_count(len(plan.slots), 'host')} in {_count(len(plan.network.zones), 'zone')}"
    told = [
        f"{plan.environment}: {size}",
        f"{_count(managers, 'manager')} (quorum {quorum(managers)})",
        _count(len(plan.workers), "worker"),
        carried(plan),
    ]
    return ", ".join(told) + (f"; Swarm {swarm}" if swarm else "")


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _host_rows(plan: Plan) -> list[Sequence[str]]:
    cloud = ("type",) if any(slot.type for slot in plan.slots) else ()
    columns = ("name", "role", "zone", "address", "containers", "pool", *cloud, "image")
    head = ("HOST", *(column.upper() for column in columns[1:]))
    return [head, *([str(getattr(slot, column)) for column in columns] for slot in plan.slots)]


def _next_steps(plan: Plan, folder: Path) -> list[Sequence[str]]:
    stack = plan.environment
    argument = "" if stack == _DEFAULT_STACK else f" STACK={stack}"
    shell = f"ssh -F {written(folder / SSH_CONFIG)} {plan.managers[0].name}"
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
