"""What lets a host take tasks on the routed network again after it lost its power.

A script around the start of dockerd, which mends what Docker does not (moby issue 37087).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from components.host.later import HostFile, put, sums
from components.remote.command import Command
from components.remote.endpoint import Session

SCRIPT: Final = "/usr/local/sbin/fairway-networks"  # begin | end
DROP_IN: Final = "/etc/systemd/system/docker.service.d/fairway.conf"
_FILES: Final = Path(__file__).parent / "added"

_CHECK: Final = "printf '%s' \"$1\" | sha256sum --check --quiet --strict >/dev/null 2>&1"


@cache
def kit() -> Mapping[str, HostFile]:
    """The files by path."""
    return {
        SCRIPT: HostFile(_text("fairway-networks"), 0o755),
        DROP_IN: HostFile(_text("docker.conf")),
    }


@cache
def fingerprint() -> str:
    """What stands for these files in a state."""
    return hashlib.sha256(sums(kit()).encode()).hexdigest()


def installed(session: Session) -> bool:
    """Whether the host has exactly these files."""
    return session.run(Command.script(_CHECK, sums(kit())), ok=(0, 1)).status == 0


def install(session: Session) -> None:
    """Put the files there. dockerd runs on: they count from its next start."""
    session.run(Command.of("mkdir", "-p", Path(DROP_IN).parent))
    put(session, kit())
    session.run(Command.of("systemctl", "daemon-reload"))


def _text(name: str) -> str:
    return (_FILES / name).read_text(encoding="utf-8")
