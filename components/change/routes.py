"""Route entries that a change adds, moves or takes away, per table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from components.change.foreseen import ENTRIES, Foreseen, Step

Move = Literal["added", "moved", "away and back", "removed"]

_MOVES: Final[dict[str, Move]] = {
    "create": "added",
    "update": "moved",
    "replace": "away and back",
    "delete": "removed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryMove:
    """One destination of one table. `slot` is the host behind it."""

    table: str
    destination: str
    slot: str
    move: Move


def entry_moves(foreseen: Foreseen) -> tuple[EntryMove, ...]:
    """Every entry that changes, in the engine's order.

    "moved" is in place, to the host's next machine; meanwhile the entry is a black hole. "away and
    back" is where the cloud wants the entry gone before the machine.
    """
    return tuple(
        move
        for step in foreseen.steps
        if step.kind in ENTRIES and step.slot in foreseen.slots
        for move in _moves(step)
    )


def _moves(step: Step) -> Iterator[EntryMove]:
    before, after = _tables(step, step.old), _tables(step, step.new)
    former, destination = _destination(step, step.old), _destination(step, step.new)
    destination = destination or former
    if step.op == "replace" and former and former != destination:
        for table in before:
            yield EntryMove(table=table, destination=former, slot=step.slot, move="removed")
        for table in after:
            yield EntryMove(table=table, destination=destination, slot=step.slot, move="added")
        return
    for table in dict.fromkeys((*before, *after)):
        move = _MOVES[step.op]
        if step.op == "update" and table not in before:
            move = "added"
        elif step.op == "update" and table not in after:
            move = "removed"
        elif step.op == "update" and step.reasons == ("tables",):
            continue  # it stays as it is; another table got or lost its entry
        yield EntryMove(table=table, destination=destination, slot=step.slot, move=move)


def _tables(step: Step, inputs: Any) -> Sequence[str]:
    if not inputs:
        return ()
    if "tables" in inputs:
        return [str(each) for each in inputs["tables"]]
    return [step.name.rpartition("::")[0]]


def _destination(step: Step, inputs: Any) -> str:
    return next((str(inputs[key]) for key in ENTRIES[step.kind] if key in inputs), "")
