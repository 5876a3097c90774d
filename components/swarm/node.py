"""One node's life in its Swarm: bring it up from any half-way state, see it, take it down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from components.errors import (
    CommandFailed,
    FairwayError,
    HostUnreachable,
    RemoteError,
    SwarmError,
)
from components.host.names import ROUTED_CONFIG
from components.remote.session import Sessions
from components.remote.wait import Deadline, Pace, Progress, Report, ignore
from components.swarm.apply import apply
from components.swarm.decide import decide, our_labels, settled
from components.swarm.departure import take_down
from components.swarm.facts import Entry
from components.swarm.look import look, look_past
from components.swarm.managers import passes
from components.swarm.model import NodePlan, NodeState
from components.swarm.seen import Seen

__all__ = ["NodePlan", "NodeState", "bring_up", "observe", "take_down"]

ROUNDS = 8  # a fresh node needs three: join, be labelled, nothing left
SILENT_LOOKS = 2  # a computer under load may miss one; a dead machine costs this one look more
SETTLES_WITHIN = 60.0  # seconds for a join, an election or a restart that is under way


def bring_up(plan: NodePlan, sessions: Sessions, report: Report = ignore) -> NodeState:
    """Make the machine the node that is planned; does nothing where nothing is to do.

    Raises:
        QuorumLost: The Swarm has too few managers.
        SwarmError: What was found must not be touched; the message says what to do.
        RemoteError: The machine does not answer, or a command failed on it.
    """
    trouble: RemoteError | None = None
    for _ in range(ROUNDS):
        seen = _look_until_settled(plan, sessions, report)
        found = decide(seen, plan)
        if not found:
            return _state(seen, plan, ())
        try:
            apply(found, seen, plan, sessions, report)
        except CommandFailed as error:
            # Several managers that join at once wait for one another; look again, go on from there.
            if not passes(error):
                raise
            trouble = error
        except HostUnreachable as error:
            # A connection may break under a host that is well, and what was done there is kept. The
            # next look tells, and ends here where the host is gone.
            trouble = error
    raise trouble or SwarmError(
        where=plan.name,
        what=f"it is still not as planned after {ROUNDS} rounds",
        found="; ".join(str(step) for step in found),
        hint="see who else changes this node",
    )


def observe(plan: NodePlan, sessions: Sessions, node_id: str = "") -> NodeState | None:
    """What the node is now, or None if it is not in the Swarm.

    A machine that is silent is told of by the managers. If none of them can tell either, the
    answer is a state with `node_id`, as it was known, and a `drift` that says so: silence is
    never taken for absence.
    """
    seen = _look_past_when_settled(plan, sessions)
    engine = seen.me.engine
    if engine is not None and not engine.joined:
        return None
    if engine is not None and engine.locked:
        return replace(_untold(seen, node_id), drift=(f"{plan.name} waits for the unlock key",))
    if seen.swarm is None:
        if engine is not None and not seen.me.belongs(plan.cluster):
            return None
        return _untold(seen, node_id)
    own = seen.swarm.entry(engine.node_id) if engine else _entry_of(seen, plan, node_id)
    return _state(seen, plan, _drift(seen, plan), own) if own else None


def _look_until_settled(plan: NodePlan, sessions: Sessions, report: Report) -> Seen:
    limit = Deadline(SETTLES_WITHIN)
    pace, progress = Pace(limit, 0.5), Progress(report, limit)
    while True:
        try:
            seen = look(plan, sessions)
            if settled(seen, plan) or limit.passed:
                return seen
        except CommandFailed as error:
            if limit.passed or not passes(error):
                raise
        progress.say("waiting for the Swarm to settle")
        pace.pause()


def _look_past_when_settled(plan: NodePlan, sessions: Sessions, *, within: float = 15.0) -> Seen:
    limit = Deadline(within)
    pace, silent = Pace(limit, 0.5), 0
    while True:
        seen = look_past(plan, sessions)
        silent += seen.me.engine is None
        answered = seen.me.engine is not None or silent >= SILENT_LOOKS
        if limit.passed or (answered and settled(seen, plan)):
            return seen
        pace.pause()


def _drift(seen: Seen, plan: NodePlan) -> tuple[str, ...]:
    try:
        return tuple(str(step) for step in decide(seen, plan))
    except FairwayError as refusal:
        return (str(refusal),)


def _entry_of(seen: Seen, plan: NodePlan, node_id: str) -> Entry | None:
    entries = seen.swarm.entries if seen.swarm else ()
    ours = (entry for entry in entries if node_id in (entry.id, ""))
    return next(ours, None)


def _state(
    seen: Seen, plan: NodePlan, drift: tuple[str, ...], entry: Entry | None = None
) -> NodeState:
    swarm, engine = seen.swarm, seen.me.engine
    own = entry or (swarm.entry(engine.node_id) if swarm and engine else None)
    if swarm is None or own is None:
        raise SwarmError(
            where=plan.name, what="it is on no manager's list", hint="run `pulumi up` again"
        )
    return NodeState(
        node_id=own.id,
        swarm_id=swarm.id,
        role=own.role,
        availability=own.availability,
        address=engine.address if engine else own.address,
        labels=our_labels(own, plan),
        containers=_containers(seen),
        engine=engine.version if engine else "",
        drift=drift,
    )


def _untold(seen: Seen, node_id: str) -> NodeState:
    engine, marker = seen.me.engine, seen.me.marker
    known: Mapping[str, str] = {}
    return NodeState(
        node_id=engine.node_id if engine and engine.node_id else node_id,
        swarm_id=marker.swarm if marker else "",
        role="manager" if engine and engine.control else "",
        availability="",
        address=engine.address if engine else "",
        labels=known,
        containers=_containers(seen),
        engine=engine.version if engine else "",
        drift=("no manager can tell: " + "; ".join(m.says for m in (seen.me, *seen.peers)),),
    )


def _containers(seen: Seen) -> str:
    config = seen.networks.get(ROUTED_CONFIG)
    return ", ".join(config.subnets) if config else ""
