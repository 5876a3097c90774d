"""What a change does to what is drawn: marks that differ in shape and word, not in colour alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from components.picture.elements import el, label

Mark = Literal["removed", "replaced", "made", "changed"]
MARKS: Final[tuple[Mark, ...]] = ("removed", "replaced", "made", "changed")
WORDS: Final[Mapping[Mark, str]] = {
    "removed": "removed",
    "replaced": "replaced",
    "made": "new",
    "changed": "changed",
}
# Outline and sign of each, around 0, 0 and 8 px in radius.
_SHAPES: Final[Mapping[Mark, tuple[str, str]]] = {
    "removed": ("M-7-7H7V7H-7Z", "M-4 0H4"),
    "replaced": ("M0-11L11 0L0 11L-11 0Z", "M-5-1.75H5L2.5-4.25M5 1.75H-5L-2.5 4.25"),
    "made": ("M-8 0A8 8 0 1 0 8 0A8 8 0 1 0-8 0Z", "M-4.5 0H4.5M0-4.5V4.5"),
    "changed": ("M-5-6H5A6 6 0 0 1 5 6H-5A6 6 0 0 1-5-6Z", "M-5 1C-3.5-2-1.5-2 0 0S3.5 2 5-1"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Marks by name, and what is drawn as an empty place because it is not there on this side.

    Entries are named by the zone of their table and the slot that they lead to.
    """

    side: str = ""
    absent: str = ""  # what an empty place says
    hosts: Mapping[str, Mark] = field(default_factory=dict)
    zones: Mapping[str, Mark] = field(default_factory=dict)
    entries: Mapping[tuple[str, str], Mark] = field(default_factory=dict)
    no_hosts: frozenset[str] = frozenset()
    no_zones: frozenset[str] = frozenset()
    no_entries: frozenset[tuple[str, str]] = frozenset()


def kind(base: str, mark: Mark | None, *, absent: bool = False) -> str:
    """The classes of a thing that may have a mark."""
    words = [f"no-{base}" if absent else base, f"is-{mark}" if mark else ""]
    return " ".join(word for word in words if word)


def badge(mark: Mark | None, x: float, y: float, size: float = 1) -> str:
    """The mark's shape around x, y; nothing where there is none."""
    if mark is None:
        return ""
    outline, sign = _SHAPES[mark]
    scale = f" scale({size:g})" if size != 1 else ""
    return el(
        "g",
        el("path", d=outline, class_="outline"),
        el("path", d=sign, class_="sign"),
        class_=f"badge {mark}",
        transform=f"translate({x:g} {y:g}){scale}",
    )


def worded(mark: Mark, x: float, y: float, class_: str = "small", **attributes: object) -> str:
    """The mark's word, its line beginning at x, y."""
    return label(x, y, WORDS[mark], f"word {class_} {mark}", **attributes)
