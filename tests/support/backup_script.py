"""The backup script of hosts, as a module."""

from __future__ import annotations

from typing import Any

from tests.support.host_script import COMPONENTS, load

SCRIPT = COMPONENTS / "backup" / "files" / "fairway-backup"


def script() -> Any:
    """Load it once; nothing of it runs by that."""
    return load("backup/files/fairway-backup")
