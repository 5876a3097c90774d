"""Waiting for a host's boot to be complete: set up without an error, Docker up, rules in place."""

from __future__ import annotations

import json
from typing import Any

from components.errors import BootFailed
from components.host.facts import rules_missing
from components.host.names import GWBRIDGE_UNIT
from components.remote.command import Command
from components.remote.endpoint import Session
from components.remote.masking import tail
from components.remote.wait import Deadline, Report, ignore, wait_until

LOG = "/var/log/cloud-init-output.log"
ROUND = 5  # seconds that one look waits on the host itself, so that the end is seen at once
HINT = f"log in and read {LOG} and `journalctl -b -u docker -u fairway-*`"

# Read instead of `cloud-init status`, which is a Python program that takes half a second of the
# processor that the boot needs.
_RESULT = """\
end=$(($(date +%s) + $1))
until [ -e /run/cloud-init/result.json ]; do
  [ ! -e /run/cloud-init/disabled ] || exit 3
  [ "$(date +%s)" -lt "$end" ] || exit 2
  sleep 0.2
done
cat /run/cloud-init/result.json
"""


def wait_ready(session: Session, *, deadline: float = 300, report: Report = ignore) -> None:
    """Return when the host behind `session` is ready for Swarm.

    Raises:
        BootFailed: Its first boot ended with an error, which is shown.
        DeadlineExceeded: `deadline` seconds passed; says what was waited for and how far it came.
    """
    limit = Deadline(deadline)
    _await_cloud_init(session, limit, report)
    _await_docker(session, limit, report)
    _await_rules(session, limit, report)
    _await_gwbridge(session, limit, report)


def _await_cloud_init(session: Session, limit: Deadline, report: Report) -> None:
    def look() -> str | None:
        patience = max(0, min(ROUND, int(limit.left)))
        result = session.run(Command.script(_RESULT, patience), ok=(0, 2, 3))
        if result.status == 3:
            raise _failed(session, "cloud-init is switched off in its image")
        return result.stdout if result.status == 0 else None

    name = session.endpoint.name
    text = wait_until(
        "the end of its first boot (cloud-init)",
        look,
        where=name,
        deadline=limit.left,
        hint=HINT,
        every=0,
        seen=lambda: _log(session),
        report=report,
    )
    errors = _errors(text)
    if errors:
        raise _failed(session, "; ".join(errors))


def _errors(text: str) -> list[str]:
    try:
        result: dict[str, Any] = json.loads(text)
        return [str(error) for error in result["v1"]["errors"]]
    except (ValueError, KeyError, TypeError):
        return [f"a result that cannot be read: {text!r}"]


def _await_docker(session: Session, limit: Deadline, report: Report) -> None:
    said = ""

    def look() -> str | None:
        nonlocal said
        words = ("docker", "version", "--format", "{{.Server.Version}}")
        result = session.run(Command.of(*words), ok=(0, 1, 127))
        said = tail(result.stderr, lines=1)
        return result.stdout.strip() if result.status == 0 else None

    wait_until(
        "Docker to answer",
        look,
        where=session.endpoint.name,
        deadline=limit.left,
        hint=HINT,
        seen=lambda: said,
        report=report,
    )


def _await_rules(session: Session, limit: Deadline, report: Report) -> None:
    missing: list[str] = []

    def look() -> bool | None:
        nonlocal missing
        missing = rules_missing(session)
        return None if missing else True

    wait_until(
        "its packet rules",
        look,
        where=session.endpoint.name,
        deadline=min(limit.left, 10),
        hint=HINT,
        seen=lambda: "no rule " + ", ".join(missing),
        report=report,
    )


def _await_gwbridge(session: Session, limit: Deadline, report: Report) -> None:
    state = ""

    def look() -> bool | None:
        nonlocal state
        result = session.run(Command.of("systemctl", "is-active", GWBRIDGE_UNIT), ok=(0, 3))
        state = result.stdout.strip()
        return True if result.status == 0 else None

    wait_until(
        "Swarm's own bridge in its planned range",
        look,
        where=session.endpoint.name,
        deadline=min(limit.left, 10),
        hint=HINT,
        seen=lambda: f"{GWBRIDGE_UNIT} {state}",
        report=report,
    )


def _failed(session: Session, found: str) -> BootFailed:
    log = _log(session)
    return BootFailed(
        where=session.endpoint.name,
        what="its first boot failed",
        found=f"{found}; its log ends: {log}" if log else found,
        hint=f"mend the cause and replace the machine; all of the log is in its {LOG}",
    )


def _log(session: Session) -> str:
    result = session.run(Command.of("tail", "-n", 20, LOG), ok=(0, 1))
    return tail(result.stdout)
