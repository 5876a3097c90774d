"""What every command shares: its arguments, and how an error of ours ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec

import click

from components.environment import read_stack_file
from components.errors import FairwayError
from components.plan import Plan, make_plan
from scripts.workspace import DEFAULT_STACK, stack_file

P = ParamSpec("P")

DONE = 0
NOT_AS_PLANNED = 3


def told(command: Callable[P, int]) -> Callable[P, None]:
    """Turn an error of ours into its message, and the command's number into the exit status."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            sys.exit(command(*args, **kwargs))
        except FairwayError as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(1)

    return run


@contextmanager
def only_json(wanted: bool) -> Iterator[None]:  # noqa: FBT001 - a flag of the command line
    """Keep standard output for a program: what runs meanwhile tells its news on standard error."""
    if not wanted:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def plan_of(stack: str) -> Plan:
    """The plan of a stack, from its file."""
    return make_plan(read_stack_file(stack_file(stack)))


stack_argument = click.argument("stack", default=DEFAULT_STACK, required=False)
as_json = click.option("--json", "machine", is_flag=True, help="Print JSON for programs.")
agreed = click.option("--yes", is_flag=True, help="Go on without asking.")
