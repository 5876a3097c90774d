"""Managers of a Swarm that keep one config object, the mark of an operation, and nothing else."""

from __future__ import annotations

import fcntl
import json
from dataclasses import dataclass, field
from pathlib import Path

from components.errors import CommandFailed, HostUnreachable
from components.remote.command import Command, Result
from components.swarm.managers import Managers


@dataclass
class Configs(Managers):
    """`labels` are the object's, None without one; `loses` answers of a create come late."""

    labels: dict[str, str] | None = None
    asked: list[str] = field(default_factory=list)
    loses: int = 0
    down: bool = False

    def run(self, command: Command) -> Result:
        words = [str(word) for word in command.words]
        if self.down:
            raise HostUnreachable(where="Swarm", what="no manager answers", hint="start one")
        if words[0] == "sh":
            return self._create(words)
        if self.labels is None:
            raise _refused("Error response from daemon: config fairway-operation not found")
        self.asked.append(words[2])
        told = json.dumps(self.labels)
        if words[2] == "rm":
            self.labels = None
        return Result(0, told, "", 0.0)

    def _create(self, words: list[str]) -> Result:
        self.asked.append("create")
        if self.labels is not None:
            raise _refused("rpc error: code = AlreadyExists desc = config already exists")
        self.labels = dict(word.split("=", 1) for word in words if word.startswith("fairway."))
        if self.loses:
            self.loses -= 1
            return self._create(words)  # as Managers does after a leader was lost
        return Result(0, "", "", 0.0)


class KeptConfigs(Configs):
    """The same for several processes: the object is in a file."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def run(self, command: Command) -> Result:
        with self._file.open("a+") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            text = self._file.read_text()
            self.labels = json.loads(text) if text else None
            try:
                return super().run(command)
            finally:
                self._file.write_text(json.dumps(self.labels) if self.labels else "")


def _refused(said: str) -> CommandFailed:
    return CommandFailed(where="a1", what="docker failed", hint="look", status=1, stderr=said)
