"""Rolling a cluster: one turn after the other, each between two looks at the Swarm.

Every turn is a run of the engine with the hosts of that turn as its targets. What was done is in
the engine's state (and, for machines that no change asks for, in the roll's diary), so a roll that
stopped goes on when it is begun again.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from components.change.order import Turn, next_turn, turns
from components.config.model import AT_ONCE
from components.errors import DeadlineExceeded, FairwayError, SetupError
from components.swarm.health import WHOLE_WITHIN, Health, Trouble, wait_whole
from components.verify import Report
from scripts import locks
from scripts import stack as engine
from scripts.cli import check, state
from scripts.operation import operation
from scripts.operations.managers import opened
from scripts.operations.roll_plan import Diary, Work, note, prepare

SETTLES_WITHIN: Final = 20.0  # seconds for what an earlier command has just begun
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How fast and how careful. Without `most` it is the stack's own `fairway:batch`."""

    most: int | None = None
    canary: bool = True


@dataclass(frozen=True, slots=True)
class Done:
    """A turn that went well, and its seconds."""

    turn: Turn
    seconds: float


@dataclass
class Outcome:
    """What a roll has done, and why it did not go on; "" where it came to its end."""

    done: list[Done] = field(default_factory=list)
    stopped: str = ""
    left: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        turns = [
            {"kind": d.turn.kind, "hosts": list(d.turn.hosts), "seconds": round(d.seconds, 1)}
            for d in self.done
        ]
        return {"turns": turns, "stopped": self.stopped, "left": list(self.left)}


class Stopped(Exception):  # noqa: N818 - the roll's own word; nobody else sees it
    """The cluster is not as it must be for the next turn; the text says why."""


def roll(stack: str, hosts: Collection[str] | None, say: Say, *, how: How | None = None) -> Outcome:
    """Replace exactly these hosts; None: those that a change of the stack's file replaces.

    Raises:
        FairwayError: Nothing could be begun, or the engine stopped in a turn.
    """
    with operation(stack, "roll"):
        return Roll(prepare(stack, hosts), how or How(), say).run()


class Roll:
    """One roll of one stack."""

    def __init__(self, work: Work, how: How, say: Say) -> None:
        self._work, self._say = work, say
        self._most = how.most or work.batch
        self._canary = how.canary and len(work.reasons) > 1 and not work.done
        self._rest = list(work.reasons)
        self._outcome = Outcome()

    def foretold(self) -> list[Turn]:
        """The turns as they would be if nothing changed meanwhile."""
        seen = see(self._work.stack)
        left = self._left(seen, self._rest)
        told = turns(left, self._work.roles, seen, most=self._most, canary=self._canary)
        return list(told)

    def run(self) -> Outcome:
        """Take all turns, then let a plain `up` settle the rest.

        Raises:
            FairwayError: The engine stopped in a turn, or somebody interrupted it.
        """
        note(self._work)
        try:
            self._prepare_network()
            while self._turn():
                pass
            self._settle()
        except Stopped as stopped:
            self._outcome.stopped, self._outcome.left = str(stopped), tuple(self._rest)
        except KeyboardInterrupt:
            raise self._ended("it was interrupted between two turns") from None
        else:
            Diary.of(self._work.stack).close()
        return self._outcome

    # -- turns

    def _turn(self) -> bool:
        """Take one turn; whether there was one to take."""
        seen = self._settled()
        rest = self._left(seen, self._rest)
        if not rest:
            return False
        roles, most = self._work.roles, self._most
        turn = next_turn(rest, roles, seen, most=most, canary=self._canary)
        bad = _in_the_way(seen, turn)
        if bad:
            raise Stopped(f"the cluster is not whole, so nothing more is replaced: {bad}")
        began = time.monotonic()
        self._say(f"roll: {turn}")
        self._engine(f"the turn of {', '.join(turn.hosts)}", self._targets(turn))
        self._rest = [name for name in rest if name not in turn.hosts]
        self._await_whole(turn)
        if turn.kind == "canary":
            self._canary = False
            self._verify(f"the canary {turn.hosts[0]} stands")
        self._outcome.done.append(Done(turn, time.monotonic() - began))
        return True

    def _left(self, seen: Health, names: Sequence[str]) -> list[str]:
        """Without hosts that only change in place, where they are whole: the last run does it."""
        unsure = self._work.unsure - seen.broken
        return [slot for slot in self._work.roles if slot in names and slot not in unsure]

    def _settled(self) -> Health:
        """How the cluster is once nothing passes by any more, hosts that are left aside."""
        found: list[Health] = []

        def seen() -> Health:
            found[:] = [see(self._work.stack)]
            return _but_for(found[0], found[0].broken & set(self._rest))

        # What to make of it, if it lasts, depends on whose turn it is.
        with contextlib.suppress(DeadlineExceeded):
            wait_whole(seen, where=self._work.stack, within=SETTLES_WITHIN)
        return found[0]

    def _targets(self, turn: Turn) -> list[str]:
        words = [word for name in turn.hosts for word in ("--target", f"**::{name}")]
        forced = [self._work.forced[name] for name in turn.hosts if name in self._work.forced]
        return words + [word for urn in forced for word in ("--replace", urn)]

    def _await_whole(self, turn: Turn) -> None:
        def seen() -> Health:
            found = see(self._work.stack)
            return _but_for(found, found.broken & set(self._rest))

        try:
            wait_whole(seen, where=", ".join(turn.hosts), within=WHOLE_WITHIN, report=self._say)
        except DeadlineExceeded as error:
            raise Stopped(f"{error.where} came back, but {error.found}") from error

    def _verify(self, standing: str) -> None:
        report = proven(self._work.stack, self._say)
        if not report.ok:
            raise Stopped(f"{standing}, but the network is not as planned:\n{report.text()}")

    # -- the rest

    def _prepare_network(self) -> None:
        """Make first what hosts may depend on, and touch none of them."""
        urns = [change.urn for change in self._work.first]
        if urns:
            self._say(f"roll: what is no host's, {', '.join(c.name for c in self._work.first)}")
            words = [word for urn in urns for word in ("--target", urn)]
            self._engine("the turn of the network", words)

    def _settle(self) -> None:
        """Let the guard of the managers learn of the new machines, and have the proof made anew."""
        work = self._work
        if work.asked:
            self._engine("the last proof", ["--target", "**Report::*"])
            if not (report := proven(work.stack, self._say)).ok:
                raise Stopped(
                    f"all hosts stand, but the network is not as planned\n{report.text()}"
                )
            return
        self._say("roll: a last run settles the rest")
        status = engine.up(work.stack)
        if status != 0 or engine.interrupted():
            raise self._ended("the last run, which settles the rest, did not end well", status)

    def _engine(self, what: str, words: Sequence[str]) -> None:
        stack = self._work.stack
        locks.release_stale(stack)
        common = ("up", "--yes", "--skip-preview", *engine.looking_first(stack), *engine.QUIET)
        with _as_many_at_once(self._most):
            status = engine.pulumi(*common, *words, "--stack", stack)
        if status != 0 or engine.interrupted():
            raise self._ended(f"the engine stopped in {what}", status)

    def _ended(self, what: str, status: int | None = None) -> FairwayError:
        done = ", ".join(name for each in self._outcome.done for name in each.turn.hosts)
        told = "" if status is None else f"status {status}, told above; "
        return SetupError(
            where=f"stack {self._work.stack}",
            what=what,
            found=f"{told}{done or 'no host'} done before",
            hint=f"see what it says; `./fairway roll {self._work.stack}` with the same words goes"
            " on from there",
        )


@contextlib.contextmanager
def _as_many_at_once(workers: int) -> Iterator[None]:
    """Let the engine's own chain of workers be no narrower than a turn."""
    os.environ[AT_ONCE] = str(workers)
    try:
        yield
    finally:
        del os.environ[AT_ONCE]


def see(stack: str) -> Health:
    """How the stack's Swarm is now."""
    with opened(stack) as ground:
        return ground.health()


def proven(stack: str, say: Say) -> Report:
    """The network's proof, made anew."""
    return check.check(stack, state.read(stack), say)


def _in_the_way(seen: Health, turn: Turn) -> str:
    """What forbids this turn; "" if nothing does. Broken hosts are mended among broken ones."""
    if not seen.leader:
        return f"{seen}; `./fairway recover` is for a lost quorum"
    if turn.kind == "mend":
        return ""
    rest = seen.but(turn.hosts)
    return "" if rest.ok else str(rest)


def _but_for(seen: Health, hosts: Collection[str]) -> Health:
    """Leave out these hosts, and services too while one of them is away."""
    rest = seen.but(hosts)
    if not hosts:
        return rest
    kept: tuple[Trouble, ...] = tuple(each for each in rest.troubles if each.host)
    return Health(leader=seen.leader, troubles=kept, services=seen.services)
