"""Walks through a configuration by its table of keys, and writes down what is wrong on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from components.config.faults import Fault, Faults, nearest
from components.config.schema import REQUIRED, SEE_BELOW, Section
from components.config.values import Wrong, described

T = TypeVar("T")

_NOTHING = object()


class Cursor:
    """One mapping of a configuration.

    Readers return the typed value. After a fault they return the given `blank`, so that the walk
    goes on and finds the next fault; nobody may use what was read once there is a fault.
    """

    def __init__(self, node: object, path: str, section: Section, faults: Faults) -> None:
        self.path = path
        self.faults = faults
        self._section = section
        self._node = self._mapping(node, path)
        self._refuse_unknown()

    def take(self, name: str, read: Callable[[object], T], blank: T) -> T:
        """The value of key `name`, or its default, as `read` understands it."""
        value = self._raw(name)
        return blank if value is _NOTHING else self._read(self._at(name), value, read, blank)

    def given(self, name: str) -> bool:
        return name in (self._node or {})

    def sub(self, name: str, section: Section) -> Cursor:
        """The mapping under key `name`."""
        return Cursor(self._raw(name), self._at(name), section, self.faults)

    def entries(self, name: str, section: Section) -> Iterator[Cursor]:
        """The mappings listed under key `name`, each addressed by its own name in messages."""
        for index, item in enumerate(self._sequence(name)):
            label = item.get("name") if isinstance(item, Mapping) else None
            spot = f".{label}" if isinstance(label, str) and label else f"[{index}]"
            yield Cursor(item, self._at(name) + spot, section, self.faults)

    def listed(self, name: str, read: Callable[[object], T]) -> tuple[T, ...]:
        """The values listed under key `name`, without those that are wrong."""
        path = self._at(name)
        read_all = (
            self._read(f"{path}[{index}]", item, read, None)
            for index, item in enumerate(self._sequence(name))
        )
        return tuple(item for item in read_all if item is not None)

    def pairs(
        self, name: str, read_key: Callable[[object], str], read: Callable[[object], T]
    ) -> dict[str, T]:
        """The free mapping under key `name`, without the pairs that are wrong."""
        value = self._raw(name)
        found: dict[str, T] = {}
        node = self._mapping(value, self._at(name))
        for raw_key, raw in (node or {}).items():
            path = f"{self._at(name)}.{raw_key}"
            key = self._read(path, raw_key, read_key, None)
            item = self._read(path, raw, read, None)
            if key is not None and item is not None:
                found[key] = item
        return found

    def fault(self, name: str, what: str, *, found: str, wanted: str, hint: str) -> None:
        """Write down what is wrong at key `name`, unless the whole mapping is already told."""
        if self._node is not None:
            self._fault(self._at(name), what, found, wanted, hint)

    def _at(self, name: str) -> str:
        return f"{self.path}{':' if self.path == 'fairway' else '.'}{name}"

    def _raw(self, name: str) -> object:
        if self._node is None:
            return _NOTHING
        key = self._section.key(name)
        value = self._node.get(name, key.default)
        if value is not REQUIRED:
            return value
        example = "" if key.example == SEE_BELOW else f", for example {name}: {key.example}"
        hint = f"add it{example}; docs/configuration.md shows all keys"
        self._fault(self._at(name), "is missing", "nothing", key.kind, hint)
        return _NOTHING

    def _read(self, path: str, value: object, read: Callable[[object], T], blank: T) -> T:
        try:
            return read(value)
        except Wrong as wrong:
            self._fault(path, wrong.what, wrong.found, wrong.wanted, wrong.hint)
            return blank

    def _mapping(self, node: object, path: str) -> Mapping[object, object] | None:
        if isinstance(node, Mapping):
            return node
        if node is not _NOTHING:
            self._wrong_type(path, node, "a mapping", "indent its keys below it")
        return None

    def _sequence(self, name: str) -> Sequence[object]:
        value = self._raw(name)
        if value is _NOTHING:
            return ()
        if isinstance(value, (list, tuple)):
            return value
        self._wrong_type(self._at(name), value, "a list", "start each item with a hyphen")
        return ()

    def _refuse_unknown(self) -> None:
        known = [key.name for key in self._section.keys]
        for name in self._node or {}:
            if name not in known:
                hint = nearest(str(name), known, "the keys here")
                self._fault(self._at(str(name)), "is not a known key", "", "", hint)

    def _wrong_type(self, path: str, node: object, wanted: str, hint: str) -> None:
        self._fault(path, "has the wrong type", described(node), wanted, hint)

    def _fault(self, path: str, what: str, found: str, wanted: str, hint: str) -> None:
        self.faults.add(Fault(path=path, what=what, found=found, wanted=wanted, hint=hint))
