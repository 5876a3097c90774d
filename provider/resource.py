"""What a resource type is to the server: its name, a table of fields, and the life of one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from secrets import token_hex
from typing import ClassVar

from components.errors import FairwayError
from provider.schema import Field, Rule, faults
from provider.wire import UNKNOWN, Values

# An output that changes whenever the resource was really worked on, also where no input changed
# (a repair). What depends on the resource, such as the report of verify, takes it as an input.
REVISION = "revision"
# An output that says READY, or what is still missing or not as it must be: then the next `up` goes
# on with Update, also where no input changed.
STATE = "state"
READY = "ready"


@dataclass(frozen=True, slots=True)
class Made:
    """A resource that exists: its id and its outputs."""

    id: str
    outputs: Values


class PartlyMadeError(Exception):
    """The resource exists but is not finished; the next `up` goes on with Update.

    Reason 1 is the fault, reason 2 the next step; both are shown to the user.
    """

    def __init__(self, made: Made, *reasons: str) -> None:
        self.made = made
        self.reasons = reasons
        super().__init__("; ".join(reasons))


@dataclass(slots=True)
class Call:
    """One operation in progress: whose it is, and what can be said about it so far."""

    urn: str
    report: Callable[[str], None]
    timeout: float = 0  # seconds that the user's `custom_timeouts` allow; 0 = none given
    made: Made | None = None  # what already exists, for a cancel in the middle

    @property
    def name(self) -> str:
        return self.urn.rsplit("::", 1)[-1]

    def note(self, made: Made) -> None:
        """Remember what exists from here on, so that a cancelled operation does not lose it."""
        self.made = made


class ResourceType(ABC):
    """The life of one type of resource. Inputs have passed `check`; outputs are plain values."""

    urn_type: ClassVar[str]
    fields: ClassVar[Mapping[str, Field]]
    computed: ClassVar[tuple[str, ...]] = ()  # outputs that no input gives
    hashed: ClassVar[frozenset[str]] = frozenset()  # secrets that `check` replaces by their hash
    secret_outputs: ClassVar[frozenset[str]] = frozenset()
    drifts: ClassVar[bool] = True  # something outside Pulumi can change it: look before each run

    @property
    def secrets(self) -> frozenset[str]:
        hidden = {name for name, entry in self.fields.items() if entry.secret}
        return frozenset(hidden) | self.secret_outputs

    def check(self, where: str, old: Values, new: Values) -> tuple[Values, list[FairwayError]]:
        """Return the inputs to keep, and every fault of them. `old` is empty for a new one."""
        del old
        return new, faults(where, self.fields, new)

    def changes(self, old: Values, outputs: Values, new: Values) -> dict[str, Rule]:
        """Say which inputs differ, or which outputs are not as they must be, and what follows."""
        found: dict[str, Rule] = {
            name: entry.change
            for name, entry in self.fields.items()
            if entry.change and old.get(name) != new.get(name)
        }
        if STATE in self.computed and outputs.get(STATE) != READY:
            found[STATE] = "update"
        return found

    def shown(self, inputs: Values) -> Values:
        """Return the inputs that are outputs as well: all but the secrets."""
        return {name: value for name, value in inputs.items() if name not in self.secrets}

    def preview(self, inputs: Values, outputs: Values | None) -> Values:
        """Return the outputs that a create (`outputs` is None) or an update would have."""
        known = dict.fromkeys(self.computed, UNKNOWN) if outputs is None else dict(outputs)
        return {**known, **self.shown(inputs), REVISION: UNKNOWN}

    @abstractmethod
    def create(self, call: Call, inputs: Values) -> Made:
        """Make it, or adopt what an earlier, lost Create has made."""

    @abstractmethod
    def read(self, call: Call, made: Made, inputs: Values) -> tuple[Values, Values] | None:
        """Return inputs and outputs as they really are; None when it is gone."""

    @abstractmethod
    def update(self, call: Call, made: Made, inputs: Values) -> Values:
        """Bring it to its inputs in place and return the outputs."""

    @abstractmethod
    def delete(self, call: Call, made: Made, inputs: Values) -> None:
        """Remove it. What is already gone counts as removed."""


def revision() -> str:
    return token_hex(4)
