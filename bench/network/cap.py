"""A limit on the machines' links, as a cloud's virtual machines have one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from lab import names

BURST = "1mb"  # room for what the kernel sends as one packet of 64 KB
QUEUE = "20ms"


@contextmanager
def capped(lab: str, machines: list[str], gigabits: int) -> Iterator[None]:
    """Limit what the router sends to each machine, in Gbit/s of whole packets."""
    limit = ("tbf", "rate", f"{gigabits}gbit", "burst", BURST, "latency", QUEUE)
    try:
        for machine in machines:
            _tc(lab, "replace", machine, *limit)
        yield
    finally:
        for machine in machines:
            _tc(lab, "delete", machine)


def _tc(lab: str, verb: str, machine: str, *discipline: str) -> None:
    where = ("dev", names.port(machine), "root")
    words = ["tc", "-n", names.router(lab), "qdisc", verb, *where, *discipline]
    subprocess.run(words, check=verb != "delete", capture_output=True)
