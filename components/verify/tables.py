"""Who reaches whom, drawn for a terminal: hosts against hosts, or zones against zones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from components.verify.sentence import Line

Matrix = Mapping[tuple[str, str], str]  # the letter of what stops each pair that does not work


def pairs(hosts: Sequence[Line], matrix: Matrix) -> str:
    """Draw hosts against hosts: rows ask, columns answer."""
    names = [line.name for line in hosts]
    wide = max((len(name) for name in names), default=1)
    rows = [["", *names]]
    rows += [
        [name, *(matrix.get((name, other), _fine(name, other)) for other in names)]
        for name in names
    ]
    return "\n".join("  ".join(cell.rjust(wide) for cell in row).rstrip() for row in rows)


def _fine(source: str, target: str) -> str:
    return "-" if source == target else "ok"


def zones(hosts: Sequence[Line], matrix: Matrix) -> str:
    """Draw zones against zones: how many ordered pairs work, of how many."""
    zone = {line.name: line.zone for line in hosts}
    sizes = Counter(zone.values())
    bad = Counter((zone[a], zone[b]) for a, b in matrix if a in zone and b in zone and a != b)
    names = list(sizes)
    rows = [["", *names]]
    for a in names:
        totals = ((b, sizes[a] * (sizes[b] - (a == b))) for b in names)
        rows.append([a, *(f"{all_ - bad[a, b]}/{all_}" for b, all_ in totals)])
    wide = max(len(cell) for row in rows for cell in row)
    return "\n".join("  ".join(cell.rjust(wide) for cell in row).rstrip() for row in rows)
