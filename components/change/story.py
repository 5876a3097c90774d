"""What a change means for one host, in a few sentences: why, what is away, its entries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from components.change.away import named
from components.change.foreseen import Fate, Foreseen, HostChange, Step
from components.change.meaning import Line, Meaning
from components.change.routes import Move
from components.change.topology import Topology

FATES: Final[Mapping[Fate, str]] = {
    "removed": "is removed",
    "replaced": "is replaced",
    "made": "is new",
    "changed": "is changed in place",
}
_ENTRIES: Final[Mapping[Move, str]] = {
    "added": "Its route entry is added in",
    "moved": "Its route entry moves to the next machine, and leads nowhere until that is there, in",
    "away and back": "Its route entry goes before the machine and comes back with the next one in",
    "removed": "Its route entry is removed in",
}
_LONGEST: Final = 40  # letters of a value that is shown
# What the engine puts for a value that only `up` will know.
_NOT_KNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def stories(foreseen: Foreseen, meaning: Meaning, topology: Topology) -> Mapping[str, str]:
    """The story of every host that changes or whose entries do; others have none."""
    steps: dict[str, list[Step]] = defaultdict(list)
    for step in foreseen.steps:
        steps[step.slot].append(step)
    lines: dict[str, list[Line]] = defaultdict(list)
    for line in meaning.lines:
        for slot in line.hosts:
            lines[slot].append(line)
    tables: dict[str, dict[Move, list[str]]] = defaultdict(dict)
    for (zone, slot), move in topology.entries.items():
        tables[slot].setdefault(move, []).append(zone)
    planned = {slot.name for slot in topology.after.plan.slots}
    told = {
        slot: [
            f"{slot} {_fate(foreseen.hosts.get(slot), steps[slot], planned)}.",
            *(f"{line.text[0].upper()}{line.text[1:]}." for line in lines[slot]),
            *(_moved(move, zones) for move, zones in sorted(tables[slot].items())),
        ]
        for slot in sorted({*foreseen.hosts, *tables})
    }
    return {slot: " ".join(sentences) for slot, sentences in told.items()}


def _moved(move: Move, zones: Sequence[str]) -> str:
    word = "the table of zone" if len(zones) == 1 else "the tables of zones"
    return f"{_ENTRIES[move]} {word} {named(sorted(zones))}."


def _fate(host: HostChange | None, steps: Sequence[Step], planned: Collection[str]) -> str:
    if host is not None and host.slot not in planned:
        return FATES["removed"]
    if host is None or host.only_entries:
        return "stays as it is"
    told = FATES[host.fate]
    if not host.why or host.fate in {"made", "removed"}:
        return told
    return f"{told}, for {', '.join(_because(host, steps))}"


def _because(host: HostChange, steps: Sequence[Step]) -> Iterator[str]:
    """Each property for which it changes, with its values where they are short and open."""
    own = [step for step in steps if not host.machine or step.urn == host.machine]
    for reason in host.why:
        step = next((each for each in own if reason in each.reasons), None)
        yield f"{reason}{_values(step, reason) if step else ''}"


def _values(step: Step, name: str) -> str:
    old, new = _shown(step.old.get(name)), _shown(step.new.get(name))
    return f" ({old} → {new})" if old and new and old != new else ""


def _shown(value: Any) -> str:
    """A value in short; "" where it is long, not known yet, or masked by the engine."""
    if not isinstance(value, str | int | bool):
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    hidden = text in {_NOT_KNOWN, "[secret]"} or len(text) > _LONGEST or "\n" in text
    return "" if hidden else text
