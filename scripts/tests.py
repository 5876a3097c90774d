"""`python -m scripts.tests`: all tests, in two runs at once, and what they come to together.

Machines mostly wait for each other, so the tiers without any run beside the lab's. With words for
pytest it is one plain run.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).resolve().parents[1] / "tests"
LAB: Final = "lab"
COUNTED: Final = re.compile(r"(\d+) (passed|failed|errors?)\b")
FIRST: Final = ("failed", "error", "passed")


def main(words: list[str]) -> int:
    """Run pytest; its status, of two the first that is not 0: a killed run's is negative."""
    pytest = [sys.executable, "-m", "pytest", "--durations=15"]
    if words:
        return subprocess.call([*pytest, *words])
    began = time.monotonic()
    others = sorted(
        f"tests/{each.name}"
        for each in TESTS.iterdir()
        if any(each.glob("test_*.py")) and each.name != LAB
    )
    with tempfile.TemporaryDirectory(prefix="fairway-tests-") as folder:
        logs = [Path(folder, "others"), Path(folder, LAB)]
        runs = [
            # One cache for both would be written by both.
            _start([*pytest, "-p", "no:cacheprovider", *others], logs[0]),
            _start([*pytest, f"tests/{LAB}"], logs[1]),
        ]
        try:
            statuses = [_shown(run, log) for run, log in zip(runs, logs, strict=True)]
        finally:
            _end(runs)
        told = [log.read_text(errors="replace") for log in logs]
    print(total(told, time.monotonic() - began))
    return next((status for status in statuses if status), 0)


def _start(words: list[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT)


def _end(runs: list[subprocess.Popen[bytes]]) -> None:
    """Interrupt what still runs, as a terminal would: fixtures take down what they made."""
    for run in runs:
        if run.poll() is None:
            run.send_signal(signal.SIGINT)
            run.wait()


def _shown(run: subprocess.Popen[bytes], log: Path) -> int:
    """Show a run's words while it runs, to their end; its status."""
    with log.open(errors="replace") as told:
        while True:
            ended = run.poll() is not None
            print(told.read(), end="", flush=True)
            if ended:
                return int(run.returncode)
            time.sleep(0.5)


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
