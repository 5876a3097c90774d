"""A backup becomes the Swarm again, on the manager's slot that it was made on."""

from __future__ import annotations

from typing import Final

from components.errors import CommandFailed, SwarmError
from components.remote.command import Command, Secret
from components.remote.endpoint import Session
from components.swarm import at_rest

WORK: Final = "/run/fairway-restore"  # in memory: it holds the Swarm's state in clear
STATE: Final = "/var/lib/docker/swarm"
TAKES: Final = 300.0
STARTS_WITHIN: Final = 120.0

_UNPACK: Final = """\
umask 077
openssl cms -decrypt -binary -inform DER -in "$1/backup.cms" -inkey /dev/stdin |
  gzip -dc >"$1/swarm.tar"
rm "$1/backup.cms"
tar -tf "$1/swarm.tar" swarm/docker-state.json swarm/certificates swarm/raft >/dev/null
"""
# Docker finds no membership at its start, and so waits for none of the managers that are gone.
_PUT_BACK: Final = """\
systemctl stop docker.socket docker.service
rm -rf "$2"
tar -C "${2%/*}" -xSf "$1/swarm.tar" swarm
rm -rf "$2/docker-state.json" "$1"
"""
_WITHOUT: Final = """\
systemctl stop docker.socket docker.service
rm -f "$1/docker-state.json"
"""
_START: Final = Command.of("systemctl", "start", "docker.service")
_KEY: Final = 'tar -xOf "$1/swarm.tar" unlock-key 2>/dev/null || :'


def unpack(session: Session, content: bytes, key: Secret) -> None:
    """Bring the encrypted backup to the host and open it there, in memory; nothing else changes.

    Raises:
        SwarmError: It cannot be opened, or is not a backup.
    """
    session.run(Command.of("install", "-d", "-m", 700, WORK))
    session.put(f"{WORK}/backup.cms", content, timeout=TAKES)
    try:
        command = Command.script(_UNPACK, WORK)
        session.run(command, input=key.reveal().encode(), timeout=TAKES)
    except CommandFailed as error:
        forget(session)
        raise SwarmError(
            where=session.endpoint.name,
            what="the backup cannot be opened",
            found=error.stderr.strip(),
            hint="take another one; nothing was changed",
        ) from error


def forget(session: Session) -> None:
    """Remove what `unpack` brought."""
    session.run(Command.of("rm", "-rf", WORK))


def put_back(session: Session) -> None:
    """Make what was unpacked Docker's state. Docker knows of no Swarm afterwards, until it is told.

    The host must have left its Swarm before.
    """
    key = session.run(Command.script(_KEY, WORK)).stdout.strip()
    session.run(Command.script(_PUT_BACK, WORK, STATE), timeout=STARTS_WITHIN)
    if key:
        at_rest.write(session, at_rest.opened(at_rest.read(session), Secret(key)))
    session.run(_START, timeout=STARTS_WITHIN)


def open_locked(session: Session, key: Secret) -> None:
    """Take autolock off a manager that has lost its quorum. The host's containers end with it."""
    opened = at_rest.opened(at_rest.read(session), key)
    session.run(Command.script(_WITHOUT, STATE), timeout=STARTS_WITHIN)
    at_rest.write(session, opened)
    session.run(_START, timeout=STARTS_WITHIN)
