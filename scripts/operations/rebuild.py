"""The rebuild drill: destroy, build, restore, and compare what stands with what stood.

What stood is written down first, with the backup, under `.fairway/STACK/rebuild`; an interrupted
drill goes on from the step that was not done. The cluster's keys stay in the engine's state all
the time: with them the backup is read, and hosts come back with the keys that people have pinned.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from components.errors import SetupError
from scripts import stack as engine
from scripts.operations import snapshot
from scripts.progress import already, span
from scripts.workspace import FAIRWAY

KEPT: Final = "**fairway:host:Identity::*"  # with the component and the stack that it is part of
STEPS: Final = ("look", "backup", "destroy", "build", "restore", "compare")


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact that is not what it was; "" where it was not there."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a drill found, and its seconds by step."""

    facts: int
    differences: tuple[Difference, ...]
    seconds: Mapping[str, float]

    @property
    def same(self) -> bool:
        return not self.differences

    def to_dict(self) -> dict[str, Any]:
        found = [
            {"fact": each.name, "before": each.before, "after": each.after}
            for each in self.differences
        ]
        took = {step: round(seconds, 1) for step, seconds in self.seconds.items()}
        return {"same": self.same, "facts": self.facts, "differences": found, "seconds": took}


@dataclass
class Diary:
    """How far a drill has come, on the disk for its owner alone."""

    folder: Path
    begun: float = field(default_factory=time.time)
    before: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, stack: str) -> Diary:
        """The diary of the drill that is under way, or of a new one."""
        folder = FAIRWAY / stack / "rebuild"
        file = folder / "diary.json"
        return cls(folder, **json.loads(file.read_text())) if file.exists() else cls(folder)

    @property
    def backup(self) -> Path:
        """Where the backup is kept that the drill restores."""
        return self.folder / "backup"

    def done(self, step: str) -> bool:
        return step in self.seconds

    def write(self) -> None:
        """Keep it; whatever happens next can be taken up from here."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        told = {"begun": self.begun, "before": self.before, "seconds": self.seconds}
        fresh = self.folder / "diary.json.new"
        fresh.write_text(json.dumps(told, indent=1))
        fresh.replace(self.folder / "diary.json")

    def close(self) -> None:
        shutil.rmtree(self.folder)


def compare(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Difference, ...]:
    """Every fact that changed, went or came, by name."""
    names = sorted(before.keys() | after.keys())
    pairs = ((name, before.get(name, ""), after.get(name, "")) for name in names)
    return tuple(Difference(*each) for each in pairs if each[1] != each[2])


class Drill:
    """One drill of one stack. Its `save` and `restore` are the backup's own."""

    def __init__(
        self,
        stack: str,
        *,
        save: Callable[[str, Path], None],
        restore: Callable[[str, Path], None],
    ) -> None:
        self._stack = stack
        self._save_into = save
        self._restore_from = restore
        self.diary = Diary.of(stack)

    def run(self) -> Outcome:
        """Do every step that is not done yet.

        Raises:
            FairwayError: A step failed; run again, it goes on from there.
        """
        if not self.diary.done("destroy"):
            engine.refuse_protected(self._stack)
        for step in STEPS[:-1]:
            if not self.diary.done(step):
                self._timed(step, getattr(self, f"_{step}"))
        began = time.monotonic()
        found = snapshot.take(self._stack)
        self.diary.seconds["compare"] = time.monotonic() - began
        before, seconds = self.diary.before, self.diary.seconds
        outcome = Outcome(len(before), compare(before, found), seconds)
        self.diary.close()
        return outcome

    def _timed(self, step: str, act: Callable[[], None]) -> None:
        began = time.monotonic()
        act()
        self.diary.seconds[step] = time.monotonic() - began
        self.diary.write()
        already(step, span(self.diary.seconds[step]))

    def _look(self) -> None:
        self.diary.before = snapshot.take(self._stack)

    def _backup(self) -> None:
        self._save_into(self._stack, self.diary.backup)

    def _destroy(self) -> None:
        words = ("destroy", "--yes", *engine.QUIET, "--exclude", KEPT, "--stack", self._stack)
        self._ended_well("destroying it", engine.pulumi(*words))

    def _build(self) -> None:
        self._ended_well("building it", engine.up(self._stack))

    def _restore(self) -> None:
        self._restore_from(self._stack, self.diary.backup)

    def _ended_well(self, what: str, status: int) -> None:
        if status == 0:
            return
        raise SetupError(
            where=f"stack {self._stack}",
            what=f"the rebuild ended while {what}",
            found=f"the engine's status {status}, told above",
            hint=f"mend that, then run `./fairway rebuild {self._stack}` again: it goes on from"
            f" here; the backup is {self.diary.backup}",
        )
