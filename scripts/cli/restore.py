"""`fairway restore`: the Swarm becomes again what it was when a backup was made."""

from __future__ import annotations

from pathlib import Path

import click

from components.backup.names import Backup
from components.errors import ConfigError
from scripts.cli.common import DONE, NOT_AS_PLANNED, agreed, told
from scripts.operation import operation
from scripts.operations import backups
from scripts.operations.backups import Held
from scripts.operations.managers import opened

EPILOG = """
\b
When all managers are gone:
  make up STACK=prod          builds them again; a new, empty Swarm begins
  ./fairway restore prod      puts the newest backup back
"""
NOTICE = """\
{backup}
  It is opened on {slot}, in memory, with the key that this stack's state holds.
  {present}
  Then {slot} goes on from the backup as the only manager, and `pulumi up` brings all other hosts
  in. Services, networks, secrets, configs and join tokens are those of the backup; whatever was
  changed after it is lost. What containers keep on hosts is not touched and not in the backup.
"""


@click.command(epilog=EPILOG)
@click.argument("stack")
@click.argument("name", metavar="[BACKUP]", default="", required=False)
@click.option("--from", "file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@agreed
@told
def restore(stack: str, name: str, file: Path | None, *, yes: bool) -> int:
    """Put a backup of STACK back: the newest, the BACKUP named, or the one in a file (--from).

    Every manager must answer. It is put back on the manager that made it, for a manager's address
    is part of it. Says what will happen, and asks.
    """
    held = chosen(stack, name, file)
    click.echo(notice(stack, held), err=True)
    if not yes:
        click.confirm("Go on?", abort=True, err=True)
    with operation(stack, "restore"):
        whole = backups.put_back(stack, held, lambda news: click.echo(news, err=True))
    click.echo(f"restored: {held.backup}")
    return DONE if whole else NOT_AS_PLANNED


def chosen(stack: str, name: str, file: Path | None) -> Held:
    """The backup that the command line names, else the newest.

    Raises:
        ConfigError: Backups of several Swarms are there: the newest may be that of an empty one.
    """
    if file is not None:
        if name:
            raise ConfigError(
                where="restore",
                what="two backups are named",
                found=f"{name}, {file}",
                hint="choose",
            )
        return Held.read(file)
    if not name:
        _refuse_doubt(stack, backups.listing(stack))
    return backups.take(stack, name)


def _refuse_doubt(stack: str, found: tuple[Backup, ...]) -> None:
    newest = {each.swarm: each for each in reversed(found)}
    if len(newest) > 1:
        raise ConfigError(
            where=f"stack {stack}",
            what="backups of several Swarms are there, one of which may have begun empty",
            found=", ".join(each.name for each in newest.values()),
            wanted="one of them named",
            hint=f"run `./fairway restore {stack} BACKUP`",
        )


def notice(stack: str, held: Held) -> str:
    """What a restore of this backup is going to do; refuses what cannot be done."""
    with opened(stack) as ground:
        backups.check(ground, held)
        cluster = ground.plan.environment
        standing = [m for m in ground.look() if m.engine and m.stands(cluster)]
    present = "No Swarm stands now."
    for machine in standing[:1]:
        swarm = machine.engine.swarm_id if machine.engine else ""
        same = " (the same)" if swarm == held.backup.swarm else ""
        present = f"The Swarm {swarm}{same} that stands now is given up, with all that it holds."
    return NOTICE.format(backup=held.backup, slot=held.backup.slot, present=present)
