"""`fairway rotate`: new SSH keys, new join tokens, or a new certificate authority of the Swarm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import click

from components.remote.wait import Report
from components.swarm import rotation
from components.swarm.managers import Managers
from scripts.cli.common import DONE, agreed, told
from scripts.operation import operation as held
from scripts.operations import rotate as operation
from scripts.operations.managers import opened

EPILOG = """
\b
keys    all hosts' keys and the operator's: accepts new ones everywhere, replaces the
        hosts one after the other, then forgets the former ones. It writes `fairway:keys`
        into the stack's file; run it again to go on after an interruption.
tokens  the Swarm's join tokens: the former ones are refused at once. No host changes.
ca      the Swarm's certificate authority: every node gets a certificate of a new one,
        and trusts that alone in the end. No host changes; no task stops.

\b
examples:
  ./fairway rotate lab tokens
  ./fairway rotate prod keys --yes
"""
TOKENS: Final = "the join tokens become new: whoever holds a former one cannot join any more"
AUTHORITY: Final = "every node gets a certificate of a new authority; all nodes must be up for it"


@click.command(epilog=EPILOG)
@click.argument("stack")
@click.argument("what", type=click.Choice(["keys", "tokens", "ca"]))
@agreed
@told
def rotate(stack: str, what: str, *, yes: bool) -> int:
    """Replace the secrets of STACK: its SSH keys, its join tokens, or the Swarm's authority."""
    _ROTATIONS[what](stack, lambda: yes or click.confirm("go on?", abort=True))
    return DONE


def _keys(stack: str, agree: Callable[[], object]) -> None:
    with opened(stack) as ground:
        hosts = [slot.name for slot in ground.plan.slots]
        known = ground.deployed
        todo = operation.stages(ground.environment.keys, known.keys, known.seeds)
        operation.refuse_only_manager(ground.plan, todo)
        if todo[0] != ground.environment.keys:  # one that was interrupted mends what it broke
            rotation.check_ready(Managers(ground.managers, ground.sessions))
    for number, keys in enumerate(todo, 1):
        click.echo(f"step {number} of {len(todo)}: {operation.meaning(keys, hosts)}")
    agree()
    with held(stack, "rotate keys"):
        operation.rotate(stack, todo, click.echo)
    with opened(stack) as ground:
        rotation.check_ready(Managers(ground.managers, ground.sessions))


def _tokens(stack: str, agree: Callable[[], object]) -> None:
    _of_swarm(stack, TOKENS, agree, rotation.rotate_tokens)


def _authority(stack: str, agree: Callable[[], object]) -> None:
    _of_swarm(stack, AUTHORITY, agree, rotation.rotate_ca)


def _of_swarm(
    stack: str, meaning: str, agree: Callable[[], object], act: Callable[[Managers, Report], None]
) -> None:
    """Do what the managers alone can do, between two looks at all nodes."""
    with opened(stack) as ground:
        managers = Managers(ground.managers, ground.sessions)
        rotation.check_ready(managers)
        click.echo(meaning)
        agree()
        with held(stack, "rotate"):
            act(managers, _news())
            rotation.check_ready(managers)
        click.echo("done: every node is ready")


def _news() -> Callable[[str], None]:
    """Prints what it is told, once."""
    last = ""

    def say(text: str) -> None:
        nonlocal last
        if text != last:
            click.echo(text)
        last = text

    return say


_ROTATIONS: Final = {"keys": _keys, "tokens": _tokens, "ca": _authority}
