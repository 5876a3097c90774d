"""`./fairway unlock`: who holds a stack, and taking a hold away whose holder is no more."""

from __future__ import annotations

from typing import TypeAlias

import click

from components.errors import SetupError
from scripts import locks, operation
from scripts.cli.common import DONE, NOT_AS_PLANNED, agreed, told
from scripts.locks import Lock
from scripts.operation import Holder
from scripts.operations import mark

Hold: TypeAlias = Holder | Lock


@click.command()
@click.argument("stack")
@click.option("--show", is_flag=True, help="Only tell who holds it; ends with 3 if somebody does.")
@agreed
@told
def unlock(stack: str, *, show: bool, yes: bool) -> int:
    """Take away the hold of an operation (roll, restore, rebuild, ...) that ended without a word.

    Such a command holds STACK from its start to its end: by a record in this checkout, and by a
    mark in the Swarm that all operators see. Where its process was killed on this computer, the
    next command takes the hold away by itself; this one is for another computer's. A run of the
    engine holds it by the engine's own lock.
    """
    here, everywhere = operation.recorded(stack), mark.marked_by(stack)
    holders = list(dict.fromkeys(each for each in (here, everywhere) if each is not None))
    runs = locks.held(stack)
    held: list[Hold] = [*holders, *runs]
    for each in held:
        click.echo(f"held: {each}{', which is no more' if each.gone else ''}")
    if not held:
        click.echo("nobody holds it")
    if show or not held:
        return NOT_AS_PLANNED if holders or any(not run.gone for run in runs) else DONE
    for each in held:
        _refuse_living(stack, each)
    if holders and not yes:
        click.confirm("Is it no more? Take its hold away?", abort=True)
    for holder in holders:
        operation.release(stack, holder)
        mark.unmark(stack, holder)
    locks.release_stale(stack)
    return DONE


def _refuse_living(stack: str, hold: Hold) -> None:
    if hold.here and not hold.gone:
        raise SetupError(
            where=f"stack {stack}",
            what="its holder is at work on this computer",
            found=str(hold),
            hint=f"wait for it, or interrupt it (kill -INT {hold.pid})",
        )
