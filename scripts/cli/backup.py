"""`fairway backup`: make one, list those that are there, copy one elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from components.backup.names import Backup
from scripts.cli.common import DONE, as_json, stack_argument, told
from scripts.operations import backups

EPILOG = """
\b
examples:
  ./fairway backup prod                  make one now
  ./fairway backup prod --list           those that are there, the newest first
  ./fairway backup prod --now --out FILE make one and copy it to FILE
  ./fairway backup prod --out FILE       copy the newest to FILE
A copy is encrypted still; the stack's own state holds the key.
"""


@click.command(epilog=EPILOG)
@stack_argument
@click.option("--now", is_flag=True, help="Make one now; so without any other option.")
@click.option("--list", "listing", is_flag=True, help="List them, the newest first.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Copy one to a file.")
@as_json
@told
def backup(stack: str, *, now: bool, listing: bool, out: Path | None, machine: bool) -> int:
    """Back up the Swarm of STACK: its services, networks, secrets, configs and keys.

    The managers make backups by themselves, as `fairway:backup` says. Each is encrypted on the
    manager that leads, for a key that no host has. What containers keep on hosts is in none.
    """
    made = backups.make_now(stack) if now or not (listing or out) else None
    if out is not None:
        held = backups.take(stack, made.name if made else "")
        held.write(out)
        made = held.backup
    if made is not None:
        _tell(made, machine=machine and not listing)
    if listing:
        _show(backups.listing(stack), machine=machine)
    return DONE


def _tell(one: Backup, *, machine: bool) -> None:
    click.echo(json.dumps(_facts(one), indent=2) if machine else f"{one.name} ({size(one)})")


def _show(found: tuple[Backup, ...], *, machine: bool) -> None:
    if machine:
        click.echo(json.dumps([_facts(each) for each in found], indent=2))
        return
    for each in found:
        click.echo(f"{each.name}  {size(each)}")
    if not found:
        click.echo("none yet", err=True)


def _facts(one: Backup) -> dict[str, Any]:
    made = one.made.isoformat()
    return {"name": one.name, "made": made, "slot": one.slot, "swarm": one.swarm, "size": one.size}


def size(one: Backup) -> str:
    """How large it is, for a person."""
    return f"{one.size / 1e6:.1f} MB" if one.size >= 100_000 else f"{one.size / 1e3:.1f} kB"


def save(stack: str, path: Path) -> None:
    """Make a backup now and write it to `path`, encrypted."""
    backups.save(stack, path)


def put_back(stack: str, path: Path) -> None:
    """Restore the backup in `path`, without asking."""
    backups.put_back(stack, backups.Held.read(path), lambda news: click.echo(news, err=True))
