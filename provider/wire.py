"""Property maps as the engine sends them, turned into plain Python values and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from google.protobuf import struct_pb2

_UNKNOWN_MARKER: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the engine's mark, not a secret


class Unknown(Enum):
    """A value that a preview cannot know yet."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN

Values = dict[str, Any]
Struct = Any  # google.protobuf.Struct; protobuf publishes no types
Message = Any  # google.protobuf.Value


@dataclass(frozen=True, slots=True)
class Properties:
    """Plain values, and which of the top-level names held a secret anywhere inside."""

    values: Values
    secrets: frozenset[str] = frozenset()


def read(struct: Struct) -> Properties:
    """Unwrap secrets, mark unknowns, and turn whole floats back into integers."""
    values: Values = {}
    secrets = set()
    for name, field in struct.fields.items():
        found: list[bool] = []
        value = _plain(field, found)
        if value is not None:
            values[name] = value
        if found:
            secrets.add(name)
    return Properties(values, frozenset(secrets))


def write(values: Mapping[str, Any], secrets: Iterable[str] = ()) -> Struct:
    """Return the property map; the named top-level values travel and are stored as secrets."""
    hidden = frozenset(secrets)
    struct = struct_pb2.Struct()  # type: ignore[attr-defined]  # protobuf makes it at run time
    struct.update(
        {
            name: _wrap(_wire(value)) if name in hidden else _wire(value)
            for name, value in values.items()
            if value is not None
        }
    )
    return struct


def has_unknown(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return value is UNKNOWN


def _plain(value: Message, found: list[bool]) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _plain_struct(value.struct_value, found)
    if kind == "list_value":
        return [_plain(item, found) for item in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text == _UNKNOWN_MARKER else text
    return value.bool_value if kind == "bool_value" else None


def _plain_struct(struct: Struct, found: list[bool]) -> Any:
    fields = struct.fields
    if _SIGNATURE in fields and fields[_SIGNATURE].string_value == _SECRET:
        found.append(True)
        return _plain(fields["value"], found)
    return {name: _plain(item, found) for name, item in fields.items()}


def _wire(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _wire(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_wire(item) for item in value]
    return _UNKNOWN_MARKER if value is UNKNOWN else value


def _wrap(value: Any) -> Values:
    return {_SIGNATURE: _SECRET, "value": value}
