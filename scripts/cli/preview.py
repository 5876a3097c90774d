"""`fairway preview` and `fairway up`: what a change means, and doing just what was looked at."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click

from components.change.meaning import Meaning
from components.change.text import markdown, plain
from components.errors import ConfigError
from scripts import stack as engine
from scripts.cli.common import DONE, agreed, as_json, only_json, stack_argument, told
from scripts.operations import preview as looking

CHANGES = 2
NEEDS_A_HUMAN = 3
_FINGERPRINT = re.compile(r"^[0-9a-f]{12,64}$")


def status(meaning: Meaning) -> int:
    """0 nothing changes, 2 something does, 3 it needs a human."""
    if meaning.nothing:
        return DONE
    return NEEDS_A_HUMAN if meaning.needs_a_human else CHANGES


@click.command()
@stack_argument
@as_json
@click.option("--markdown", "as_markdown", is_flag=True, help="Print it for a pull request.")
@click.option(
    "--picture",
    metavar="FILE.html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a page with the network before and after as well.",
)
@click.option(
    "--save",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write the JSON there, for `up --approved`.",
)
@told
def preview(
    stack: str, *, machine: bool, as_markdown: bool, picture: Path | None, save: Path | None
) -> int:
    """Say what the next `up` does to hosts, routes, paths, services and the quorum.

    The worst comes first: `!!` needs somebody's yes (data, quorum or a path is lost, the route
    table is full), `~` passes by itself. Ends with 0 when nothing changes, 2 when something does,
    3 when a human has to look. Nothing is touched.
    """
    if picture is not None:
        refuse_no_page(picture)
    with only_json(machine or as_markdown):
        looked = looking.seen(stack)
    meaning = looked.meaning
    as_told = json.dumps(meaning.to_dict(), indent=2)
    if save:
        save.write_text(f"{as_told}\n")
    if machine:
        click.echo(as_told)
    else:
        click.echo(markdown(meaning, stack) if as_markdown else plain(meaning))
    if picture is not None:
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_text(looking.picture(looked), encoding="utf-8")
        click.echo(f"picture: {picture}", err=True)
    return status(meaning)


@click.command()
@stack_argument
@agreed
@click.option(
    "--approved",
    metavar="FILE|FINGERPRINT",
    help="What `preview --json` printed, or its fingerprint: only that is done.",
)
@told
def up(stack: str, *, yes: bool, approved: str | None) -> int:
    """Do what a preview showed, and nothing else.

    The preview is shown and asked about, or compared with the approved one. Right before anything
    is touched a fresh one is made; where it would do something else, nothing is done.
    """
    meaning = looking.preview(stack)
    click.echo(plain(meaning))
    if meaning.nothing:
        return DONE
    if approved is not None:
        refuse_another(stack, wanted=_fingerprint(approved), found=meaning.fingerprint)
    elif not yes:
        click.confirm("Do it?", abort=True)
        found = looking.preview(stack).fingerprint
        refuse_another(stack, wanted=meaning.fingerprint, found=found)
    return engine.up(stack)


def _fingerprint(approved: str) -> str:
    """The fingerprint itself, twelve digits or more of it, or that in a file."""
    if _FINGERPRINT.fullmatch(approved):
        return approved
    try:
        (found,) = _FINGERPRINT.findall(json.loads(Path(approved).read_text())["fingerprint"])
        return str(found)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            where=approved,
            what="this is no approved preview",
            found=f"{type(error).__name__}: {error}",
            wanted="a file with what `./fairway preview --json` printed, or its fingerprint",
            hint="make it again and have it approved",
        ) from error


def refuse_no_page(file: Path) -> None:
    """Raise a ConfigError, before anything runs, where the name is not that of a page."""
    if file.suffix != ".html":
        raise ConfigError(
            where=str(file),
            what="the picture of a change is a page",
            found=file.suffix or "no suffix",
            wanted=".html",
            hint="give --picture such a name",
        )


def refuse_another(stack: str, *, wanted: str, found: str) -> None:
    """Raise a ConfigError where what would be done is not what was approved."""
    if not found.startswith(wanted):
        raise ConfigError(
            where=f"stack {stack}",
            what="it would do something else than what was approved, so nothing was done",
            found=f"preview {found[:12]}",
            wanted=f"preview {wanted[:12]}",
            hint=f"look again with `./fairway preview {stack}` and have that approved",
        )
