"""What a change means for people: hosts, paths, services, quorum and quota, the worst first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final, Literal

from components.change.away import named, paths
from components.change.foreseen import Foreseen, HostChange
from components.change.routes import EntryMove, entry_moves
from components.reach.survey import Broken
from components.swarm.quorum import tolerance
from components.swarm.spread import Service

Level = Literal["human", "away", "change"]
LEVELS: Final[tuple[Level, ...]] = ("human", "away", "change")
NEARLY: Final = 0.9  # of a table's quota


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One sentence. "human" needs somebody's yes, "away" passes by itself, "change" is a change.

    `hosts` are those for which it is told.
    """

    level: Level
    text: str
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What stands before the change, as far as it could be seen; `unseen` says what could not.

    `volumes` are local volumes by host. `replaces_in` is the seconds for which a host of this
    cluster is away while it is replaced, None where none was yet. `quota` is of entries for each
    table.
    """

    managers: frozenset[str] = frozenset()
    working: frozenset[str] | None = None  # managers in the Swarm now; None where not asked
    leaderless: frozenset[str] = frozenset()  # managers that see no leader now
    services: tuple[Service, ...] = ()
    volumes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    replaces_in: float | None = None
    quota: int | None = None
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Meaning:
    """All there is to say of a change."""

    lines: tuple[Line, ...]
    moves: tuple[EntryMove, ...]
    hosts: Mapping[str, HostChange]
    unseen: tuple[str, ...] = ()
    fingerprint: str = ""  # of the preview that it is the meaning of
    entries: int = 0  # of each route table afterwards
    quota: int | None = None

    @property
    def nothing(self) -> bool:
        return not self.lines

    @property
    def needs_a_human(self) -> bool:
        return any(line.level == "human" for line in self.lines)

    def to_dict(self) -> dict[str, Any]:
        """For programs; keys and words do not change."""
        return {
            "changes": not self.nothing,
            "needs_a_human": self.needs_a_human,
            "lines": [{"level": line.level, "text": line.text} for line in self.lines],
            "hosts": {
                each.slot: {
                    "fate": each.fate,
                    "reasons": list(each.reasons),
                    "why": list(each.why),
                }
                for each in self.hosts.values()
            },
            "routes": [
                {
                    "table": each.table,
                    "destination": each.destination,
                    "host": each.slot,
                    "move": each.move,
                }
                for each in self.moves
            ],
            "tables": {"entries": self.entries, "quota": self.quota},
            "unseen": list(self.unseen),
            "fingerprint": self.fingerprint,
        }


def meaning(
    foreseen: Foreseen,
    standing: Standing,
    *,
    ranges: Mapping[str, str],
    entries: int,
    broken: Sequence[Broken] = (),
) -> Meaning:
    """Say what the engine's steps do. `ranges` is each host's container CIDR, before or after.

    `entries` is how many each table holds afterwards; `broken` are paths that the network after
    the change does not have, by the model on paper.
    """
    moves = entry_moves(foreseen)
    lines = (
        *_services(foreseen, standing),
        *_volumes(foreseen, standing),
        *_quorum(foreseen, standing),
        *_quota(foreseen, standing, entries),
        *(Line(level="human", text=f"afterwards broken: {each}") for each in broken),
        *(
            Line(level="away", text=text, hosts=hosts)
            for text, hosts in paths(foreseen, ranges, standing.replaces_in)
        ),
        *_hosts(foreseen, {move.slot for move in moves}),
        *_routes(moves),
        *_others(foreseen),
    )
    ordered = tuple(sorted(lines, key=lambda line: LEVELS.index(line.level)))
    return Meaning(
        lines=ordered,
        moves=moves,
        hosts=foreseen.hosts,
        unseen=standing.unseen,
        fingerprint=foreseen.fingerprint,
        entries=entries,
        quota=standing.quota,
    )


def _services(foreseen: Foreseen, standing: Standing) -> Iterator[Line]:
    """Services that are nowhere else: hosts go one after the other, so each is asked alone."""
    for service in standing.services:
        if len(service.running) != 1:
            continue
        ((host, many),) = service.running.items()
        if host in foreseen.leaving:
            tasks = "its only task runs" if many == 1 else f"all its {many} tasks run"
            text = f"service {service.name} is away while {host} goes: {tasks} there"
            yield Line(level="human", text=text, hosts=(host,))


def _volumes(foreseen: Foreseen, standing: Standing) -> Iterator[Line]:
    for host in sorted(foreseen.leaving):
        names = standing.volumes.get(host, ())
        if names:
            text = f"data lost with the machine of {host}: volumes {named(names)}"
            yield Line(level="human", text=text, hosts=(host,))


def _quorum(foreseen: Foreseen, standing: Standing) -> Iterator[Line]:
    """How many managers may fail meanwhile; one at a time is away while it is replaced."""
    if standing.leaderless and not standing.working:
        who = named(sorted(standing.leaderless))
        text = f"quorum: lost, no leader for {who}: no change is possible before"
        yield Line(level="human", text=f"{text} `./fairway recover STACK`")
        return
    removed = {h.slot for h in foreseen.with_fate("removed")} & standing.managers
    replaced = {h.slot for h in foreseen.with_fate("replaced")} & standing.managers
    if not removed | replaced:
        return
    working = standing.managers if standing.working is None else standing.working
    count, left = len(standing.managers), len(working) - 1
    spare = left - (count // 2 + 1)
    if replaced and count == 1:
        (only,) = replaced
        text = f"quorum: {only} is the only manager, the Swarm begins anew and holds nothing"
        yield Line(level="human", text=f"{text}; restore a backup afterwards")
    elif len(removed) > tolerance(count):
        text = f"quorum: {len(removed)} of {count} managers go at once ({named(sorted(removed))})"
        yield Line(level="human", text=text)
    elif spare < 0:
        text = f"quorum: {len(working)} of {count} managers work, none may be away"
        yield Line(level="human", text=text)
    else:
        who = named(sorted(removed | replaced))
        more = f"{spare} more may fail" if spare else "no other may fail meanwhile"
        yield Line(level="away", text=f"quorum: managers {who} go one at a time; {more}")


def _quota(foreseen: Foreseen, standing: Standing, entries: int) -> Iterator[Line]:
    """How far the tables carry, where the number of hosts changes."""
    quota = standing.quota
    if quota is None or not foreseen.with_fate("made") + foreseen.with_fate("removed"):
        return
    used = f"quota: {entries} of {quota} entries in each route table"
    if entries > quota:
        text = f"{used}; hosts too many: {entries - quota}; docs/limits.md says what to do"
        yield Line(level="human", text=text)
        return
    soon = "; docs/limits.md says what to do then" if entries > NEARLY * quota else ""
    yield Line(level="change", text=f"{used}; hosts left: {quota - entries}{soon}")


def _hosts(foreseen: Foreseen, moved: Collection[str]) -> Iterator[Line]:
    """One line for each fate and reason; where only entries change, their lines say it."""
    for fate in ("replaced", "removed", "made", "changed"):
        found = [
            host
            for host in foreseen.with_fate(fate)
            if not (host.only_entries and host.slot in moved)
        ]
        hosts = sorted(found, key=lambda host: host.why)
        for reasons, group in groupby(hosts, key=lambda host: host.why):
            who = named(host.slot for host in group)
            why = f", for {', '.join(reasons)}" if reasons else ""
            yield Line(level="change", text=f"hosts {fate}: {who}{why}")


def _routes(moves: Iterable[EntryMove]) -> Iterator[Line]:
    """One line for each move and set of hosts, with the tables it is made in."""
    tables: dict[tuple[str, str], dict[str, None]] = {}
    for each in moves:
        tables.setdefault((each.move, each.destination), {})[each.table] = None
    grouped: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (move, destination), found in tables.items():
        grouped.setdefault((move, tuple(found)), []).append(destination)
    for (move, found_in), destinations in grouped.items():
        text = f"routes {move}: {named(destinations)} in {named(found_in)}"
        yield Line(level="change", text=text)


def _others(foreseen: Foreseen) -> Iterator[Line]:
    """What is no host's and no entry: the network's own things."""
    alike: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for step in foreseen.others:
        alike.setdefault((step.op, step.kind, step.reasons), []).append(step.name)
    for (op, kind, reasons), names in alike.items():
        why = f" ({', '.join(reasons)})" if reasons else ""
        level: Level = "human" if op in {"replace", "delete"} else "change"
        yield Line(level=level, text=f"{op} {kind} {named(names)}{why}")
