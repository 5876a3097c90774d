"""What verify found, for people (text), programs (dict) and the error that stops an `up`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from string import ascii_uppercase
from textwrap import fill
from typing import Any

from components.errors import VerifyFailed
from components.verify.model import Deviation, Failure, Fault
from components.verify.sentence import sentence
from components.verify.tables import pairs, zones

WIDE = 12  # hosts up to which every pair has its own cell
COLUMNS = 100
SHOWN = 6  # pairs named per failure before "and N more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A host in the report. `container` is its probe's address, "" where none ran.

    `containers` is the range that its probe is in, "" in a report of an earlier version.
    """

    name: str
    zone: str
    container: str
    containers: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Whether every container reaches every other, and if not, why.

    `checks` counts what was asked, `timings` are seconds by stage. `drift` is what is not as
    planned, felt or not, where everything was compared; `unseen` says why it could not be.
    """

    environment: str
    hosts: tuple[Line, ...]
    checks: int
    failures: tuple[Failure, ...]
    notes: tuple[str, ...]
    timings: Mapping[str, float]
    drift: tuple[Deviation, ...] = ()
    unseen: str = ""

    @property
    def ok(self) -> bool:
        return not (self.failures or self.drift)

    @property
    def exit_code(self) -> int:
        """Give 3 where the network is not as planned, 1 where that could not be seen, else 0."""
        if not self.ok:
            return 3
        return 1 if self.unseen else 0

    @property
    def first(self) -> str:
        """Say in a sentence what is wrong first, "" where nothing is."""
        if self.failures:
            return sentence(self.failures[0].fault, self.failures, self.hosts)
        return _line(self.drift[0]) if self.drift else ""

    @property
    def unfelt(self) -> tuple[Deviation, ...]:
        """Give what is not as planned and explains no failure that is told already."""
        told = {(f.cause, f.where, f.about or f.where) for f in (x.fault for x in self.failures)}
        return tuple(d for d in self.drift if (d.kind, d.where, d.about or d.where) not in told)

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
        opening = [_summary(self), *([self.first] if self.failures else [])]
        parts = ["\n".join(_wrapped(each) for each in opening)]
        draw = pairs if len(self.hosts) <= WIDE else zones
        parts.append(draw(self.hosts, self.matrix))
        parts += [_paragraph(*pair) for pair in zip(_letters(), self.failures, strict=False)]
        parts += [_drifted(deviation) for deviation in self.unfelt]
        parts.append("\n".join(_wrapped(f"note: {note}") for note in self._all_notes))
        parts.append(_spent(self.timings))
        return "\n\n".join(part for part in parts if part) + "\n"

    @property
    def _all_notes(self) -> tuple[str, ...]:
        blind = f"the cloud was not compared with the plan: {self.unseen}"
        return (*self.notes, *([blind] if self.unseen else []))

    def message(self) -> str:
        """Say in one line what is wrong first: the pair, the first wrong hop, the next step."""
        error = self.error()
        return str(error) if error else _summary(self)

    def error(self) -> VerifyFailed | None:
        """Make the error that stops an `up`, or None when all is well."""
        if not self.failures:
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
        return {
            **asdict(self),
            "timings": dict(self.timings),
            "ok": self.ok,
            "first": self.first,
        }

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
            drift=tuple(Deviation(**each) for each in value.get("drift", ())),
            unseen=value.get("unseen", ""),
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
    many = len({line.zone for line in report.hosts})
    size = f"{_count(len(report.hosts), 'host')} in {_count(many, 'zone')}"
    if not report.failures:
        good = f"every container reaches every other ({report.checks} checks)"
        count = len(report.drift)
        but = f"; not as planned: {_count(count, 'thing')}" if count else ""
        return f"{report.environment}: {size}: {good}{but}"
    broken = len({pair for failure in report.failures for pair in failure.pairs})
    return (
        f"{report.environment}: {size}: {_count(broken, 'pair')} of hosts failed, "
        f"{_count(len(report.failures), 'cause')}"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


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


def _drifted(deviation: Deviation) -> str:
    about = f"{deviation.about}: " if deviation.about not in {"", deviation.where} else ""
    lines = (
        f"-  {deviation.where}: {about}{deviation.found}",
        f"   wanted: {deviation.wanted}",
        f"   repair: {deviation.repair}",
    )
    return "\n".join(_wrapped(line) for line in lines)


def _line(deviation: Deviation) -> str:
    about = f"{deviation.about}: " if deviation.about not in {"", deviation.where} else ""
    return f"{about}{deviation.where}: {deviation.found}; wanted {deviation.wanted}"


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
