"""`./fairway roll`: give hosts new machines, one turn after the other."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from components.change.order import Turn
from components.errors import ConfigError
from scripts.cli.common import (
    DONE,
    NOT_AS_PLANNED,
    agreed,
    as_json,
    only_json,
    plan_of,
    stack_argument,
    told,
)
from scripts.operation import operation
from scripts.operations.drift import drift
from scripts.operations.roll import How, Outcome, Roll
from scripts.operations.roll_plan import Diary, Work, prepare
from scripts.operations.roll_plan import told as told_change
from scripts.progress import span

EPILOG = """
\b
The order: hosts that are not whole now, one worker as a canary, the other workers some at a
time, managers that do not lead one at a time, the leader last. Before and after every turn all
managers must stand, all nodes be ready, and all services have their tasks; after the canary
the network is verified with real containers. The roll stops at the first fault, and goes on
from there when the same words are given again.

\b
examples:
  ./fairway roll prod --dry-run               what a change of the stack's file rolls, and why
  ./fairway roll prod --max-unavailable 3
  ./fairway roll prod --host b11 --host c1    new machines for these two, whatever the file says
  ./fairway roll prod --drifted               for those that were changed by hand
  ./fairway roll prod --all                   for every host

\b
exit status:
  0 done   1 an error that was told   2 wrong words   3 the cluster is not whole, so it stopped
"""


@click.command(epilog=EPILOG)
@stack_argument
@click.option(
    "--max-unavailable",
    "most",
    type=click.IntRange(min=1),
    help="Workers that are away at the same time. [default: fairway:batch]",
)
@click.option("--host", "hosts", multiple=True, help="Replace this host, and no other.")
@click.option("--all", "every", is_flag=True, help="Replace every host.")
@click.option("--drifted", is_flag=True, help="Replace the hosts that `drift` shows, no other.")
@click.option("--no-canary", "hasty", is_flag=True, help="Verify at the end alone.")
@click.option("--anew", is_flag=True, help="Begin again, where one with --host or --all stopped.")
@click.option("--dry-run", "--plan", "dry", is_flag=True, help="Only show the order.")
@agreed
@as_json
@told
def roll(  # noqa: PLR0913 - the words of a command line
    stack: str,
    *,
    most: int | None,
    hosts: Sequence[str],
    every: bool,
    drifted: bool,
    hasty: bool,
    anew: bool,
    dry: bool,
    yes: bool,
    machine: bool,
) -> int:
    """Replace the hosts of STACK that a change of its file makes new, or those that are named.

    Services with two or more tasks answer throughout. Slots keep their names, addresses, ranges,
    routes and labels.
    """
    asked = _asked(stack, hosts, every=every, drifted=drifted)
    if asked == []:
        click.echo("no host was changed by hand", err=True)
        if machine:
            click.echo(json.dumps({"reasons": {}, "order": []}))
        return DONE
    how = How(most=most, canary=not hasty)
    with only_json(machine):
        if dry:
            shown = _shown(prepare(stack, asked, anew=anew), how)
            outcome = None
        else:
            with operation(stack, "roll"):
                work = prepare(stack, asked, anew=anew)
                shown = _shown(work, how)
                outcome = _run(work, how, yes=yes)
    if machine:
        click.echo(json.dumps({**shown, **(outcome.to_dict() if outcome else {})}, indent=2))
    return NOT_AS_PLANNED if outcome and outcome.stopped else DONE


def _asked(stack: str, hosts: Sequence[str], *, every: bool, drifted: bool) -> list[str] | None:
    """The hosts that are to be replaced whatever the file says; None: those that it changes."""
    if bool(hosts) + every + drifted > 1:
        raise ConfigError(
            where="roll",
            what="hosts are named in more than one way",
            hint="give --host, --all or --drifted",
        )
    if drifted:
        return _drifted(stack)
    if every:
        return [slot.name for slot in plan_of(stack).slots]
    return list(dict.fromkeys(hosts)) or None


def _drifted(stack: str) -> list[str]:
    """The hosts that were changed by hand, and what an interrupted roll has left half made."""
    looked = drift(stack)
    for name, why in looked.silent.items():
        click.echo(f"{name} does not answer, so it was not looked at: {why}", err=True)
    begun, found = set(Diary.of(stack).machines), set(looked.drifted)
    if begun - looked.found.keys():
        found |= begun
    return sorted(found)


def _run(work: Work, how: How, *, yes: bool) -> Outcome:
    if work.nothing:
        return Outcome()
    if not yes:
        click.confirm("Go on?", abort=True, err=True)
    outcome = Roll(work, how, _say).run()
    for each in outcome.done:
        click.echo(f"{each.turn.kind:8}{', '.join(each.turn.hosts)}  {span(each.seconds)}")
    if outcome.stopped:
        click.echo(f"stopped: {outcome.stopped}", err=True)
        left = ", ".join(outcome.left) or "nothing"
        click.echo(f"left: {left}; `./fairway roll` with the same words goes on", err=True)
    return outcome


def _shown(work: Work, how: How) -> dict[str, object]:
    """Show what is to be done; the same for a program."""
    if work.nothing:
        click.echo("nothing to roll: every host is as the stack's file says")
        return {"reasons": {}, "order": []}
    turns = Roll(work, how, _say).foretold()
    for line in _lines(work, turns):
        click.echo(line)
    return {
        "reasons": dict(work.reasons),
        "order": [{"kind": turn.kind, "hosts": list(turn.hosts)} for turn in turns],
        "first": [told_change(each) for each in work.first],
        "later": list(work.later),
        "done_before": list(work.done),
    }


def _lines(work: Work, turns: Sequence[Turn]) -> list[str]:
    inside = [name for turn in turns for name in turn.hosts]
    lines = [f"{name:8}{work.reasons[name]}" for name in inside]
    if work.done:
        lines.append(f"done by an earlier run: {', '.join(work.done)} (--anew replaces them again)")
    lines += [f"first   {told_change(each)}" for each in work.first]
    lines.append("order   " + (" | ".join(map(str, turns)) or "no host gets a new machine"))
    in_place = [name for name in work.reasons if name not in inside]
    lines += [f"at the end, in place: {name} ({work.reasons[name]})" for name in in_place]
    lines += [f"at the end: {change}" for change in work.later]
    alone = ["whatever else the stack's file changes is left alone"] if work.asked else []
    return lines + alone


def _say(news: str) -> None:
    click.echo(news, err=True)
