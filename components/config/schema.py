"""How a key of a stack file is described: what it takes, its default, and what it means."""

from __future__ import annotations

from dataclasses import dataclass


class Required:
    """The default of a key that has none."""


REQUIRED = Required()
SEE_BELOW = "see below"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key: what it takes, what it is without it, and what it means.

    A `default` of None stands for one that depends on other keys; `otherwise` says which.
    `example` is YAML.
    """

    name: str
    kind: str
    default: object = REQUIRED
    otherwise: str = ""
    example: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Section:
    """The keys that one mapping may hold, and where such mappings stand."""

    path: str
    keys: tuple[Key, ...]

    def key(self, name: str) -> Key:
        return next(key for key in self.keys if key.name == name)
