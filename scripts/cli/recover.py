"""`fairway recover`: a Swarm that has lost its quorum lives again."""

from __future__ import annotations

from pathlib import Path

import click

from components.errors import SwarmError
from scripts import stack as engine
from scripts.cli.common import DONE, NOT_AS_PLANNED, agreed, told
from scripts.cli.restore import notice
from scripts.operation import operation
from scripts.operations import backups, recovery
from scripts.operations.backups import Held
from scripts.operations.recovery import Finding

ALONE = """\
The quorum is lost: {seen}.
  {survivor} survived. It goes on as the only manager, with all services, networks, secrets and
  configs that it knows. What the lost managers agreed on in their last moment and it never heard
  of is lost.
  {others}The entries of all other managers are removed, and `pulumi up` builds and joins them
  anew. Make sure that none of them comes back as it was: two Swarms would then act.
"""
NOBODY = "The quorum is lost, and no manager is left to go on from: {seen}."


@click.command()
@click.argument("stack")
@click.option(
    "--from",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A backup's file, where no manager survived.",
)
@agreed
@told
def recover(stack: str, file: Path | None, *, yes: bool) -> int:
    """Bring the Swarm of STACK back after it has lost its quorum, with the services still there.

    Goes on from a manager that survived; where none did, builds the managers and restores a backup
    (--from FILE). Refuses while the quorum stands. Says what will happen, and asks.
    """
    found = recovery.look(stack)
    if not found.survivor:
        return _from_backup(stack, found, file, yes=yes)
    click.echo(meaning(found), err=True)
    _agree(yes=yes)
    with operation(stack, "recover"):
        whole = recovery.recover(stack, found, lambda news: click.echo(news, err=True))
    click.echo(f"recovered from {found.survivor}")
    return DONE if whole else NOT_AS_PLANNED


def meaning(found: Finding) -> str:
    """What happens to whom, for a reader who is to agree."""
    names = " and ".join(found.others)
    others = f"{names} survived too: {found.why}. They leave and join again.\n  " if names else ""
    return ALONE.format(seen=found.seen, survivor=found.survivor, others=others)


def _from_backup(stack: str, found: Finding, file: Path | None, *, yes: bool) -> int:
    if file is None:
        raise SwarmError(
            where=f"stack {stack}",
            what="no manager is left to go on from",
            found=str(found.seen),
            hint="start a manager's machine again if one can be started; else name a backup with"
            f" --from FILE, or run `make up STACK={stack}`, then `./fairway restore {stack}`",
        )
    held = Held.read(file)
    click.echo(NOBODY.format(seen=found.seen), err=True)
    click.echo("  `pulumi up` builds the managers first; a new, empty Swarm begins.", err=True)
    click.echo(f"  Then this backup is put back: {held.backup}", err=True)
    _agree(yes=yes)
    with operation(stack, "recover"):
        return _rebuilt(stack, found, file, held)


def _rebuilt(stack: str, found: Finding, file: Path, held: Held) -> int:
    if found.seen.silent and engine.up(stack) != 0:
        raise SwarmError(
            where=f"stack {stack}",
            what="the managers could not be built",
            hint=f"mend what the engine told, then run `./fairway restore {stack} --from {file}`",
        )
    click.echo(notice(stack, held), err=True)
    whole = backups.put_back(stack, held, lambda news: click.echo(news, err=True))
    click.echo(f"recovered: {held.backup}")
    return DONE if whole else NOT_AS_PLANNED


def _agree(*, yes: bool) -> None:
    if not yes:
        click.confirm("Go on?", abort=True, err=True)
