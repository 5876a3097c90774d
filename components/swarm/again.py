"""A Swarm that goes on from one manager alone, with all that it held."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from components.errors import CommandFailed
from components.remote.endpoint import Session
from components.remote.session import Sessions
from components.remote.wait import Report, wait_until
from components.swarm import facts
from components.swarm.apply import drop_entry, mark
from components.swarm.engine_api import begin_again
from components.swarm.facts import Engine, Marker, Row
from components.swarm.look import ask
from components.swarm.managers import Managers
from components.swarm.model import NodePlan

LEADS_WITHIN: Final = 60.0


def go_on_alone(
    plan: NodePlan,
    sessions: Sessions,
    report: Report,
    *,
    gone: Callable[[Row], bool],
) -> Engine:
    """Make the manager of `plan` the only one of the Swarm whose state it has, and let it lead.

    The entries for which `gone` holds are dropped. Services, secrets and configs stay.
    """
    session = sessions.to(plan.endpoint)
    report("going on alone")
    begin_again(session, plan.address, plan.overlays)
    engine = _led(plan, session, report)
    mark(session, Marker(plan.cluster, engine.swarm_id))
    managers = Managers([plan.endpoint], sessions)
    for row in facts.read_rows(managers.run(facts.NODES).stdout):
        if row.id != engine.node_id and gone(row):
            report(f"removing the entry of {row.hostname or row.id}")
            drop_entry(managers, row.id, demote=row.manager != "")
    return engine


def _led(plan: NodePlan, session: Session, report: Report) -> Engine:
    def leads() -> Engine | None:
        engine = ask(plan.endpoint, session).engine
        return engine if engine and engine.stands else None

    return wait_until(
        "it to lead the Swarm",
        leads,
        where=plan.name,
        deadline=LEADS_WITHIN,
        every=0.5,
        retry_on=(CommandFailed,),
        hint="see `journalctl -u docker` on the host",
        report=report,
    )
