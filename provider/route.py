"""fairway:lab:Route - a container CIDR in every route table that leads to containers.

One resource holds the entries of all tables: a table that was forgotten is the classic fault of
routed networks, and a resource fewer for each table keeps the state small.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network
from typing import ClassVar

from components.errors import FairwayError
from lab.model import Held, Route
from provider.lab import LAB, condition, open_lab
from provider.resource import READY, REVISION, STATE, Call, Made, ResourceType, revision
from provider.schema import CIDR, TEXT, TEXTS, Field
from provider.wire import Values


class RouteType(ResourceType):
    """The same entry in several tables; its machine and its tables change in place."""

    urn_type = "fairway:lab:Route"
    computed = (STATE,)
    fields: ClassVar[Mapping[str, Field]] = {
        "lab": LAB,
        "tables": Field(kind=TEXTS),
        "destination": Field(kind=CIDR, change="replace"),
        "machine": Field(kind=TEXT),
    }

    def create(self, call: Call, inputs: Values) -> Made:
        try:
            outputs = self._put(call, inputs)
        except FairwayError:
            # No state will know of the entries that fitted, so nobody would ever take them away.
            _withdraw(inputs, inputs["tables"])
            raise
        return Made(f"{inputs['lab']}/{inputs['destination']}", outputs)

    def read(self, call: Call, made: Made, inputs: Values) -> tuple[Values, Values] | None:
        held = _entries(inputs)
        if not held:
            return None
        seen = {**inputs, "tables": list(held), "machine": _machine(held, inputs["machine"])}
        return seen, {**made.outputs, **self.shown(seen), STATE: _conditions(held)}

    def update(self, call: Call, made: Made, inputs: Values) -> Values:
        _withdraw(inputs, set(made.outputs.get("tables") or ()) - set(inputs["tables"]))
        return self._put(call, inputs)

    def delete(self, call: Call, made: Made, inputs: Values) -> None:
        _withdraw(inputs, inputs["tables"])

    def _put(self, call: Call, inputs: Values) -> Values:
        lab, destination = open_lab(inputs), IPv4Network(inputs["destination"])
        for table in inputs["tables"]:
            entry = Route(table=table, destination=destination, machine_id=inputs["machine"])
            lab.put(entry, call.report)
        return {**self.shown(inputs), STATE: READY, REVISION: revision()}


def _withdraw(inputs: Values, tables: Iterable[str]) -> None:
    for table in tables:
        open_lab(inputs).delete(Route, f"{table}/{inputs['destination']}")


def _entries(inputs: Values) -> dict[str, Held[Route]]:
    """Return the entries that are there, by table."""
    lab = open_lab(inputs)
    found = {
        table: lab.get(Route, f"{table}/{inputs['destination']}") for table in inputs["tables"]
    }
    return {table: held for table, held in found.items() if held is not None}


def _machine(held: Mapping[str, Held[Route]], wanted: str) -> str:
    """Return the machine that all entries lead to, or the first that is not the wanted one."""
    others = [each.spec.machine_id for each in held.values() if each.spec.machine_id != wanted]
    return others[0] if others else wanted


def _conditions(held: Mapping[str, Held[Route]]) -> str:
    """Say `ready`, or table by table what is not as recorded."""
    told = {table: condition(each) for table, each in held.items()}
    return "; ".join(f"{name}: {how}" for name, how in told.items() if how != READY) or READY
