"""Tiers by folder, cheapest first. One that cannot run here says why; in CI that is a failure."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from scripts import system, workspace
from tests.support.quick.pip.__main__ import KEPT_IN

TESTS = Path(__file__).parent

# A property says what holds, not how fast: the lab's machines are on the same cores.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


def _nothing() -> str:
    return ""


def _needs_engine() -> str:
    return "" if shutil.which("pulumi") else "no pulumi on PATH; run: make setup"


def _needs_browser() -> str:
    missing = system.missing_browser()
    return f"no {' and no '.join(missing)}; run: sudo make test" if missing else ""


def _needs_lab() -> str:
    if os.geteuid() != 0:
        return "the lab needs root; run: sudo make test"
    missing = system.missing_packages(lab=True, tests=True)
    return f"missing packages: {' '.join(missing)}; run: make setup" if missing else ""


TIERS: dict[str, Callable[[], str]] = {
    "pure": _nothing,  # values in, values out
    "program": _nothing,  # the Pulumi program under mocks, an SSH server in this process
    "browser": _needs_browser,  # pages in headless Chromium
    "engine": _needs_engine,  # the real engine, without machines
    "lab": _needs_lab,  # real machines
    "operate": _needs_lab,  # commands on real clusters, each module in a lab of its own
}
_not_run = pytest.StashKey[dict[str, str]]()
_kept = pytest.StashKey["tempfile.TemporaryDirectory[str]"]()


def pytest_configure(config: pytest.Config) -> None:
    os.environ["PATH"] = workspace.full_environment()["PATH"]
    # The engine ends after seconds: a fifth of its time would go into collecting garbage.
    os.environ.setdefault("GOGC", "400")
    config.stash[_kept] = tempfile.TemporaryDirectory(prefix="fairway-packages-")
    os.environ[KEPT_IN] = config.stash[_kept].name
    config.stash[_not_run] = {}
    for tier in TIERS:
        config.addinivalue_line("markers", f"{tier}: tests in tests/{tier}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(_tier(item))
    items.sort(key=lambda item: list(TIERS).index(_tier(item)))
    reasons = {tier: TIERS[tier]() for tier in dict.fromkeys(map(_tier, items))}
    idle = {tier: reason for tier, reason in reasons.items() if reason}
    if idle and os.environ.get("CI"):
        told = "; ".join(f"{tier}: {reason}" for tier, reason in idle.items())
        raise pytest.UsageError(f"tiers that cannot run here: {told}")
    config.stash[_not_run] = idle
    left_out = [item for item in items if _tier(item) in idle]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if _tier(item) not in idle]


def pytest_collection_finish() -> None:
    gc.freeze()  # what was imported stays


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[_kept].cleanup()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for tier, reason in config.stash[_not_run].items():
        terminalreporter.write_line(f"NOT RUN: tests/{tier}: {reason}", red=True, bold=True)


def _tier(item: pytest.Item) -> str:
    return item.path.relative_to(TESTS).parts[0]
