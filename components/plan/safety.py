"""Quorum arithmetic: how many managers must answer, and what the loss of a zone leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from components.config.faults import Fault
from components.config.model import Pool

_PATH = "fairway:pools"


def quorum(managers: int) -> int:
    """How many of so many managers must answer for the Swarm to take decisions."""
    return managers // 2 + 1


def managers_by_zone(pools: Iterable[Pool]) -> dict[str, int]:
    """The number of managers in each zone that has some."""
    total: Counter[str] = Counter()
    for pool in pools:
        if pool.role == "manager":
            total.update(pool.hosts)
    return {zone: count for zone, count in total.items() if count}


def deadly_zones(by_zone: Mapping[str, int]) -> list[str]:
    """The zones whose loss leaves too few managers for a quorum."""
    total = sum(by_zone.values())
    return sorted(zone for zone, count in by_zone.items() if total - count < quorum(total))


def safety_faults(pools: Iterable[Pool], *, survivable: bool) -> list[Fault]:
    """What is wrong with the number of managers and their spread over the zones."""
    by_zone = managers_by_zone(pools)
    total = sum(by_zone.values())
    if total == 0:
        return [
            _fault("there is no manager", "0 managers", "1, 3, 5 or 7", "give a pool role: manager")
        ]
    if total % 2 == 0:
        return [
            _fault(
                f"an even number of managers survives no more failures than {total - 1} do",
                f"{total} managers",
                f"{total - 1} or {total + 1}",
                "add one or take one away",
            )
        ]
    return _spread_faults(by_zone) if survivable else []


def _spread_faults(by_zone: Mapping[str, int]) -> list[Fault]:
    total = sum(by_zone.values())
    deadly = deadly_zones(by_zone)
    if not deadly:
        return []
    spread = ", ".join(f"{zone}: {count}" for zone, count in sorted(by_zone.items()))
    return [
        _fault(
            f"the loss of zone {' or '.join(deadly)} ends the quorum",
            f"{total} manager{'s' if total > 1 else ''} ({spread})",
            f"at least {quorum(total)} left after the loss of any zone",
            "spread three or more managers over three zones, or set fairway:survivable to false",
        )
    ]


def _fault(what: str, found: str, wanted: str, hint: str) -> Fault:
    return Fault(path=_PATH, what=what, found=found, wanted=wanted, hint=hint)
