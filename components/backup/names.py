"""What a backup's name tells: whose it is, when and where it was made, which key opens it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from components.backup.keys import backup_key
from components.errors import ConfigError
from components.remote.command import Secret

STAMP: Final = "%Y%m%dT%H%M%SZ"
# As the script on hosts (components/backup/files/fairway-backup) writes and reads it.
_NAME: Final = re.compile(r"(.+)_(\d{8}T\d{6}Z)_(.+)_([a-z0-9]+)_([0-9a-f]+)\.cms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A backup; `size` in bytes, 0 where it is not known."""

    environment: str
    made: datetime
    slot: str
    swarm: str
    key: str  # the fingerprint of components/backup/keys.py
    size: int = 0

    @property
    def name(self) -> str:
        parts = (self.environment, self.made.strftime(STAMP), self.slot, self.swarm, self.key)
        return "_".join(parts) + ".cms"

    def __str__(self) -> str:
        return f"{self.made:%Y-%m-%d %H:%M:%S} UTC on {self.slot}, Swarm {self.swarm}"


def read_name(name: str, size: int = 0) -> Backup | None:
    """The backup of this name; None for anything else."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    environment, made, slot, swarm, key = found.groups()
    moment = datetime.strptime(made, STAMP).replace(tzinfo=UTC)
    return Backup(environment=environment, made=moment, slot=slot, swarm=swarm, key=key, size=size)


def read_listing(told: Mapping[str, int], environment: str) -> tuple[Backup, ...]:
    """The environment's backups among these names and sizes, the newest first."""
    found = (read_name(name, size) for name, size in told.items())
    own = [each for each in found if each and each.environment == environment]
    return tuple(sorted(own, key=lambda each: each.made, reverse=True))


def key_of(backup: Backup, seeds: Iterable[Secret]) -> Secret:
    """The private key that opens it, of whichever generation of the cluster's keys.

    Raises:
        ConfigError: No seed that this stack ever had gives it.
    """
    for seed in seeds:
        key = backup_key(seed)
        if key.fingerprint == backup.key:
            return key.private
    raise ConfigError(
        where=backup.name,
        what="no key that this stack ever had opens it",
        found=f"key {backup.key}",
        hint="restore the engine's state of the stack that made it",
    )
