"""Who reaches whom: a cell for each pair of hosts, or of zones where there are too many hosts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from components.picture.elements import el, text
from components.plan.model import Plan, Slot

Pairs = Mapping[tuple[str, str], str]  # ordered pairs of hosts that fail, and what they suffer from

_CELLS = 64  # hosts up to which each pair has a cell
_ROOMY = 16  # hosts up to which cells are wide


def matrix(plan: Plan, broken: Pairs) -> str:
    """A table whose rows ask and whose columns answer; `broken` names what a pair suffers from."""
    slots = sorted(plan.slots, key=lambda slot: (slot.zone, slot.number))
    rows = _of_hosts(slots, broken) if len(slots) <= _CELLS else _of_zones(slots, broken)
    kind = "matrix" if len(slots) <= _ROOMY or len(slots) > _CELLS else "matrix dense"
    return el("div", el("table", *rows, class_=kind), class_="scroll")


def _of_hosts(slots: Sequence[Slot], broken: Pairs) -> Iterator[str]:
    names = [slot.name for slot in slots]
    yield _head(names)
    for source in names:
        cells = (_cell(source, target, broken) for target in names)
        yield el("tr", el("th", text(source), scope="row"), *cells)


def _cell(source: str, target: str, broken: Pairs) -> str:
    if source == target:
        return el("td", " ", class_="self")
    cause = broken.get((source, target))
    if cause is None:
        return el("td", "✓", class_="fine", title=f"{source} reaches {target}")
    return el("td", "✕", class_="failed", title=f"{source} does not reach {target}: {cause}")


def _of_zones(slots: Sequence[Slot], broken: Pairs) -> Iterator[str]:
    zone = {slot.name: slot.zone for slot in slots}
    sizes = Counter(zone.values())
    failed = Counter((zone[source], zone[target]) for source, target in broken)
    yield _head(list(sizes))
    for one in sizes:
        cells = []
        for other in sizes:
            pairs = sizes[one] * (sizes[other] - (one == other))
            kind = "failed" if failed[one, other] else "fine"
            cells.append(el("td", f"{pairs - failed[one, other]} of {pairs}", class_=kind))
        yield el("tr", el("th", text(one), scope="row"), *cells)


def _head(names: Sequence[str]) -> str:
    heads = (el("th", el("span", text(name)), scope="col") for name in names)
    return el("tr", el("td", " "), *heads)
