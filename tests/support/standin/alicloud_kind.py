"""What all types of Alibaba Cloud share: the account, the lab, and how an operation is recorded.

Error codes are those of the API's own pages where these name one for the case.
"""

from __future__ import annotations

import re
import time
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import ClassVar, Literal

from provider.wire import UNKNOWN, Values, has_unknown
from tests.support.standin.account import Account, Item, Kinds
from tests.support.standin.kind import Change, Kind, Made, Refused
from tests.support.standin.place import Place

Verb = Literal["create", "read", "update", "delete"]


class Tasks:
    """The VPCs whose route entries are being changed: the API takes one such change at a time.

    A change takes `seconds`, or until another was refused for it. The real provider asks again
    after TaskConflict, five minutes where a program says nothing else; here `patience` says how
    long. Without any, entries that a program makes all at once are an error.
    """

    def __init__(self, seconds: float, patience: float = 0) -> None:
        self._seconds, self._patience = seconds, patience
        self._lock = Lock()
        self._busy: set[str] = set()
        self._refused = Event()

    @contextmanager
    def change(self, vpc: str) -> Iterator[None]:
        deadline = time.monotonic() + self._patience
        while not self._begin(vpc):
            if time.monotonic() >= deadline:
                self._refused.set()
                raise Refused("TaskConflict", "The operation is too frequent, please wait a moment")
            time.sleep(0.05)
        try:
            self._refused.wait(self._seconds)
            yield
        finally:
            with self._lock:
                self._busy.discard(vpc)

    def _begin(self, vpc: str) -> bool:
        with self._lock:
            if vpc in self._busy:
                return False
            self._busy.add(vpc)
            self._refused.clear()
            return True


@dataclass(frozen=True, slots=True)
class Cloud:
    """What every type works with."""

    account: Account
    place: Place
    tasks: Tasks
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """Which actions of the API the real provider asks for an operation, at most.

    `also` are those of an update in place, by the argument that changes.
    """

    create: str
    read: str
    update: str = ""
    delete: str
    also: Mapping[str, str] = field(default_factory=dict)


class AlicloudKind(Kind):
    """A type whose thing is one item of the account, under the id that the engine knows."""

    held_as: ClassVar[str]  # the account's kind
    life: ClassVar[Life]
    lengths: ClassVar[Mapping[str, tuple[int, int]]] = {}
    defaults: ClassVar[Values] = {}  # inputs that the real provider fills in
    sets: ClassVar[frozenset[str]] = frozenset()  # lists whose order says nothing

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    @abstractmethod
    def make(self, inputs: Values) -> str:
        """Make it, and give its id."""

    @abstractmethod
    def show(self, item: Item, outputs: Values) -> Values:
        """Inputs and outputs as the item has them."""

    def alter(self, id: str, old: Values, new: Values) -> None:  # noqa: A002 - the engine's word
        """Change it in place."""
        raise AssertionError(f"{self.token} {id}: nothing of it changes in place")

    @abstractmethod
    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        """Take it away."""

    def unmake(self, id: str, kinds: Kinds) -> None:  # noqa: A002 - as above
        """Take back from the account what `make` put there."""
        kinds[self.held_as].pop(id, None)

    def built(self, id: str, item: Item) -> bool:  # noqa: A002 - as above
        """Whether the lab still has it."""
        return True

    @contextmanager
    def building(self, id: str) -> Iterator[Place]:  # noqa: A002 - as above
        """Build in the lab what the account has; what could not be built is in neither."""
        try:
            yield self.cloud.place
        except BaseException:
            with self.cloud.account.open() as kinds:
                self.unmake(id, kinds)
            raise

    # -- what the server asks of every type

    def rules(self, inputs: Values) -> Sequence[str]:
        known = {name: value for name, value in inputs.items() if not has_unknown(value)}
        return [*_too_long(known, self.lengths), *_bad_tags(known.get("tags", {}))]

    def completed(self, name: str, old: Values, inputs: Values) -> Values:
        return {**self.defaults, **inputs}

    def changes(self, old: Values, new: Values) -> dict[str, Change]:
        return super().changes(self._sorted(old), self._sorted(new))

    def create(self, name: str, inputs: Values) -> Made:
        self._record(inputs, "create", "read")
        made = self.make(inputs)
        return Made(made, self.show(self.item(made), inputs))

    def read(self, id: str, outputs: Values) -> Values | None:  # noqa: A002 - the engine's word
        self._record(outputs, "read")
        item = self.cloud.account.look().get(self.held_as, {}).get(id)
        if item is None:
            return None
        if not self.built(id, item):
            with self.cloud.account.open() as kinds:
                self.unmake(id, kinds)
            return None
        return self.show(item, outputs)

    def update(self, id: str, outputs: Values, inputs: Values) -> Values:  # noqa: A002 - as above
        self._record(inputs, "update", "read")
        old = {name: value for name, value in outputs.items() if name in self.args}
        for name in self.changes(old, inputs):
            self._note(self.life.also.get(name, ""))
        self.alter(id, old, inputs)
        return self.show(self.item(id), inputs)

    def delete(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        self._record(outputs, "delete")
        if id in self.cloud.account.look().get(self.held_as, {}):
            self.take(id, outputs)

    def item(self, id: str) -> Item:  # noqa: A002 - as above
        return self.cloud.account.look()[self.held_as][id]

    def asks(self, verb: Verb, values: Values) -> str:
        """The actions of an operation on a thing with these values."""
        actions: str = getattr(self.life, verb)
        return actions

    def _record(self, values: Values, *verbs: Verb) -> None:
        for verb in verbs:
            self._note(self.asks(verb, values))

    def _note(self, actions: str) -> None:
        for action in actions.split():
            self.cloud.account.record(action)

    def _sorted(self, values: Values) -> Values:
        ordered = {n: sorted(v) for n, v in values.items() if n in self.sets and _plain(v)}
        return {**values, **ordered}


def _plain(value: object) -> bool:
    return isinstance(value, list) and UNKNOWN not in value


def _too_long(known: Values, lengths: Mapping[str, tuple[int, int]]) -> list[str]:
    faults = []
    for name, (least, most) in lengths.items():
        text = known.get(name)
        if text is None:
            continue
        if not least <= len(text) <= most:
            faults.append(f"argument {name!r}: {len(text)} characters, {least} to {most} wanted")
        if re.match(r"https?://", text):
            faults.append(f"argument {name!r}: may not begin with http:// or https://")
    return faults


def _bad_tags(tags: Mapping[str, str]) -> list[str]:
    faults = [f"argument 'tags': {len(tags)}, at most 20"] if len(tags) > 20 else []
    for key, value in tags.items():
        if not key or len(key) > 128 or re.match(r"(?i)aliyun|acs:", key) or "://" in key:
            faults.append(f"argument 'tags': {key!r} is no tag's key")
        if not has_unknown(value) and len(value) > 128:
            faults.append(f"argument 'tags': the value of {key!r} is too long")
    return faults
