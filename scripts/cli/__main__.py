"""`./fairway`: one command line for what is done with a stack."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from components import outputs
from components import summary as closing
from components.environment import read_stack_file
from components.errors import ConfigError, SetupError
from scripts.cli import access, drawing, image, state, tunnel
from scripts.cli.backup import backup
from scripts.cli.common import as_json, plan_of, stack_argument, told
from scripts.cli.drift import drift
from scripts.cli.preview import preview, up
from scripts.cli.rebalance import rebalance
from scripts.cli.rebuild import rebuild
from scripts.cli.recover import recover
from scripts.cli.restore import restore
from scripts.cli.roll import roll
from scripts.cli.rotate import rotate
from scripts.cli.sections import Sections
from scripts.cli.unlock import unlock
from scripts.operations import verify as proving
from scripts.workspace import stack_file

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
  0 done   1 an error that was told   2 wrong words   3 not as planned, or not whole
  4 image --dry-run found a newer one
"""
SECTIONS = {
    "Look, and change nothing": (*("summary", "preview", "verify", "drift", "graph", "inventory"),),
    "Get into hosts": ("ssh", "access"),
    "Change the cluster": ("up", "roll", "rebalance", "rotate", "image"),
    "Keep it, and bring it back": ("backup", "restore", "recover", "rebuild", "unlock"),
}


@click.group(
    cls=Sections,
    sections=SECTIONS,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
def main() -> None:
    """Look at a Fairway stack, change it, and bring it back.

    STACK is the name of a file stacks/Pulumi.STACK.yaml; without it, the default stack `lab`.
    What destroys or replaces says so first, and asks.
    """


@main.command()
@stack_argument
@as_json
@told
def verify(stack: str, *, machine: bool) -> int:
    """Check that the network is as planned, with real containers and in the cloud's own tables.

    Nothing is changed but for a probe container on every host, which is gone at the end; run it at
    any time, by hand, in CI or as a cron job.
    """
    report = proving.verify(stack, state.read(stack), lambda news: click.echo(news, err=True))
    click.echo(json.dumps(report.to_dict(), indent=2) if machine else report.text(), nl=machine)
    return report.exit_code


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
    plan, deployed = plan_of(stack), state.read(stack)
    known = access.names(plan, deployed)
    if host not in known:
        raise ConfigError(
            where=f"stack {stack}",
            what="no such host",
            found=host,
            wanted=", ".join(known),
            hint="name one of them",
        )
    access.write(stack, plan, deployed)
    words = access.ssh_words(stack, host, command)
    os.execvp(words[0], words)  # noqa: S606  (this process becomes the shell)


@main.command()
@stack_argument
@click.option("--no-report", "silent", is_flag=True, help="Leave out what the last `up` proved.")
@told
def summary(stack: str, *, silent: bool) -> int:
    """Tell what stands, whether it works, and what to do with it."""
    plan, deployed = plan_of(stack), state.read(stack)
    folder = Path(os.path.relpath(access.write(stack, plan, deployed)))
    text = closing.summary(
        plan,
        folder,
        connectivity="" if silent else deployed.report,
        swarm=deployed.swarm,
        billed=deployed.billed,
    )
    click.echo(text, nl=False)
    return 0


@main.command(name="image")
@click.argument("stack")
@click.option("--write/--dry-run", default=True, help="Write it into the file, or only show it.")
@told
def newest_image(stack: str, *, write: bool) -> int:
    """Find the newest image of the stack's cloud and write it into the stack's file."""
    status, text = image.update(stack, write=write)
    click.echo(text)
    return status


@main.command(name="tunnel", hidden=True)
@click.argument("region")
@click.argument("environment")
@click.argument("address")
@click.argument("port")
@told
def session_manager(region: str, environment: str, address: str, port: str) -> int:
    """Join input and output with a host's port over AWS Session Manager."""
    words = tunnel.words(region, environment, address, port)
    os.execvp(words[0], words)  # noqa: S606  (this process becomes the tunnel)


main.add_command(backup)
main.add_command(drift)
main.add_command(preview)
main.add_command(rebalance)
main.add_command(rebuild)
main.add_command(recover)
main.add_command(restore)
main.add_command(roll)
main.add_command(rotate)
main.add_command(unlock)
main.add_command(up)

if __name__ == "__main__":
    main(prog_name="fairway")
