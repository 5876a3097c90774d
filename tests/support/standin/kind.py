"""What a resource type is to a stand-in: a table of arguments, and the life of one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Any, ClassVar, Literal

from provider.wire import UNKNOWN, Values, has_unknown

Shape = Literal["text", "number", "flag", "list", "map"]
Change = Literal["update", "replace"]

_TYPES: Mapping[Shape, tuple[type, ...]] = {
    "text": (str,),
    "number": (int, float),
    "flag": (bool,),
    "list": (list,),
    "map": (dict,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arg:
    """One argument of a type, as the provider's own schema has it.

    `computed` means that the cloud decides where it is not given, so that leaving it out is no
    change. `conflicts` are arguments that may not be given beside it.
    """

    shape: Shape = "text"
    required: bool = False
    change: Change = "update"
    computed: bool = False
    conflicts: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()


class Refused(Exception):  # noqa: N818 - what the cloud's API answers
    """The cloud's API refused: its own code, and its message."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(f"{code}: {message}")


@dataclass(frozen=True, slots=True)
class Made:
    """A thing that exists: its id, and its outputs beside the inputs."""

    id: str
    outputs: Values


class Kind(ABC):
    """One resource type. Inputs have passed `faults`; all names are the engine's (camelCase)."""

    token: ClassVar[str]  # "aws:ec2/vpc:Vpc"
    args: ClassVar[Mapping[str, Arg]]
    named: ClassVar[str] = ""  # the argument that gets a name of the provider's own if left out
    recorded_only: ClassVar[bool] = False  # checked and kept; the lab has no counterpart

    def rules(self, inputs: Values) -> Sequence[str]:
        """The cloud's documented rules that a plan already breaks; values may be UNKNOWN."""
        return ()

    @abstractmethod
    def create(self, name: str, inputs: Values) -> Made:
        """Make it, or raise Refused."""

    @abstractmethod
    def read(self, id: str, outputs: Values) -> Values | None:  # noqa: A002 - the engine's word
        """Outputs as they really are now, None when it is gone."""

    @abstractmethod
    def update(self, id: str, outputs: Values, inputs: Values) -> Values:  # noqa: A002 - as above
        """Change it in place; returns what `create` would as outputs."""

    @abstractmethod
    def delete(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        """Take it away; what is gone already is fine."""

    # -- what the server asks

    def faults(self, inputs: Values) -> list[str]:
        """Everything wrong with the inputs alone, as the provider's schema would say it."""
        found = [f"unexpected argument {name!r}" for name in inputs if name not in self.args]
        for name, arg in self.args.items():
            if name in inputs:
                found += _wrong(name, arg, inputs)
            elif arg.required:
                found.append(f"missing required argument {name!r}")
        return found or list(self.rules(inputs))

    def completed(self, name: str, old: Values, inputs: Values) -> Values:
        """The inputs with the name that a bridged provider would choose, and then keep."""
        if not self.named or self.named in inputs:
            return inputs
        chosen = old.get(self.named) or f"{name}-{token_hex(4)[:7]}"
        return {**inputs, self.named: chosen}

    def changes(self, old: Values, new: Values) -> dict[str, Change]:
        """Which arguments differ, and what follows. Unknown counts as changed."""
        found: dict[str, Change] = {}
        for name, arg in self.args.items():
            if name not in new and (arg.computed or name not in old):
                continue
            if has_unknown(new.get(name)) or old.get(name) != new.get(name):
                found[name] = arg.change
        return found

    def preview(self, inputs: Values) -> Values:
        """The outputs of one that does not exist yet, as far as they can be known."""
        return {**dict.fromkeys(self.outputs(), UNKNOWN), **inputs}

    def outputs(self) -> tuple[str, ...]:
        """Names of outputs that no input gives."""
        return ()


def _wrong(name: str, arg: Arg, inputs: Values) -> list[str]:
    value: Any = inputs[name]
    if has_unknown(value):
        return []
    found = []
    if not isinstance(value, _TYPES[arg.shape]) or (
        arg.shape == "number" and isinstance(value, bool)
    ):
        found.append(f"argument {name!r}: {arg.shape} wanted, {type(value).__name__} found")
    elif arg.one_of and value not in arg.one_of:
        found.append(f"argument {name!r}: {value!r} is none of {', '.join(arg.one_of)}")
    found += [f"{name!r} conflicts with {other!r}" for other in arg.conflicts if other in inputs]
    return found
