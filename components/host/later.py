"""Files that hosts get over SSH after their first boot: for them no host is replaced."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from components.remote.endpoint import Session


@dataclass(frozen=True, slots=True)
class HostFile:
    """A file on a host, owned by root."""

    content: str
    mode: int = 0o644


def sums(files: Mapping[str, HostFile]) -> str:
    """What `sha256sum --check` reads to tell whether a host has exactly these files."""
    return "".join(
        f"{hashlib.sha256(each.content.encode()).hexdigest()}  {path}\n"
        for path, each in files.items()
    )


def put(session: Session, files: Mapping[str, HostFile]) -> None:
    """Write the files."""
    for path, each in files.items():
        session.put(path, each.content.encode(), each.mode)
