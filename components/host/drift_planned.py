"""What a host is to be: what its user data says, and what Fairway puts there later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from components.environment import Network
from components.host.user_data import digest

_UNITS: Final = "/etc/systemd/system/"
_OTHERS_UNITS: Final = ("docker.service", "ssh.service")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """A file as user data or Fairway itself writes it."""

    content: bytes
    mode: str
    owner: str = "root:root"

    @property
    def public(self) -> bool:
        """Whether everybody on the host may read it, and so its differences be shown."""
        return self.mode[-1] in "4567"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What one host is to be. `texts` is its user data, as this and former versions write it."""

    texts: tuple[str, ...]
    environment: str
    network: Network
    added: Mapping[str, PlannedFile]  # what Fairway puts there after the first boot

    def made_of(self, user_data: str) -> str | None:
        """The text with this SHA-256 that the machine was booted with; None if it is no such."""
        return next((text for text in self.texts if digest(text) == user_data), None)

    def files(self, text: str) -> dict[str, PlannedFile]:
        """Every planned file by path, as one of the texts says."""
        written = yaml.safe_load(text).get("write_files") or []
        return {each["path"]: _planned_file(each) for each in written} | dict(self.added)

    @property
    def places(self) -> dict[str, bool]:
        """Every path that may be planned, and whether its content may be shown."""
        every = [self.files(text) for text in self.texts]
        return {path: file.public for files in every for path, file in files.items()}

    @property
    def units(self) -> list[str]:
        """The units whose state counts: those that a file of ours says to start at boot."""
        files = self.files(self.texts[0])
        ours = [
            path.removeprefix(_UNITS)
            for path, file in files.items()
            if path.startswith(_UNITS) and b"\n[Install]\n" in file.content
        ]
        return [*_OTHERS_UNITS, *ours]


def _planned_file(told: Mapping[str, Any]) -> PlannedFile:
    return PlannedFile(
        content=str(told["content"]).encode(),
        mode=str(told.get("permissions", "0644")).lstrip("0"),
        owner=str(told.get("owner", "root:root")),
    )
