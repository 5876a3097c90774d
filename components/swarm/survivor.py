"""Which of the managers that are left goes on, when the Swarm has lost its quorum."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from components.errors import CommandFailed
from components.remote.command import Command
from components.remote.endpoint import Session
from components.swarm import raft_log
from components.swarm.raft_log import NOT_KNOWN

_READER: Final = Path(raft_log.__file__)
_TAKES: Final = 60.0  # seconds; a file has 64 MB


def commit_of(session: Session) -> int:
    """How far this manager's copy goes; NOT_KNOWN where its disk does not tell."""
    text = _READER.read_bytes()
    try:
        return int(session.run(Command.of("python3", "-"), input=text, timeout=_TAKES).stdout)
    except (CommandFailed, ValueError):
        return NOT_KNOWN


def choose(commits: Mapping[str, int]) -> tuple[str, str]:
    """The one that knows the most, and why it is that one; by name where several know the same.

    "" where none is left.
    """
    ranked = sorted(commits, key=lambda name: (-commits[name], name))
    if len(ranked) < 2:
        return ranked[0] if ranked else "", ""
    best, second = ranked[:2]
    far = ", ".join(f"{name} {_told(commits[name])}" for name in ranked)
    if commits[best] > commits[second]:
        return best, f"{best} knows the most (last change agreed on: {far})"
    return best, f"{best} is taken by its name, for none knows more (last change agreed on: {far})"


def _told(commit: int) -> str:
    return "not readable" if commit == NOT_KNOWN else str(commit)
