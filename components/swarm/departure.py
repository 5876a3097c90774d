"""Taking a node out of its Swarm, in whatever state it and the Swarm are."""

from __future__ import annotations

from collections.abc import Callable

from components.errors import CommandFailed, DeadlineExceeded, HostUnreachable
from components.remote.command import Command
from components.remote.session import Sessions
from components.remote.wait import Report, ignore, wait_until
from components.swarm import facts
from components.swarm.apply import demote_node, drop_entry, leave_by_force
from components.swarm.facts import Row
from components.swarm.look import ask_or_note, missing, standing, survey
from components.swarm.managers import NEAR, Managers, not_here, passes
from components.swarm.model import MARKER_FILE, NodePlan
from components.swarm.moving import Moving
from components.swarm.seen import Machine

DRAINS_WITHIN = 60.0  # seconds; a task has 10 to stop unless its service says otherwise
MOVES_WITHIN = 120.0  # seconds for its services to be whole elsewhere; images may be pulled there
STEPS_DOWN_WITHIN = 30.0
PATIENCE = 30.0  # for managers that may be leaving themselves


def take_down(plan: NodePlan, node_id: str, sessions: Sessions, report: Report = ignore) -> None:
    """Move the node's tasks away, make it leave, and remove it from the managers' list.

    Succeeds where there is nothing to do, where the machine is gone, and where no other manager
    can act; it then waits for nobody.
    """
    leaving = Departure(plan, node_id, sessions, report)
    others = survey(plan.others, sessions)
    if any(machine.stands(plan.cluster) for machine in others):
        leaving.through(standing(plan, others, sessions, patience=PATIENCE))
    leaving.leave()


class Departure:
    """One node on its way out; `present` is whether its machine answers as this node."""

    def __init__(self, plan: NodePlan, node_id: str, sessions: Sessions, report: Report) -> None:
        self._plan = plan
        self._id = node_id
        self._sessions = sessions
        self._report = report
        self._me: Machine = ask_or_note(plan.endpoint, sessions)
        self.present = self._me.engine is not None and self._me.engine.node_id == node_id
        self._left = False

    def through(self, managers: Managers) -> None:
        """Go with the help of managers that stay, as far as they can help."""
        try:
            rows = facts.read_rows(managers.run(facts.NODES).stdout)
            own = next((row for row in rows if row.id == self._id), None)
            if own is not None:
                self._orderly(managers, own, [row for row in rows if row is not own])
        except CommandFailed as error:
            if not (missing(error) or passes(error) or not_here(error) or _last(error)):
                raise
            self._report("no manager can help it out; leaving by force")
        except HostUnreachable:
            self._report("no manager answers; leaving by force")

    def leave(self) -> None:
        """Leave, if the machine answers and is in a Swarm that is this cluster's."""
        ours = self.present or self._me.belongs(self._plan.cluster)
        if self._left or not (self._me.joined and ours):
            return
        self._left = True
        self._report("leaving the Swarm")
        try:
            session = self._sessions.to(self._plan.endpoint, deadline=NEAR)
            leave_by_force(session)
            session.run(Command.of("rm", "-f", MARKER_FILE))
        except (HostUnreachable, DeadlineExceeded) as error:
            self._report(f"it fell silent while leaving ({error.what})")

    def _orderly(self, managers: Managers, own: Row, rest: list[Row]) -> None:
        if self.present and any(_takes_tasks(row) for row in rest):
            self._drain(managers)
        if own.manager:
            self._step_down(managers)
        if self.present:
            self.leave()
        # The managers call a node that left "ready" for another 13 s (measured); it is known to
        # be gone, so nobody waits for them to notice.
        self._report("being removed from the list of nodes")
        drop_entry(managers, self._id, demote=False)

    def _drain(self, managers: Managers) -> None:
        self._report("moving its tasks away")
        moving = Moving(managers, self._id)
        drain = Command.of("docker", "node", "update", "--availability", "drain", self._id)
        managers.run(drain)
        self._wait("its tasks to stop", lambda: self._idle(managers), DRAINS_WITHIN)
        self._wait("its tasks to run elsewhere", moving.over, MOVES_WITHIN)
        if moving.stuck:
            self._report(f"no other node can take a task of {', '.join(moving.stuck)}")

    def _idle(self, managers: Managers) -> bool:
        return not facts.read_live_tasks(managers.run(facts.node_tasks(self._id)).stdout)

    def _step_down(self, managers: Managers) -> None:
        self._report("stepping down as manager")
        demote_node(managers, self._id)
        self._wait("it to be a worker", lambda: self._is_worker(managers), STEPS_DOWN_WITHIN)

    def _is_worker(self, managers: Managers) -> bool:
        row = self._row(managers)
        if row and row.manager:
            return False
        engine = ask_or_note(self._plan.endpoint, self._sessions).engine if self.present else None
        return engine is None or not engine.control

    def _row(self, managers: Managers) -> Row | None:
        rows = facts.read_rows(managers.run(facts.NODES).stdout)
        return next((row for row in rows if row.id == self._id), None)

    def _wait(self, what: str, done: Callable[[], bool], seconds: float) -> None:
        """Wait, and go on with a note if it does not happen: leaving is never blocked."""
        try:
            wait_until(
                what,
                lambda: done() or None,
                where=self._plan.name,
                deadline=seconds,
                hint="",
                report=self._report,
            )
        except DeadlineExceeded:
            self._report(f"waited {seconds:.0f} s for {what}; going on without")


def _takes_tasks(row: Row) -> bool:
    return row.status == "ready" and row.availability == "active"


def _last(error: CommandFailed) -> bool:
    """Whether Docker keeps the node because the Swarm would have no manager without it."""
    said = error.stderr.lower()
    return "last manager" in said or "quorum" in said
