"""`python -m scripts.tests`: all tests, four runs at a time, and what they come to together.

Machines mostly wait for each other: of two cores two runs leave a third idle, three a sixth, four a
fifteenth. With words for pytest it is one plain run.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).resolve().parents[1] / "tests"
LAB: Final = "lab"
# Each module there may run beside any other: it has a lab of its own, or none.
APART: Final = ("operate", "engine")
SLOW: Final = {"test_survive_real.py"}  # short to read; hosts are lost and waited for
AT_ONCE: Final = 4
NO_TESTS: Final = 5  # pytest's status where all were left out; their tier says why
NEWS_EVERY: Final = 60.0  # seconds
LONGEST: Final = 400  # characters of a failure at the end
COUNTED: Final = re.compile(r"(\d+) (passed|failed|errors?)\b")
FIRST: Final = ("failed", "error", "passed")


@dataclass(frozen=True, slots=True)
class Run:
    """One pytest under way."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def told(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def last(self) -> str:
        """The last line that says something."""
        return next((line for line in reversed(self.told.splitlines()) if line.strip()), "")


def main(words: list[str]) -> int:
    """Run pytest; its status, of several the first that is not 0: a killed run's is negative."""
    if words:
        return subprocess.call([*_pytest("--durations=15"), *words])
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fairway-tests-") as folder:
        ended = _all(deque(runs(TESTS)), Path(folder))
        # Where only the end of a long log is kept, it says what to look for.
        print(*(line for run in ended for line in failed(run.told)), sep="\n")
        print(total([run.told for run in ended], time.monotonic() - began))
    good = {0} if os.environ.get("CI") else {0, NO_TESTS}
    statuses = [int(run.process.returncode) for run in ended]
    return next((status for status in statuses if status not in good), 0)


def runs(tests: Path) -> list[list[str]]:
    """What each run is given: the longest first, then what fills up whichever ends.

    Of the modules apart those on real clusters come first, of them the slow ones, then the longest
    by its text, which is about the longest by time: what began last would run alone in the end.
    """
    tiers = [each.name for each in sorted(tests.iterdir()) if any(each.glob("test_*.py"))]
    others = [f"tests/{name}" for name in tiers if name not in {LAB, *APART}]
    apart = [
        f"tests/{tier}/{each.name}"
        for tier in APART
        for each in sorted((tests / tier).glob("test_*.py"), key=_slow_first)
    ]
    return [[f"tests/{LAB}"], others, *([each] for each in apart)]


def _slow_first(module: Path) -> tuple[bool, int]:
    return module.name not in SLOW, -module.stat().st_size


def _all(waiting: deque[list[str]], folder: Path) -> list[Run]:
    """Run all, `AT_ONCE` at a time; each is told of when it ends, and once a minute all are."""
    going: list[Run] = []
    ended: list[Run] = []
    news = time.monotonic() + NEWS_EVERY
    try:
        while waiting or going:
            while waiting and len(going) < AT_ONCE:
                going.append(_start(waiting.popleft(), folder / str(len(going) + len(ended))))
            time.sleep(0.5)
            for run in [each for each in going if each.process.poll() is not None]:
                print(f"----- {run.name}\n{run.told}", flush=True)
                going.remove(run)
                ended.append(run)
            if time.monotonic() >= news:
                news += NEWS_EVERY
                for run in going:
                    print(f"... {run.name}: {run.last}", flush=True)
    finally:
        _end(going)
    return ended


def _pytest(durations: str) -> list[str]:
    return [sys.executable, "-m", "pytest", durations]


def _start(what: Sequence[str], log: Path) -> Run:
    # One cache for several would be written by all.
    words = [*_pytest("--durations=5"), "-p", "no:cacheprovider", *what]
    with log.open("ab") as out:
        process = subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT)
    return Run(" ".join(what), process, log)


def _end(going: Sequence[Run]) -> None:
    """Interrupt what still runs, as a terminal would: fixtures take down what they made."""
    for run in going:
        run.process.send_signal(signal.SIGINT)
    for run in going:
        run.process.wait()


def failed(told: str) -> list[str]:
    """What a run says that failed, a line each and no more than its beginning."""
    found = [line for line in told.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    return [line[:LONGEST] for line in found]


def total(told: list[str], seconds: float) -> str:
    """One line as pytest ends with, of all runs: what each counts in its own last such line."""
    counts: Counter[str] = Counter()
    for text in told:
        lines = [line for line in text.splitlines() if COUNTED.search(line) and " in " in line]
        for many, what in COUNTED.findall(lines[-1] if lines else ""):
            counts[what.removesuffix("s") if what == "errors" else what] += int(many)
    parts = [f"{counts[what]} {what}" for what in FIRST if counts[what]]
    return f"===== {', '.join(parts) or 'no tests ran'} in {seconds:.2f}s ====="


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
