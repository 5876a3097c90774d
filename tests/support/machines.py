"""Machines of a lab of their own, without a router; and what a computer shows of them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from lab import cgroup, machine
from lab.place import LABS, MachineSpec

LAB = "t1machines"


def spec(
    name: str, *, image: str = "trixie", user_data: str = "#cloud-config\n{}\n"
) -> MachineSpec:
    """Describe a machine that needs no router and asks no resolver."""
    return MachineSpec(
        lab=LAB,
        name=name,
        id=f"{name}-00000001",
        image=image,
        address=IPv4Interface("10.91.1.11/24"),
        gateway=IPv4Address("10.91.1.1"),
        user_data=user_data,
        nameservers=(),
        wiring="tests.support.bare_netns",
    )


def inside(name: str, *words: str) -> str:
    """Run a command in the machine; its output."""
    command = machine.shell_command(LAB, name, *words)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, f"{words}: {done.stderr}{done.stdout}"
    return done.stdout.strip()


def eventually(what: str, holds: Callable[[], bool], *, seconds: float = 600) -> None:
    """Wait until it holds; an assertion failure that says what was awaited otherwise."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.05)


def traces(lab: str = LAB) -> dict[str, list[str]]:
    """Give everything that the computer shows of a lab's machines; empty lists for none."""
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    return {
        "mounts": [line for line in mounts if f"/{lab}/" in line or f"fw-{lab}-" in line],
        "namespaces": _named(Path("/run/netns"), f"fw-{lab}-"),
        "processes": _processes(lab),
        "cgroups": _cgroups(lab),
        "nspawn": _named(Path("/run/systemd/nspawn/propagate"), f"fw-{lab}-"),
        "disks": _named(LABS / lab / "machines", ""),
    }


def _cgroups(lab: str) -> list[str]:
    homes = (f"fairway/{lab}", f"*.slice/fairway-{lab}-*")
    return [str(path) for tree in cgroup.trees() for home in homes for path in tree.glob(home)]


def _named(directory: Path, prefix: str) -> list[str]:
    return sorted(path.name for path in directory.glob(f"{prefix}*"))


def _processes(lab: str) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if f"/labs/{lab}/" in words:
            found.append(words)
    return found
