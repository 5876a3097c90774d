"""What managers do beside being in the Swarm: backups, and locking their keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from components.backup import kit
from components.errors import RemoteError
from components.host.later import HostFile
from components.remote.command import Secret
from components.remote.session import Sessions
from components.remote.wait import Report
from components.swarm import autolock
from components.swarm.model import NodePlan
from provider.wire import Values

UNLOCK: Final = "unlock"  # the output that keeps the unlock key, a secret
NEAR: Final = 8.0  # seconds for a manager that should be up to let us look at it


def missing_duties(
    plan: NodePlan, sessions: Sessions, inputs: Values, outputs: Values
) -> list[str]:
    """Name what a manager does not do as it should; a silent host is told of elsewhere."""
    if plan.role != "manager":
        return []
    try:
        session, found = sessions.to(plan.endpoint, deadline=NEAR), []
        files = _kit(inputs)
        if files and not kit.installed(session, files):
            found.append("set up its backups")
        if plan.begins and autolock.is_on(session) != _locks(inputs):
            found.append(f"switch autolock {'on' if _locks(inputs) else 'off'}")
        elif _locks(inputs) and autolock.key_of(session) != _known(outputs):
            found.append("keep the new unlock key")
    except RemoteError:
        return []
    return found


def do_duties(
    plan: NodePlan, sessions: Sessions, inputs: Values, outputs: Values, report: Report
) -> Values:
    """Make it so, and return what the state has to keep of it."""
    session, files = sessions.to(plan.endpoint), _kit(inputs)
    if files and not kit.installed(session, files):
        report("setting up its backups")
        kit.install(session, files)
    if not files and outputs.get("backup"):
        kit.remove(session)
    if plan.role != "manager":
        return {}
    if plan.begins and autolock.is_on(session) != _locks(inputs):
        report(f"switching autolock {'on' if _locks(inputs) else 'off'}")
        autolock.switch(session, on=_locks(inputs))
    key = autolock.key_of(session) if _locks(inputs) else None
    return {UNLOCK: key.reveal()} if key else {}


def unlock(
    plan: NodePlan, sessions: Sessions, inputs: Values, outputs: Values, report: Report
) -> None:
    """Unlock the managers that wait for it; does nothing where autolock never was on."""
    if _locks(inputs) or _known(outputs):
        autolock.unlock_all(plan.managers, sessions, _known(outputs), report)


def _kit(inputs: Values) -> Mapping[str, HostFile]:
    wanted = inputs.get("backup")
    if not wanted or inputs["role"] != "manager":
        return {}
    return kit.kit(Secret(inputs["seed"]), inputs["cluster"], inputs["name"], wanted)


def _locks(inputs: Values) -> bool:
    return bool(inputs.get("autolock"))


def _known(outputs: Values) -> Secret | None:
    held = outputs.get(UNLOCK)
    return Secret(held) if held else None
