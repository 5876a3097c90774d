"""Time for tests: a process of theirs may not run for many seconds, at any moment."""

from __future__ import annotations

import pytest

from components.remote import dial, ssh
from components.remote.wait import Pace

LONG = 120.0  # seconds; for what comes sooner or later


def patient_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the limits off sessions to a server that runs as seldom as the test itself."""
    for module, name in ((dial, "KNOCK"), (dial, "ATTEMPT"), (ssh, "SILENCE")):
        monkeypatch.setattr(module, name, LONG)


def up_at_first_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the time of every wait be up when it pauses for the first time, and not before."""

    def pause(pace: Pace) -> None:
        pace._deadline.seconds = 0.0

    monkeypatch.setattr(Pace, "pause", pause)
