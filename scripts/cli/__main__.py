"""`./fairway`: verify, picture, inventory and ways into a stack that stands."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import click

from components import outputs
from components.environment import read_stack_file
from components.errors import ConfigError, FairwayError, SetupError
from components.plan import Plan, make_plan
from scripts.cli import access, check, drawing, state
from scripts.workspace import DEFAULT_STACK, stack_file

P = ParamSpec("P")
NOT_AS_PLANNED = 3

EPILOG = """
\b
examples:
  ./fairway verify                    can every container reach every other, and if not, why
  ./fairway ssh lab a1                a root shell on host a1, its key pinned
  ./fairway ssh lab a1 docker node ls
  ./fairway graph --out lab.svg       the picture
  eval "$(./fairway access --shell)"  then plain `docker node ls` speaks to the cluster

\b
exit status:
  0 done   1 an error that was told   2 wrong words   3 the network is not as planned
"""


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


def plan_of(stack: str) -> Plan:
    return make_plan(read_stack_file(stack_file(stack)))


stack_argument = click.argument("stack", default=DEFAULT_STACK, required=False)
as_json = click.option("--json", "machine", is_flag=True, help="Print JSON for programs.")


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Look at a Fairway stack, check it, and get into its hosts.

    STACK is the name of a file stacks/Pulumi.STACK.yaml; without it, the default stack `lab`.
    Nothing here changes the stack; `make up` and `make down` do.
    """


@main.command()
@stack_argument
@as_json
@told
def verify(stack: str, *, machine: bool) -> int:
    """Check with real containers that the network is as planned."""
    report = check.check(stack, state.read(stack), lambda news: click.echo(news, err=True))
    click.echo(json.dumps(report.to_dict(), indent=2) if machine else report.text(), nl=machine)
    return 0 if report.ok else NOT_AS_PLANNED


@main.command()
@stack_argument
@click.option("--out", type=click.Path(path_type=Path), help="The file: .html (default) or .svg.")
@told
def graph(stack: str, out: Path | None) -> int:
    """Draw zones, hosts, container ranges and route entries; the proof too once it stands."""
    target = out or access.folder_of(stack) / "topology.html"
    text = drawing.draw(read_stack_file(stack_file(stack)), _answer(stack), target)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    click.echo(str(target))
    return 0


def _answer(stack: str) -> Mapping[str, Any]:
    """What verify found at the last `up`; nothing for a stack that does not stand."""
    try:
        return state.read(stack).answer
    except SetupError:
        return {}


@main.command()
@stack_argument
@told
def inventory(stack: str) -> int:
    """Print hosts, addresses, ranges, roles and ids as JSON."""
    click.echo(json.dumps(access.facts(plan_of(stack), state.read(stack)), indent=2))
    return 0


@main.command(name="access")
@stack_argument
@click.option("--shell", is_flag=True, help="Print exports that make plain `docker` work.")
@told
def write_access(stack: str, *, shell: bool) -> int:
    """Write SSH and docker settings into .fairway/STACK."""
    folder = access.write(stack, plan_of(stack), state.read(stack))
    exports = access.docker_environment(stack, os.environ)
    if shell:
        for name, value in exports.items():
            click.echo(f"export {name}={shlex.quote(value)}")
        return 0
    click.echo(f"ssh      ssh -F {folder / outputs.SSH_CONFIG} HOST")
    click.echo(f'docker   eval "$(./fairway access --shell {stack})"; docker node ls')
    return 0


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("stack")
@click.argument("host")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@told
def ssh(stack: str, host: str, command: tuple[str, ...]) -> int:
    """Open a shell on HOST, or run COMMAND there."""
    plan = plan_of(stack)
    known = [slot.name for slot in plan.slots]
    if host not in known:
        raise ConfigError(
            where=f"stack {stack}",
            what="no such host",
            found=host,
            wanted=", ".join(known),
            hint="name one of them",
        )
    access.write(stack, plan, state.read(stack))
    words = access.ssh_words(stack, host, command)
    os.execvp(words[0], words)  # noqa: S606  (this process becomes the shell)


@main.command()
@stack_argument
@told
def summary(stack: str) -> int:
    """Tell what stands, whether it works, and what to do with it."""
    plan, deployed = plan_of(stack), state.read(stack)
    folder = Path(os.path.relpath(access.write(stack, plan, deployed)))
    text = outputs.summary(plan, folder, connectivity=deployed.report, swarm=deployed.swarm)
    click.echo(text, nl=False)
    return 0


if __name__ == "__main__":
    main(prog_name="fairway")
