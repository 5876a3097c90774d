"""Commands as values: words that are quoted once, where they leave, and secrets that never show."""

from __future__ import annotations

import hmac
import shlex
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from pathlib import PurePath
from typing import NoReturn, Self

MASK = "[secret]"


class Secret:
    """A text that is shown as `[secret]` everywhere; `reveal()` is the only way to it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __str__(self) -> str:
        return MASK

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never pickled; reveal it where it must leave")


@dataclass(frozen=True, slots=True)
class Command:
    """A program and its arguments, as words. `str()` is what a reader may see, `wire()` is not."""

    words: tuple[str | Secret, ...]

    @classmethod
    def of(cls, *words: str | int | Secret | IPv4Address | IPv4Network | PurePath) -> Command:
        """Make a command of its words; numbers, addresses and paths are written as text."""
        return cls(tuple(word if isinstance(word, Secret) else str(word) for word in words))

    @classmethod
    def script(cls, text: str, *arguments: str | int | Secret) -> Command:
        """Run a POSIX shell text; `arguments` reach it as $1, $2, ... and are never parsed."""
        return cls.of("sh", "-ceu", text, "sh", *arguments)

    def wire(self) -> str:
        """The one line that the host's shell gets; holds the secrets in clear."""
        return shlex.join(w.reveal() if isinstance(w, Secret) else w for w in self.words)

    def masked(self, text: str) -> str:
        """`text` with every secret word of this command replaced by `[secret]`."""
        for word in self.words:
            if isinstance(word, Secret) and word.reveal():
                text = text.replace(word.reveal(), MASK)
        return text

    def __str__(self) -> str:
        return " ".join(MASK if isinstance(w, Secret) else shlex.quote(w) for w in self.words)


@dataclass(frozen=True, slots=True)
class Result:
    """What a command gave back. `elapsed` in seconds; the outputs stay out of `repr`."""

    status: int
    stdout: str = field(repr=False)
    stderr: str = field(repr=False)
    elapsed: float
