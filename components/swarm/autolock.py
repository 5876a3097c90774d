"""Autolock: managers keep their keys encrypted, and wait for one key after each restart."""

from __future__ import annotations

from collections.abc import Sequence

from components.errors import CommandFailed, SwarmError
from components.remote.command import Command, Secret
from components.remote.endpoint import Endpoint, Session
from components.remote.session import Sessions
from components.remote.wait import Report
from components.swarm.engine_api import unlock
from components.swarm.look import survey

_SPEC = "{{json .Swarm.Cluster.Spec.EncryptionConfig.AutoLockManagers}}"
_IS_ON = Command.of("docker", "info", "--format", _SPEC)
_KEY = Command.of("docker", "swarm", "unlock-key", "--quiet")
_SET = 'docker swarm update --autolock="$1" >/dev/null'  # it would print the key
_NO_KEY = "no unlock key is set"


def is_on(session: Session) -> bool:
    """Whether the Swarm of this manager locks its managers."""
    return session.run(_IS_ON).stdout.strip() == "true"


def switch(session: Session, *, on: bool) -> None:
    """Lock the managers of this Swarm at their restarts, or no more."""
    session.run(Command.script(_SET, "true" if on else "false"))


def key_of(session: Session) -> Secret | None:
    """The Swarm's unlock key, as a standing manager tells it; None while autolock is off."""
    try:
        told = session.run(_KEY).stdout.strip()
    except CommandFailed as error:
        if _NO_KEY in error.stderr.lower():
            return None
        raise
    return Secret(told) if told else None


def unlock_all(
    managers: Sequence[Endpoint], sessions: Sessions, key: Secret | None, report: Report
) -> None:
    """Unlock every manager that is locked, with `key` or with the one that a standing one tells.

    All of them, for those that are locked count for the quorum which one alone would wait for.

    Raises:
        SwarmError: A manager is locked and no key that is known opens it.
    """
    machines = survey(managers, sessions)
    locked = [each.name for each in machines if each.engine and each.engine.locked]
    if not locked:
        return
    endpoints = {endpoint.name: endpoint for endpoint in managers}
    standing = [each.name for each in machines if each.engine and each.engine.stands]
    for name in standing[:1]:
        key = key_of(sessions.to(endpoints[name])) or key
    if key is None:
        raise _no_key(locked)
    for name in locked:
        report(f"unlocking {name}")
        unlock(sessions.to(endpoints[name]), key)


def _no_key(locked: Sequence[str]) -> SwarmError:
    return SwarmError(
        where=", ".join(locked),
        what="its Swarm state is locked, and no manager that stands tells the key",
        hint="run `docker swarm unlock` on it, then `pulumi up` again",
    )
