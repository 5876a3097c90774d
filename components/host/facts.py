"""What a running host says about itself, and the repair that goes with it."""

from __future__ import annotations

from components.host.names import RULES_SCRIPT, RULES_UNIT
from components.remote.command import Command
from components.remote.endpoint import Session


def rules_missing(session: Session) -> list[str]:
    """The packet rules that the host lacks, by name; empty when all are there."""
    result = session.run(Command.of(RULES_SCRIPT, "check"), ok=(0, 1))
    return result.stdout.splitlines()


def rules_apply(session: Session) -> None:
    """Put back what `rules_missing` names; changes nothing where nothing is missing."""
    session.run(Command.of("systemctl", "reload-or-restart", RULES_UNIT))
