"""Faults found in a configuration: collected first, then told together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from components.errors import ConfigError, ConfigFaults


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with a configuration; `path` is the key path that must change."""

    path: str
    what: str
    found: str = ""
    wanted: str = ""
    hint: str

    def error(self, source: str) -> ConfigError:
        """The fault as an error of the file `source`."""
        return ConfigError(
            where=f"{source}: {self.path}",
            what=self.what,
            found=self.found,
            wanted=self.wanted,
            hint=self.hint,
        )


class Faults:
    """The faults of one configuration, in the order in which they were found."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._found: list[Fault] = []

    def __len__(self) -> int:
        return len(self._found)

    def add(self, fault: Fault) -> None:
        self._found.append(fault)

    def extend(self, faults: Iterable[Fault]) -> None:
        self._found.extend(faults)

    def error(self) -> ConfigFaults:
        """The error that tells all of them; there must be one."""
        return ConfigFaults([fault.error(self._source) for fault in self._found])

    def raise_any(self) -> None:
        """Raise `error()` when there is a fault."""
        if self._found:
            raise self.error()


def nearest(name: str, known: Iterable[str], what: str) -> str:
    """A next step for a name that is not known: the closest known one, else all of them."""
    names = sorted(known)
    close = get_close_matches(name, names, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]}?"
    return f"{what}: {', '.join(names)}" if names else f"there is no {what} yet"
