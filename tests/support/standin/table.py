"""The arguments of a type, written down by the names and columns of a provider's own schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.support.standin.kind import Arg, Change, Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The arguments of a type by the names and columns of the provider's own schema."""

    required: str = ""
    replace: str = ""
    update: str = ""
    computed: str = ""  # of the arguments: the cloud decides where one is not given
    shapes: Mapping[Shape, str] = field(default_factory=dict)
    one_of: Mapping[str, str] = field(default_factory=dict)
    conflicts: Mapping[str, str] = field(default_factory=dict)

    def args(self) -> dict[str, Arg]:
        found: dict[str, Arg] = {}
        shapes = {name: shape for shape, names in self.shapes.items() for name in names.split()}
        columns: tuple[tuple[Change, str], ...] = (
            ("replace", self.replace),
            ("update", self.update),
        )
        for change, names in columns:
            for name in names.split():
                found[camel(name)] = Arg(
                    shape=shapes.get(name, "text"),
                    required=name in self.required.split(),
                    change=change,
                    computed=name in self.computed.split(),
                    conflicts=tuple(map(camel, self.conflicts.get(name, "").split())),
                    one_of=tuple(self.one_of.get(name, "").split()),
                )
        return found


def camel(name: str) -> str:
    """A provider's own name of an argument as the engine spells it."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
