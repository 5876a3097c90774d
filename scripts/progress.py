"""One line a step, and signs of life while it runs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from components.errors import SetupError
from scripts.workspace import LOGS, ROOT

QUIET_FOR = 5.0  # seconds before a step without a terminal says that it is still there
EVERY = 10.0  # seconds between two such lines
NAME = 14  # columns of a step's name
BLINK = 0.2  # seconds between two drawings of the live line


def span(seconds: float) -> str:
    """A duration as a person says it: `0.4 s`, `12 s`, `2 min 41 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


@dataclass
class Step:
    """A step under way: `with Step("engine") as step: step.detail = "compiling"`."""

    name: str
    out: TextIO = field(default_factory=lambda: sys.stdout)
    detail: str = ""
    done: str = "ready"

    def __post_init__(self) -> None:
        self._live = self.out.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self._ended = threading.Event()
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._show, daemon=True)

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        if self._live:
            self.out.write("\r\x1b[2K")
        self._line(self.done if error is None else "failed", self.elapsed)

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._began

    @property
    def log(self) -> Path:
        return LOGS / f"{self.name.replace(' ', '-')}.log"

    def run(
        self,
        words: Sequence[str | Path],
        *,
        cwd: Path = ROOT,
        env: Mapping[str, str] | None = None,
        watch: Callable[[str], str] = str.strip,
        timeout: float = 3600,
    ) -> None:
        """Run a command with its output in the step's log, its last line beside the step's name.

        Args:
            words: The command.
            cwd: Where to run it.
            env: Its whole environment; ours if None.
            watch: Makes the shown detail of a line of output; an empty result keeps the last.
            timeout: Seconds after which it is killed.

        Raises:
            SetupError: It could not start, ended with another status than 0, or took too long.
        """
        LOGS.mkdir(parents=True, exist_ok=True)
        with self.log.open("a") as log:
            print(f"$ {' '.join(map(str, words))}", file=log, flush=True)
            status = self._watch(words, log, cwd, env, watch, timeout)
        if status != 0:
            raise SetupError(
                where=self.name,
                what=f"`{Path(words[0]).name} {' '.join(map(str, words[1:4]))} ...` failed",
                found=f"status {status}",
                hint=f"read {self.log.relative_to(ROOT)}, whose end is:\n{self._tail()}",
            )

    def _watch(
        self,
        words: Sequence[str | Path],
        log: TextIO,
        cwd: Path,
        env: Mapping[str, str] | None,
        watch: Callable[[str], str],
        timeout: float,
    ) -> int | str:
        try:
            process = subprocess.Popen(
                list(map(str, words)),
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,  # so that its children can be ended with it
            )
        except OSError as error:
            return error.strerror or str(error)
        killer = threading.Timer(timeout, _end, (process, signal.SIGKILL))
        killer.start()
        try:
            with process:
                for line in process.stdout or ():
                    log.write(line)
                    self.detail = watch(line) or self.detail
        except BaseException:
            _end(process, signal.SIGTERM)
            raise
        finally:
            killer.cancel()
        return process.returncode

    def _tail(self, lines: int = 12) -> str:
        return "\n".join(f"    {line}" for line in self.log.read_text().splitlines()[-lines:])

    def _show(self) -> None:
        due = QUIET_FOR
        while not self._ended.wait(BLINK):
            if self._live:
                width = os.get_terminal_size(self.out.fileno()).columns - 1
                text = f"{self.name:<{NAME}}{self.detail or 'working'} ... {span(self.elapsed)}"
                self.out.write(f"\r\x1b[2K{text[:width]}")
                self.out.flush()
            elif self.elapsed >= due:
                self._line(f"... {self.detail or 'working'}", self.elapsed)
                due = self.elapsed + EVERY

    def _line(self, what: str, seconds: float | None) -> None:
        took = "" if seconds is None else span(seconds)
        print(f"{self.name:<{NAME}}{what[:60]:<62}{took}".rstrip(), file=self.out, flush=True)


def _end(process: subprocess.Popen[str], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def already(name: str, what: str = "already there") -> None:
    """Say that a step had nothing to do."""
    print(f"{name:<{NAME}}{what}", flush=True)
