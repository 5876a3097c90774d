"""What a resource type accepts, as a table of fields, and the messages for what does not fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError
from typing import Any, Literal

from components.errors import ConfigError, FairwayError
from provider.wire import Values, has_unknown

Rule = Literal["update", "replace"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of value: what to call it in a message, and whether a value is one."""

    wanted: str
    fits: Callable[[Any], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One input: its kind, what a change of it does to the resource, whether it may be missing.

    A change of None is stored and nothing more: the input only helps to find or reach things.
    """

    kind: Kind
    change: Rule | None = "update"
    optional: bool = False
    secret: bool = False


def _parses(parse: Callable[[str], object]) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        if not isinstance(value, str):
            return False
        try:
            parse(value)
        except (AddressValueError, NetmaskValueError, ValueError):
            return False
        return True

    return fits


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _cidrs(value: Any) -> bool:
    return _texts(value) and bool(value) and all(map(_parses(IPv4Network), value))


def _numbers(value: Any) -> bool:
    return isinstance(value, list) and all(type(item) is int for item in value)


def _maps(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, Mapping) for item in value)


TEXT = Kind(wanted="a text that is not empty", fits=lambda v: isinstance(v, str) and v != "")
FLAG = Kind(wanted="true or false", fits=lambda v: isinstance(v, bool))
NUMBER = Kind(
    wanted="a whole number", fits=lambda v: isinstance(v, int) and not isinstance(v, bool)
)
CIDR = Kind(wanted="an IPv4 network such as 10.77.1.0/24", fits=_parses(IPv4Network))
ADDRESS = Kind(wanted="an IPv4 address such as 10.77.1.11", fits=_parses(IPv4Address))
NUMBERS = Kind(wanted="a list of whole numbers", fits=_numbers)
TEXTS = Kind(wanted="a list of texts", fits=_texts)
CIDRS = Kind(wanted="a list of IPv4 networks", fits=_cidrs)
MAPS = Kind(wanted="a list of maps", fits=_maps)
MAP = Kind(wanted="a map", fits=lambda v: isinstance(v, Mapping))


def faults(where: str, fields: Mapping[str, Field], inputs: Values) -> list[FairwayError]:
    """Return one error for each input that is unknown, missing or of the wrong kind."""
    errors: list[FairwayError] = [
        _unknown_name(where, name, fields) for name in inputs if name not in fields
    ]
    for name, field in fields.items():
        if name not in inputs:
            if not field.optional:
                errors.append(_missing(where, name, field))
        elif not has_unknown(inputs[name]) and not field.kind.fits(inputs[name]):
            errors.append(wrong(where, name, field, inputs[name]))
    return errors


def _unknown_name(where: str, name: str, fields: Mapping[str, Field]) -> FairwayError:
    near = get_close_matches(name, fields, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "remove it"
    return ConfigError(
        where=where,
        what="unknown input",
        found=repr(name),
        wanted=f"one of {', '.join(sorted(fields))}",
        hint=hint,
    )


def _missing(where: str, name: str, field: Field) -> FairwayError:
    return ConfigError(
        where=where,
        what=f"input {name!r} is missing",
        wanted=field.kind.wanted,
        hint=f"give {name!r}",
    )


def wrong(where: str, name: str, field: Field, value: Any) -> FairwayError:
    found = "a secret" if field.secret else repr(value)
    return ConfigError(
        where=where,
        what=f"input {name!r} does not fit",
        found=found,
        wanted=field.kind.wanted,
        hint=f"correct {name!r}",
    )
