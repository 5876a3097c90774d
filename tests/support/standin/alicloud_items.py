"""Items of an account as the API shows them: what is read and written of them by all types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any, Final

from provider.wire import Values, has_unknown
from tests.support.standin.account import Item, Kinds, tags_of
from tests.support.standin.kind import Refused

ROUTES: Final = "vpc_quota_route_entrys_num"


def new_id(prefix: str) -> str:
    return f"{prefix}-{token_hex(10)}"


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def needs(kinds: Kinds, kind: str, id: str, code: str) -> Item:  # noqa: A002 - the engine's word
    """The item, or the API's refusal that there is none."""
    item = kinds[kind].get(id)
    if item is None:
        raise Refused(code, f"The specified {kind} {id} does not exist.")
    return item


def quota(kinds: Kinds, name: str, default: int) -> int:
    """How many the account may have."""
    found: dict[str, Any] = kinds["quota"].get(name, {})
    return int(found.get("TotalQuota", default))


def known(inputs: Values, *names: str) -> bool:
    """Whether all of these are given and a preview knows them already."""
    return all(name in inputs and not has_unknown(inputs[name]) for name in names)


def at(item: Mapping[str, Any], *path: str) -> Any:
    """A field of a field; None where one is missing."""
    found: Any = item
    for step in path:
        found = found.get(step) if isinstance(found, dict) else None
    return found


def named(inputs: Values, field: str, name: str, tags: Callable[[Mapping[str, str]], Item]) -> Item:
    """The fields that nearly all have: a name, a description, and tags."""
    return {
        field: inputs.get(name, ""),
        "Description": inputs.get("description", ""),
        "Tags": tags(inputs.get("tags", {})),
    }


def shown(item: Item, outputs: Values, field: str, name: str) -> Values:
    """Those fields as arguments; one that is empty and was never given is left out."""
    values = {name: item[field], "description": item["Description"], "tags": tags_of(item)}
    return {key: value for key, value in values.items() if value or key in outputs}


def forget(kinds: Kinds, kind: str, field: str, value: str) -> None:
    """Drop all items whose field has this value."""
    kinds[kind] = {key: item for key, item in kinds[kind].items() if item[field] != value}
