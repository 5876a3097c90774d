"""Backups that are there, asked of a manager: make one now, list them, fetch one."""

from __future__ import annotations

import base64
import json
from typing import Final

from components.backup.kit import SCRIPT, SERVICE
from components.backup.names import STAMP, Backup, read_listing
from components.errors import CommandFailed, SwarmError
from components.remote.command import Command
from components.remote.endpoint import Session

TAKES: Final = 300.0  # seconds for one to be made or fetched


def make(session: Session, environment: str) -> Backup:
    """Make a backup now, on the manager that leads.

    Raises:
        SwarmError: It could not be made.
    """
    begun = session.run(Command.of("date", "-u", f"+{STAMP}")).stdout.strip()
    for _ in range(2):
        # A run that is under way may have begun before what is wanted: then another one.
        _run(session)
        newest = next(iter(listing(session, environment)), None)
        if newest is not None and newest.made.strftime(STAMP) >= begun:
            return newest
    raise _failed(session, "the manager leads no more")


def _run(session: Session) -> None:
    try:
        session.run(Command.of("systemctl", "start", SERVICE), timeout=TAKES)
    except CommandFailed as error:
        log = Command.of("journalctl", "--unit", SERVICE, "--output=cat", "--lines=5")
        raise _failed(session, session.run(log, ok=(0, 1)).stdout.strip()) from error


def _failed(session: Session, found: str) -> SwarmError:
    return SwarmError(
        where=session.endpoint.name,
        what="no backup could be made",
        found=found,
        hint=f"see `journalctl -u {SERVICE}` on the host",
    )


def listing(session: Session, environment: str) -> tuple[Backup, ...]:
    """The environment's backups at its place, the newest first."""
    told = session.run(Command.of(SCRIPT, "list"), timeout=TAKES).stdout
    return read_listing(json.loads(told), environment)


def fetch(session: Session, backup: Backup) -> bytes:
    """The encrypted backup itself."""
    command = Command.script('"$1" fetch "$2" | base64', SCRIPT, backup.name)
    return base64.b64decode(session.run(command, timeout=TAKES).stdout)
