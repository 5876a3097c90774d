"""`./fairway rebalance`: let the Swarm place the tasks of services anew."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from components.errors import FairwayError
from components.remote import way
from components.remote.session import Sessions
from components.swarm import spread
from components.swarm.managers import Managers
from components.swarm.spread import Service
from scripts.cli import state
from scripts.cli.common import (
    DONE,
    NOT_AS_PLANNED,
    agreed,
    as_json,
    only_json,
    plan_of,
    told,
)
from scripts.operation import operation

EPILOG = """
\b
exit status:
  0 done   1 an error that was told   2 wrong words   3 a service is not whole
"""


@click.command(epilog=EPILOG)
@click.argument("stack")
@click.argument("services", nargs=-1, metavar="[SERVICE]...")
@agreed
@as_json
@told
def rebalance(stack: str, services: tuple[str, ...], *, yes: bool, machine: bool) -> int:
    """Spread the tasks of services over the hosts that there are now.

    The Swarm never moves a task that runs well, so hosts that are new or came back stay empty.
    This runs `docker service update --force` for one SERVICE after the other, each as fast as its
    own update settings allow, and stops at the first that is not whole before or after. Without
    a SERVICE it takes all replicated services with more than one task.
    """
    with managers_of(stack) as managers:
        moved = spread.chosen(spread.services(managers), services)
        if not moved:
            click.echo("no service has tasks to spread", err=True)
        elif not yes:
            _ask(moved)
        with only_json(machine), operation(stack, "rebalance"):
            after = _spread(managers, moved)
        _show(moved, after, machine=machine)
    return DONE if len(after) == len(moved) else NOT_AS_PLANNED


def _spread(managers: Managers, moved: Sequence[Service]) -> list[Service]:
    """Place one after the other, up to the first that is not whole; those that are whole again."""
    after: list[Service] = []
    try:
        for service in moved:
            click.echo(f"{service.name}: placing its tasks anew", err=True)
            after.append(spread.spread_again(managers, service, _progress))
    except FairwayError as error:
        click.echo(f"error: {error}", err=True)
    return after


@contextmanager
def managers_of(stack: str) -> Iterator[Managers]:
    """The stack's managers, ready to be asked."""
    plan, deployed = plan_of(stack), state.read(stack)
    endpoints = [
        way.endpoint(deployed.seed, plan.environment, slot.name, str(slot.address), deployed.way)
        for slot in plan.managers
    ]
    with Sessions.of(deployed.seed) as sessions:
        yield Managers(endpoints, sessions)


def _ask(moved: Sequence[Service]) -> None:
    """Show what will be moved, and go on only if that is wanted."""
    for service in moved:
        lonely = "; its only task is away meanwhile" if service.wanted == 1 else ""
        click.echo(f"{service.name}: {service.wanted} tasks on {service.spread}{lonely}", err=True)
    click.confirm("stop and start their tasks?", abort=True, err=True)


def _progress(news: str) -> None:
    click.echo(news, err=True)


def _show(before: Sequence[Service], after: Sequence[Service], *, machine: bool) -> None:
    """Tell each service's tasks by host, before and after."""
    pairs = list(zip(before, after, strict=False))
    if machine:
        told = [
            {"service": a.name, "before": dict(a.running), "after": dict(b.running)}
            for a, b in pairs
        ]
        click.echo(json.dumps(told, indent=2))
        return
    for a, b in pairs:
        click.echo(f"{a.name}: {a.spread} -> {b.spread}")
