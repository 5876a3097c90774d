"""`fairway rebuild`: the drill that shows that a cluster can be built again from what is kept."""

from __future__ import annotations

import json

import click

from scripts.cli import backup
from scripts.cli.common import (
    DONE,
    NOT_AS_PLANNED,
    agreed,
    as_json,
    only_json,
    stack_argument,
    told,
)
from scripts.operation import operation
from scripts.operations.rebuild import STEPS, Diary, Difference, Drill, Outcome
from scripts.progress import span

WARNING = """\
Every machine of {stack} will be destroyed and built anew from its file and a backup made now.
Its services are away meanwhile, and what containers kept on their hosts is lost.
The cluster's keys stay, so hosts come back with the SSH keys that are pinned.
"""
GOING_ON = "A rebuild of {stack} is under way; it goes on with: {step}.\n"


@click.command()
@stack_argument
@agreed
@as_json
@told
def rebuild(stack: str, *, yes: bool, machine: bool) -> int:
    """Destroy the stack, build it from its file and a backup, and compare.

    Compared are addresses, container ranges, roles, labels, route entries, and all that the Swarm
    holds: services, networks, secrets, configs. An interrupted rebuild goes on when it is run
    again. Ends with 0 when nothing differs, with 3 when something does.
    """
    click.echo(_notice(stack), err=True)
    if not yes:
        click.confirm("Go on?", abort=True, err=True)
    with operation(stack, "rebuild"), only_json(machine):
        drill = Drill(stack, save=backup.save, restore=backup.put_back)
        outcome = drill.run()
    click.echo(json.dumps(outcome.to_dict(), indent=2) if machine else text(outcome))
    return DONE if outcome.same else NOT_AS_PLANNED


def _notice(stack: str) -> str:
    diary = Diary.of(stack)
    left = next(step for step in STEPS if not diary.done(step))
    return (WARNING if left == STEPS[0] else GOING_ON).format(stack=stack, step=left)


def text(outcome: Outcome) -> str:
    """The outcome for people: what differs, then how long each step took."""
    took = ", ".join(f"{step} {span(seconds)}" for step, seconds in outcome.seconds.items())
    total = span(sum(outcome.seconds.values()))
    if outcome.same:
        head = f"the same in all {outcome.facts} facts"
    else:
        lines = "\n".join(f"  {_line(each)}" for each in outcome.differences)
        head = f"{len(outcome.differences)} of {outcome.facts} facts differ:\n{lines}"
    return f"{head}\nrebuilt in {total}: {took}"


def _line(each: Difference) -> str:
    return f"{each.name}: was {each.before or 'not there'}, is {each.after or 'not there'}"
