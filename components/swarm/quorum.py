"""Quorum is arithmetic: which changes of the managers are safe, and whether they can act now."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from components.errors import FairwayError, QuorumLost, SwarmError
from components.remote.endpoint import Endpoint
from components.remote.session import Sessions
from components.remote.wait import Deadline, Pace
from components.swarm.look import survey
from components.swarm.refusals import FORCE
from components.swarm.seen import Machine

OVERRIDE = "FAIRWAY_ALLOW_QUORUM_LOSS"  # an environment variable; who asks reads it
NEAR = 5.0  # seconds for a manager to let us in
ELECTION = 20.0  # seconds in which an election ends, if it can


@dataclass(frozen=True, slots=True, kw_only=True)
class Quorum:
    """What the managers say at this moment, each named once."""

    standing: frozenset[str] = frozenset()
    leaderless: frozenset[str] = frozenset()
    outside: frozenset[str] = frozenset()  # answered, and is no manager of this cluster's Swarm
    silent: frozenset[str] = frozenset()

    @property
    def lost(self) -> bool:
        """Whether a manager is left that has no leader and none that has one."""
        return bool(self.leaderless) and not self.standing

    def __str__(self) -> str:
        parts = (
            ("in the Swarm", self.standing),
            ("without a leader", self.leaderless),
            ("in no Swarm of this cluster", self.outside),
            ("not answering", self.silent),
        )
        return "; ".join(f"{', '.join(sorted(who))} {how}" for how, who in parts if who)


def tolerance(managers: int) -> int:
    """How many of so many managers may fail, or be away, at the same time."""
    return max(0, (managers - 1) // 2)


def quorum_fault(old: Set[str], new: Set[str], seen: Quorum | None = None) -> FairwayError | None:
    """Why the managers must not change from `old` to `new`, by slot name; None if they may.

    Without `seen` all old managers count as healthy. An empty `old` is a first creation.
    """
    if seen is not None and seen.lost:
        return _lost(seen)
    if len(new) % 2 == 0:
        return _even(new)
    gone = old - new
    if len(gone) > tolerance(len(old)) and old:
        return _too_many(old, new)
    return _too_few_left(old, gone, seen) if gone and seen is not None else None


def replacement_fault(managers: Set[str], replaced: Set[str], seen: Quorum) -> FairwayError | None:
    """Why these managers must not get new machines, even one at a time; None if they may.

    A manager that works is away for a while: those that work without it must be a majority, and
    there must be one.
    """
    for name in sorted(replaced & seen.standing):
        rest, working = managers - {name}, seen.standing - {name}
        if not rest:
            return only_manager(name)
        if 2 * len(working) <= len(rest):
            return SwarmError(
                where="managers",
                what=f"{name} cannot be replaced while others do not work",
                found=str(seen),
                wanted=f"more than half of {', '.join(sorted(rest))} at work",
                hint="bring those back first: `./fairway roll STACK --host NAME` replaces them"
                f" alone; {OVERRIDE}=1 goes on nevertheless",
            )
    return None


def only_manager(name: str) -> SwarmError:
    """The Swarm lives on in no other manager while this one is away."""
    return SwarmError(
        where="managers",
        what=f"{name} is the only manager, and the Swarm ends with its machine: services, networks,"
        " secrets and configs",
        wanted="two other managers that hold it meanwhile",
        hint="go to 3 managers first, and stay there; or make a backup, run this with"
        f" {OVERRIDE}=1, and `./fairway restore` it",
    )


def look_at_quorum(
    managers: Sequence[Endpoint],
    sessions: Sessions,
    cluster: str,
    *,
    patience: float = ELECTION,
) -> Quorum:
    """Ask all managers at once. An election that is under way gets `patience` seconds to end."""
    limit = Deadline(patience)
    pace = Pace(limit, 1.0)
    while True:
        found = classify(survey(managers, sessions, deadline=NEAR), cluster)
        if not found.lost or limit.passed:
            return found
        pace.pause()


def classify(machines: Sequence[Machine], cluster: str) -> Quorum:
    """Sort the managers by what they said."""
    standing = frozenset(m.name for m in machines if m.stands(cluster))
    leaderless = frozenset(m.name for m in machines if m.leaderless(cluster))
    silent = frozenset(m.name for m in machines if m.engine is None)
    every = frozenset(m.name for m in machines)
    outside = every - standing - leaderless - silent
    return Quorum(standing=standing, leaderless=leaderless, outside=outside, silent=silent)


def _lost(seen: Quorum) -> QuorumLost:
    survivor = " or ".join(sorted(seen.leaderless))
    return QuorumLost(
        where="managers",
        what="the Swarm has lost its quorum, and no change to it is possible",
        found=str(seen),
        wanted="more than half of them in the Swarm",
        hint=f"start the silent machines and wait for a leader, or {FORCE.format(survivor)}; "
        f"{OVERRIDE}=1 lets `pulumi up` go on as it is, for instance to start those machines",
    )


def _even(new: Set[str]) -> SwarmError:
    return SwarmError(
        where="managers",
        what="an even number of managers survives no more failures than one fewer would",
        found=f"{len(new)} ({', '.join(sorted(new))})" if new else "none",
        wanted="1, 3, 5, 7 or 9",
        hint=f"add or remove one; {OVERRIDE}=1 goes on nevertheless",
    )


def _too_many(old: Set[str], new: Set[str]) -> SwarmError:
    allowed, gone = tolerance(len(old)), old - new
    return SwarmError(
        where="managers",
        what=f"{len(gone)} of {len(old)} managers would be removed at once",
        found=f"removing {', '.join(sorted(gone))} from {', '.join(sorted(old))}",
        wanted=f"at most {allowed} at once" if allowed else "the only manager to stay",
        hint=f"{_way(len(old), grows=bool(new - old))}; {OVERRIDE}=1 goes on nevertheless",
    )


def _way(managers: int, *, grows: bool) -> str:
    """How so many managers become fewer, or others, in steps that each survive a failure."""
    if grows:
        return "add the new ones first, run `pulumi up`, and remove the others after it"
    step = (managers - tolerance(managers)) | 1
    if step < managers:
        return f"go to {step} first, run `pulumi up`, and on from there"
    return (
        f"no step lies between {managers} and 1 that survives a failure: be sure that all of them "
        "work, and have a backup"
    )


def _too_few_left(old: Set[str], gone: Set[str], seen: Quorum) -> SwarmError | None:
    # Members that are silent go on counting until they are demoted, and who goes first is open.
    staying = (old - gone) & seen.standing
    counting = (old - gone) | (gone - seen.standing)
    if not seen.standing or 2 * len(staying) > len(counting):
        return None
    return SwarmError(
        where="managers",
        what=f"removing {', '.join(sorted(gone))} would leave too few managers that work",
        found=str(seen),
        wanted=f"more than half of {len(counting)} at work; {len(staying)} would be",
        hint=f"start or replace the managers that do not work first; {OVERRIDE}=1 goes on "
        "nevertheless",
    )
