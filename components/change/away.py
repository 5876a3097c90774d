"""Which hosts' paths are away while a change happens, and for about how long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from string import digits
from typing import Final

from components.change.foreseen import Foreseen

Slots = tuple[str, ...]
SHOWN: Final = 6  # names in a line before "and N more"
EACH: Final = 4  # hosts that have a line of their own; more are told by zone


def paths(
    foreseen: Foreseen, ranges: Mapping[str, str], took: float | None
) -> Iterator[tuple[str, Slots]]:
    """A sentence for each host that is replaced or removed, or for each zone where they are many.

    With it the hosts that it is about.

    `took` is the seconds that a replacement takes on this cluster, None where none was measured.
    """
    known = f"about {took:.0f} s (measured on this cluster)" if took else ""
    long = known or "the time a machine takes to boot"
    replaced = [host.slot for host in foreseen.with_fate("replaced")]
    removed = [host.slot for host in foreseen.with_fate("removed")]
    for who, slots in _told(replaced, ranges):
        each = "each " if len(slots) > 1 else ""
        yield f"paths away: all to and from {who}, {each}for {long}", slots
    for who, slots in _told(removed, ranges):
        yield f"paths gone: all to and from {who}", slots


def _told(slots: Sequence[str], ranges: Mapping[str, str]) -> Iterator[tuple[str, Slots]]:
    if len(slots) <= EACH:
        yield from ((f"{slot} ({ranges.get(slot, '?')})", (slot,)) for slot in slots)
        return
    zones = groupby(sorted(slots, key=zone_of), key=zone_of)
    for zone, found in zones:
        here = tuple(found)
        yield f"{len(here)} hosts of zone {zone} ({named(here)})", here


def zone_of(slot: str) -> str:
    """A host's name is its zone's name and a number."""
    return slot.rstrip(digits)


def named(names: Iterable[str]) -> str:
    """Names with commas; many are cut."""
    every = list(names)
    if len(every) <= SHOWN:
        return ", ".join(every)
    return f"{', '.join(every[:SHOWN])} and {len(every) - SHOWN} more"
