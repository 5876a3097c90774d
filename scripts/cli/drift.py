"""`./fairway drift`: what was changed by hand on hosts that are to be replaced, never patched."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import click

from scripts.cli.common import DONE, NOT_AS_PLANNED, as_json, stack_argument, told
from scripts.operations import drift as looking
from scripts.operations.drift import Looked

SILENT = 1
EPILOG = """
\b
exit status:
  0 no drift   1 an error that was told, or a host that does not answer
  2 wrong words   3 drift
"""
_HEAD = ("HOST", "WHAT", "FOUND", "PLANNED")
_WIDEST = (20, 60, 48, 48)  # characters; --json has all of it


@click.command(epilog=EPILOG)
@stack_argument
@click.option("--host", "hosts", multiple=True, metavar="NAME", help="Only this one; repeatable.")
@as_json
@told
def drift(stack: str, hosts: tuple[str, ...], *, machine: bool) -> int:
    """Show what was changed by hand on each host.

    Hosts are asked over SSH, all at once, and compared with what the plan says they are made of:
    files and units that Fairway wrote, and others beside them; Docker's settings, sysctls, packet
    rules, packages changed since the first boot, containers outside the Swarm, keys that log in
    as root, and networks that take planned addresses. Nothing is changed, so run it at any time.

    A packet rule that is missing comes back with the next `up`. For all else replace the host:
    `./fairway roll STACK --drifted` takes just the hosts that are shown, one at a time.
    """
    looked = looking.drift(stack, hosts)
    click.echo(json.dumps(looked.to_dict(), indent=2) if machine else text(stack, looked))
    if looked.drifted:
        return NOT_AS_PLANNED
    return SILENT if looked.silent else DONE


def text(stack: str, looked: Looked) -> str:
    """The answer for people: a table of what was found, then what to know and to do."""
    rows = [
        (name, each.what, each.found, each.planned)
        for name, found in looked.found.items()
        for each in found
    ]
    lines = list(_table([_HEAD, *rows])) if rows else []
    return "\n".join([*lines, *_closing(stack, looked)])


def _closing(stack: str, looked: Looked) -> Iterator[str]:
    for name, why in looked.silent.items():
        yield f"{name} does not answer: {why}"
    if looked.outdated:
        yield (
            f"made of an earlier plan, so files, keys and Docker's version were not judged:"
            f" {', '.join(looked.outdated)}; `./fairway roll {stack}` replaces them"
        )
    asked = len(looked.found)
    if looked.drifted:
        yield f"{len(looked.drifted)} of {asked} hosts were changed by hand"
        yield f"replace just these: ./fairway roll {stack} --drifted"
    elif asked:
        yield f"no drift on {asked} host{'s' if asked > 1 else ''}"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    cut = [[_cut(cell, most) for cell, most in zip(row, _WIDEST, strict=True)] for row in rows]
    widths = [max(len(row[column]) for row in cut) for column in range(len(_HEAD))]
    for row in cut:
        cells = zip(row, widths, strict=True)
        yield "  ".join(cell.ljust(width) for cell, width in cells).rstrip()


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."
