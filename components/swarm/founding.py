"""The wait before a first Swarm: one begins only when every planned manager answers."""

from __future__ import annotations

from components.remote.session import Sessions
from components.remote.wait import Deadline, Pace, Progress, Report, ignore
from components.swarm.look import survey
from components.swarm.model import NodePlan

PATIENCE = 240.0  # seconds between the first and the last machine of one creation


def await_managers(
    plan: NodePlan, sessions: Sessions, report: Report = ignore, *, patience: float = PATIENCE
) -> None:
    """Return when all other managers answer, when one is in a Swarm, or after `patience` seconds.

    Only the node that may begin a Swarm waits; what it may do then is for `bring_up` to judge.
    No dependency in the engine can say this: while a Swarm stands, the others' machines wait for
    this node, and a state that says both ways ends each run with targets ("Duplicate resource
    URN").
    """
    if not plan.begins:
        return
    limit = Deadline(patience)
    pace, progress = Pace(limit, 1.0), Progress(report, limit)
    while True:
        machines = survey(plan.others, sessions)
        silent = [machine.name for machine in machines if machine.engine is None]
        if not silent or any(machine.joined for machine in machines) or limit.passed:
            return
        progress.say(f"waiting for {', '.join(silent)} before a Swarm begins")
        pace.pause()
