"""The words that start a machine: systemd-nspawn's, systemd-run's and the keeper's."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from lab import names

REBOOT = 133  # what nspawn ends with, under --keep-unit, when the machine asks for a reboot

# Docker needs keyrings and bpf on top of what nspawn allows; Docker in Docker's place needs mounts.
SYSCALLS = "@system-service @mount @keyring bpf"

ENVIRONMENT = {
    "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
    "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network",
    # Without a terminal there is nothing to colour, and the console is a log file.
    "SYSTEMD_COLORS": "0",
}


def label(lab: str, machine: str) -> str:
    """Give the name nspawn knows a machine by: its namespace's, within the 64 letters allowed."""
    plain = names.namespace(lab, machine)
    return plain if len(plain) <= 64 else f"fw-{names.digest(plain)}"


def arguments(
    *, root: Path, machine: str, hostname: str, netns: Path, binds: Iterable[tuple[Path, str]]
) -> list[str]:
    """Give nspawn's words; `binds` are pairs of a directory here and its path in the machine."""
    return [
        "systemd-nspawn",
        "--quiet",
        "--boot",
        "--register=no",
        "--keep-unit",
        "--settings=no",
        "--link-journal=no",
        "--resolv-conf=off",
        "--timezone=off",
        "--console=pipe",
        "--capability=all",
        f"--system-call-filter={SYSCALLS}",
        # Short of memory, the computer ends a machine's processes before its own.
        "--oom-score-adjust=200",
        f"--directory={root}",
        f"--machine={machine}",
        f"--hostname={hostname}",
        f"--network-namespace-path={netns}",
        *(f"--bind={here}:{there}" for here, there in binds),
    ]


def keeper(place: Path) -> list[str]:
    """Give the words that start a keeper."""
    return [sys.executable, "-m", "lab.keeper", str(place)]


def in_unit(
    unit: str, words: list[str], *, project: Path, log: Path, memory: int, pids: int
) -> list[str]:
    """Give the words that start `words` as a transient unit with a delegated cgroup."""
    properties = {
        "Description": f"Fairway lab machine {unit.removesuffix('.service')}",
        "Delegate": "yes",
        # The keeper is told to end and ends the machine; systemd only sweeps what it left.
        "KillMode": "mixed",
        "TimeoutStopSec": "45",
        "TasksMax": str(pids),
        "MemoryMax": str(memory),
        "StandardOutput": f"append:{log}",
        "StandardError": f"append:{log}",
        "WorkingDirectory": "/",
    }
    return [
        "systemd-run",
        "--quiet",
        "--collect",
        f"--unit={unit}",
        f"--setenv=PYTHONPATH={project}",
        *(f"--property={key}={value}" for key, value in properties.items()),
        "--",
        *words,
    ]


def detached(words: list[str]) -> list[str]:
    """Give the words that start `words` in a session of its own, as a child of pid 1."""
    return ["setsid", "--fork", *words]
