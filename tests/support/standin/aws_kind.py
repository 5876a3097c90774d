"""What all types of AWS share: the account, the lab, tags, and how a life is told.

Error codes are AWS's own, where its documentation or the provider's source names one.
"""

from __future__ import annotations

import json
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import RLock
from typing import Any, ClassVar, Final

from provider.wire import UNKNOWN, Values, has_unknown
from tests.support.standin.aws_api import Api, Row, is_gone
from tests.support.standin.kind import Change, Kind, Made, Refused
from tests.support.standin.place import Place

ACCOUNT: Final = "123456789012"  # moto's own
MOST_TAGS: Final = 50


@dataclass(slots=True, kw_only=True)
class Cloud:
    """What every type works with. `lock` holds what was checked until it is done.

    `api` is asked what the real provider asks, and logged. `unseen` is for what AWS itself does.
    """

    api: Api
    unseen: Api
    place: Place
    routes: int = 500  # entries of one table
    rules: int = 60  # of one group in one direction
    patience: float = 60.0  # seconds that the provider asks again where AWS says "in use"
    default_tags: Values = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)

    def configure(self, told: Values) -> None:
        """Take what the program says to the provider; moto has one account in every region."""
        region = told.get("region", self.api.region)
        if region != self.api.region:
            raise AssertionError(f"this account is looked at in {self.api.region}, not {region}")
        tags = told.get("defaultTags", {})
        self.default_tags = (json.loads(tags) if isinstance(tags, str) else tags).get("tags", {})

    def patiently(self, work: Callable[[], object], *codes: str) -> None:
        """Try again while AWS says one of these, as long as the provider would (but shorter)."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                work()
            except Refused as refused:
                if refused.code not in codes or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return


class AwsKind(Kind):
    """A type whose thing is one row of the account, under the id that the engine knows."""

    tagged: ClassVar[str] = ""  # the word of a TagSpecification; "" for what has no tags
    more: ClassVar[str] = ""  # outputs that are no argument
    sets: ClassVar[frozenset[str]] = frozenset()  # lists whose order says nothing
    exclusive: ClassVar[tuple[frozenset[str], ...]] = ()  # exactly one of each must be given

    def __init__(self, cloud: Cloud) -> None:
        self.cloud, self.place = cloud, cloud.place
        self.api, self.unseen = cloud.api, cloud.unseen

    @abstractmethod
    def make(self, name: str, inputs: Values) -> str:
        """Make it, and give its id."""

    @abstractmethod
    def look(self, id: str, outputs: Values) -> Row | None:  # noqa: A002 - the engine's word
        """What the account says of it, None when it is gone."""

    @abstractmethod
    def show(self, row: Row, outputs: Values) -> Values:
        """Inputs and outputs as the row has them."""

    def alter(self, id: str, old: Values, new: Values) -> None:  # noqa: A002 - the engine's word
        """Change it in place; tags are done already."""

    @abstractmethod
    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        """Take it away."""

    # -- what the server asks of every type

    def outputs(self) -> tuple[str, ...]:
        decided = (name for name, arg in self.args.items() if arg.computed)
        return (*self.more.split(), *decided, *(("tagsAll",) if "tags" in self.args else ()))

    def faults(self, inputs: Values) -> list[str]:
        found = super().faults(inputs)
        for names in self.exclusive:
            given = sorted(names & inputs.keys())
            if len(given) != 1:
                found.append(f"exactly one of {', '.join(sorted(names))} wanted, {given} given")
        return found or _bad_tags(inputs.get("tags", {}))

    def changes(self, old: Values, new: Values) -> dict[str, Change]:
        return super().changes(self._sorted(old), self._sorted(new))

    def create(self, name: str, inputs: Values) -> Made:
        made = self.make(name, inputs)
        return Made(made, self._shown(made, inputs))

    def read(self, id: str, outputs: Values) -> Values | None:  # noqa: A002 - the engine's word
        row = self.look(id, outputs)
        return None if row is None else {**self.show(row, outputs), **self._tags_of(row)}

    def update(self, id: str, outputs: Values, inputs: Values) -> Values:  # noqa: A002 - as above
        old = {name: value for name, value in outputs.items() if name in self.args}
        if "tags" in self.args and old.get("tags", {}) != inputs.get("tags", {}):
            self.retag(id, self.all_tags(old), self.all_tags(inputs))
        self.alter(id, old, inputs)
        return self._shown(id, {**outputs, **inputs})

    def delete(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        if self.look(id, outputs) is None:
            return
        try:
            self.take(id, outputs)
        except Refused as refused:
            if not is_gone(refused):
                raise

    # -- what types share

    def all_tags(self, inputs: Values) -> dict[str, str]:
        return {**self.cloud.default_tags, **inputs.get("tags", {})}

    def tag_words(self, inputs: Values) -> Row:
        """The tags as an action that makes something takes them."""
        tags = _pairs(self.all_tags(inputs))
        return {"TagSpecifications": [{"ResourceType": self.tagged, "Tags": tags}]} if tags else {}

    def retag(self, id: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:  # noqa: A002 - as above
        gone = [{"Key": key} for key in old if key not in new]
        if gone:
            self.api.ask("ec2:DeleteTags", Resources=[id], Tags=gone)
        fresh = {key: value for key, value in new.items() if old.get(key) != value}
        if fresh:
            self.api.ask("ec2:CreateTags", Resources=[id], Tags=_pairs(fresh))

    @contextmanager
    def building(self, id: str, outputs: Values) -> Iterator[Place]:  # noqa: A002 - as above
        """Build in the lab what the account has; what could not be built is in neither."""
        try:
            yield self.place
        except BaseException:
            with suppress(Exception):
                self.take(id, outputs)
            raise

    def _shown(self, id: str, outputs: Values) -> Values:  # noqa: A002 - as above
        row = self.look(id, outputs)
        if row is None:
            raise AssertionError(f"{self.token} {id} is gone while it is worked on")
        return {**self.show(row, outputs), **self._tags_of(row)}

    def _tags_of(self, row: Row) -> Values:
        if "tags" not in self.args:
            return {}
        every = {tag["Key"]: tag["Value"] for tag in row.get("Tags", ())}
        kept = self.cloud.default_tags
        own = {key: value for key, value in every.items() if kept.get(key) != value}
        return {"tags": own, "tagsAll": every}

    def _sorted(self, values: Values) -> Values:
        ordered = {n: sorted(v) for n, v in values.items() if n in self.sets and _plain(v)}
        return {**values, **ordered}


def arn(service: str, region: str, rest: str) -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{rest}"


def known(inputs: Values, *names: str) -> bool:
    """Whether all of these are given, and not only in a preview."""
    return all(name in inputs and not has_unknown(inputs[name]) for name in names)


def given(inputs: Values, **names: str) -> Row:
    """Words of an action by arguments: `given(inputs, KeyName="keyName")`."""
    return {word: inputs[name] for word, name in names.items() if name in inputs}


def differs(old: Values, new: Values, name: str) -> bool:
    return bool(name in new and old.get(name) != new[name])


def _pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _plain(value: Any) -> bool:
    return isinstance(value, list) and UNKNOWN not in value


def _bad_tags(tags: Any) -> list[str]:
    if not isinstance(tags, Mapping):
        return []
    faults = [f"'tags': {len(tags)}, at most {MOST_TAGS}"] if len(tags) > MOST_TAGS else []
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or key.lower().startswith("aws:"):
            faults.append(f"'tags': {key!r} is no tag's key")
        if not has_unknown(value) and len(value) > 256:
            faults.append(f"'tags': the value of {key!r} is too long")
    return faults


Rules = Sequence[str]
