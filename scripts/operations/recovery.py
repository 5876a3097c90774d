"""A Swarm that has lost its quorum goes on from a manager that survived."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from components.backup import putting_back
from components.errors import SwarmError
from components.remote.wait import Deadline, Pace
from components.swarm import at_rest, survivor
from components.swarm.again import go_on_alone
from components.swarm.apply import leave_by_force
from components.swarm.quorum import Quorum, look_at_quorum
from scripts.operations.backups import finish
from scripts.operations.managers import Ground, opened

NOTICES_WITHIN: Final = 30.0  # seconds for a leader to step down
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a look at the managers says; `survivor` is "" where no manager of the Swarm is left.

    `why` says why it is this one where several survived.
    """

    seen: Quorum
    survivor: str
    why: str = ""

    @property
    def others(self) -> tuple[str, ...]:
        """Managers that survived as well: they leave, and join the Swarm of the survivor."""
        return tuple(sorted(self.seen.leaderless - {self.survivor}))


def look(stack: str) -> Finding:
    """See what is left of the Swarm; an election that is under way is waited for.

    Raises:
        SwarmError: The quorum stands, and nothing is to be recovered.
    """
    with opened(stack) as ground:
        seen = _settled(ground)
        commits = {} if seen.standing else _commits(ground, seen)
    if seen.standing:
        raise SwarmError(
            where=f"stack {stack}",
            what="the Swarm has its quorum, and nothing is to be recovered",
            found=str(seen),
            hint=f"run `make up STACK={stack}`: it replaces managers that are gone",
        )
    return Finding(seen, *survivor.choose(commits))


def _commits(ground: Ground, seen: Quorum) -> dict[str, int]:
    """How far the copy of each manager that is left goes."""
    return {name: survivor.commit_of(ground.session(name)) for name in sorted(seen.leaderless)}


def _settled(ground: Ground) -> Quorum:
    """What the managers say once a leader that lost the others has noticed, which takes seconds."""
    limit = Deadline(NOTICES_WITHIN)
    pace = Pace(limit, 1.0)
    while True:
        seen = look_at_quorum(ground.managers, ground.sessions, ground.plan.environment)
        few = seen.standing and 2 * len(seen.standing) <= len(ground.managers)
        if not few or limit.passed:
            return seen
        pace.pause()


def recover(stack: str, found: Finding, say: Say) -> bool:
    """Make the survivor the only manager, then build the others; whether all is whole then."""
    with opened(stack) as ground:
        _open_locked(ground, found.survivor, say)
        node = ground.node(found.survivor)
        go_on_alone(node, ground.sessions, say, gone=lambda row: row.manager != "")
        for name in found.others:  # last: until it leads, theirs are the only other copies
            say(f"{name} leaves, to join again")
            leave_by_force(ground.session(name))
    return finish(stack, say)


def _open_locked(ground: Ground, name: str, say: Say) -> None:
    session = ground.session(name)
    if not at_rest.is_locked(at_rest.read(session).reveal()):
        return
    key = ground.deployed.unlock
    if key is None:
        raise SwarmError(
            where=name,
            what="autolock is on, and the stack's state does not hold the unlock key",
            hint="restore the engine's state, or a backup: `./fairway recover STACK --from BACKUP`",
        )
    say(f"unlocking the keys on {name}: its containers stop and start again")
    putting_back.open_locked(session, key)
