"""What verify found, for people (text), programs (dict) and the error that stops an `up`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from string import ascii_uppercase
from textwrap import fill
from typing import Any

from components.errors import VerifyFailed
from components.verify.model import Failure, Fault

WIDE = 12  # hosts up to which every pair has its own cell
COLUMNS = 100
SHOWN = 6  # pairs named per failure before "and N more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A host in the report. `container` is its probe's address, "" where none ran."""

    name: str
    zone: str
    container: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Whether every container reaches every other, and if not, why.

    `checks` counts what was asked, `timings` are seconds by stage.
    """

    environment: str
    hosts: tuple[Line, ...]
    checks: int
    failures: tuple[Failure, ...]
    notes: tuple[str, ...]
    timings: Mapping[str, float]

    @property
    def ok(self) -> bool:
        return not self.failures

    @property
    def exit_code(self) -> int:
        return 0 if self.ok else 1

    @property
    def matrix(self) -> dict[tuple[str, str], str]:
        """Give each ordered pair of hosts that does not work the letter of its failure."""
        return {
            pair: letter
            for letter, failure in reversed(list(zip(_letters(), self.failures, strict=False)))
            for pair in failure.pairs
        }

    def text(self) -> str:
        """Write the report for a terminal."""
        parts = [_summary(self), _table(self) if len(self.hosts) <= WIDE else _zones(self)]
        parts += [_paragraph(*pair) for pair in zip(_letters(), self.failures, strict=False)]
        parts.append("\n".join(_wrapped(f"note: {note}") for note in self.notes))
        parts.append(_spent(self.timings))
        return "\n\n".join(part for part in parts if part) + "\n"

    def message(self) -> str:
        """Say in one line what is wrong first: the pair, the first wrong hop, the next step."""
        error = self.error()
        return str(error) if error else _summary(self)

    def error(self) -> VerifyFailed | None:
        """Make the error that stops an `up`, or None when all is well."""
        if self.ok:
            return None
        first, more = self.failures[0], len(self.failures) - 1
        source, target = first.pairs[0]
        others = f" and {len(first.pairs) - 1} more pairs" if len(first.pairs) > 1 else ""
        also = f" ({more} more causes in the report)" if more else ""
        return VerifyFailed(
            where=f"{source} -> {target}{others}",
            what=f"containers do not reach each other; first wrong hop: {first.fault.where}",
            found=_joined(first.fault),
            hint=first.fault.hint + also,
        )

    def to_dict(self) -> dict[str, Any]:
        """Give plain values for JSON and for a resource's outputs."""
        return {**asdict(self), "timings": dict(self.timings), "ok": self.ok}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Report:
        """Read what to_dict() gave, after a way through JSON too."""
        return cls(
            environment=value["environment"],
            hosts=tuple(Line(**line) for line in value["hosts"]),
            checks=int(value["checks"]),
            failures=tuple(_failure(failure) for failure in value["failures"]),
            notes=tuple(value["notes"]),
            timings=dict(value["timings"]),
        )


def _failure(value: Mapping[str, Any]) -> Failure:
    return Failure(
        fault=Fault(**value["fault"]),
        pairs=tuple((source, target) for source, target in value["pairs"]),
        checks=tuple(value["checks"]),
    )


def _joined(fault: Fault) -> str:
    return f"{fault.what} [{fault.evidence}]" if fault.evidence else fault.what


def _letters() -> Iterator[str]:
    yield from ascii_uppercase
    while True:
        yield "#"


def _summary(report: Report) -> str:
    zones = len({line.zone for line in report.hosts})
    size = f"{_count(len(report.hosts), 'host')} in {_count(zones, 'zone')}"
    if report.ok:
        return (
            f"{report.environment}: {size}: every container reaches every other "
            f"({report.checks} checks)"
        )
    pairs = len({pair for failure in report.failures for pair in failure.pairs})
    return (
        f"{report.environment}: {size}: {_count(pairs, 'pair')} of hosts failed, "
        f"{_count(len(report.failures), 'cause')}"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _table(report: Report) -> str:
    """Draw hosts against hosts: rows ask, columns answer."""
    matrix, names = report.matrix, [line.name for line in report.hosts]
    wide = max((len(name) for name in names), default=1)
    rows = [["", *names]]
    rows += [
        [name, *(matrix.get((name, other), _fine(name, other)) for other in names)]
        for name in names
    ]
    return "\n".join("  ".join(cell.rjust(wide) for cell in row).rstrip() for row in rows)


def _fine(source: str, target: str) -> str:
    return "-" if source == target else "ok"


def _zones(report: Report) -> str:
    """Draw zones against zones: how many ordered pairs work, of how many."""
    zone = {line.name: line.zone for line in report.hosts}
    sizes = Counter(zone.values())
    bad = Counter(
        (zone[a], zone[b]) for a, b in report.matrix if a in zone and b in zone and a != b
    )
    names = list(sizes)
    rows = [["", *names]]
    for a in names:
        totals = ((b, sizes[a] * (sizes[b] - (a == b))) for b in names)
        rows.append([a, *(f"{all_ - bad[a, b]}/{all_}" for b, all_ in totals)])
    wide = max(len(cell) for row in rows for cell in row)
    return "\n".join("  ".join(cell.rjust(wide) for cell in row).rstrip() for row in rows)


def _paragraph(letter: str, failure: Failure) -> str:
    fault = failure.fault
    seen = f"   seen: {fault.evidence}" if fault.evidence else ""
    lines = [
        f"{letter}  {fault.where}: {fault.what}",
        seen,
        f"   next: {fault.hint}",
        f"   explains: {_pairs(failure.pairs)}",
        f"   failed: {', '.join(failure.checks)}",
    ]
    return "\n".join(_wrapped(line) for line in lines if line)


def _wrapped(line: str) -> str:
    indent = " " * 9 if line.startswith(" ") else " " * 3
    return fill(
        line,
        COLUMNS,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    words = [f"{source} -> {target}" for source, target in pairs]
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    return ", ".join(words[:SHOWN]) + more


def _spent(timings: Mapping[str, float]) -> str:
    return "took " + ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in timings.items())
