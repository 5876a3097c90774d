"""A change's meaning for a terminal and for a pull request."""

from __future__ import annotations

from typing import Final

from components.change.meaning import Level, Meaning

NOTHING: Final = "nothing changes"
_MARKS: Final[dict[Level, str]] = {"human": "!!", "away": " ~", "change": "  "}
_TITLES: Final[dict[Level, str]] = {
    "human": "Needs a human",
    "away": "While it happens",
    "change": "Changes",
}


def plain(meaning: Meaning) -> str:
    """A line each, the worst first: `!!` needs somebody's yes, ` ~` passes by itself."""
    if meaning.nothing:
        return NOTHING
    lines = [f"{_MARKS[line.level]} {line.text}" for line in meaning.lines]
    return "\n".join([*lines, *(f" ? not seen: {each}" for each in meaning.unseen)])


def markdown(meaning: Meaning, stack: str) -> str:
    """The same for a pull request, under three titles."""
    if meaning.nothing:
        return f"### Stack `{stack}`: {NOTHING}"
    parts = [f"### Stack `{stack}`"]
    for level, title in _TITLES.items():
        lines = [f"- {_escaped(line.text)}" for line in meaning.lines if line.level == level]
        if lines:
            parts.append("\n".join([f"**{title}**", "", *lines]))
    if meaning.unseen:
        lines = [f"- {_escaped(each)}" for each in meaning.unseen]
        parts.append("\n".join(["**Could not be seen**", "", *lines]))
    parts.append(f"<sub>preview {meaning.fingerprint[:12]}</sub>")
    return "\n\n".join(parts)


def _escaped(text: str) -> str:
    """Names of users' own services are text and no markup."""
    for mark in "\\`*_<>[]|":
        text = text.replace(mark, f"\\{mark}")
    return text
