"""A stack's file as text: one value found and changed, every other byte left as it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from components.errors import ConfigError
from scripts.workspace import ROOT

_PLAIN: Final = {None: "", "'": "'", '"': '"'}  # how a short text may be written, with its quotes


@dataclass(frozen=True, slots=True)
class StackText:
    """One stack's file. It may be unsound as a configuration, but is YAML."""

    path: Path
    text: str
    config: yaml.MappingNode = field(repr=False)

    @property
    def name(self) -> str:
        """The file as messages name it."""
        return str(self.path.relative_to(ROOT) if self.path.is_relative_to(ROOT) else self.path)

    def value(self, *keys: str) -> Any:
        """What the file says under these keys of its configuration, None where it says nothing."""
        node: Any = self.config
        for key in keys:
            node = _entries(node).get(key, (None, None))[1]
        return _plain(node)

    def now(self, text: str) -> StackText:
        """The same file with another text."""
        return _parsed(self.path, text)

    def changed(self, keys: tuple[str, ...], value: str, *, means: object = None) -> str:
        """The text with one value changed, or added at the top of its section.

        `means` is what `value` stands for where that is no text.

        Raises:
            ConfigError: The value is written in a form that is not a plain text.
        """
        *outer, last = keys
        section: Any = self.config
        for key in outer:
            section = _entries(section).get(key, (None, None))[1]
        where = f"{self.name}: {'.'.join(keys)}"
        if not isinstance(section, yaml.MappingNode) or not section.value:
            raise _unwritable(where, "a section without keys")
        found = _entries(section).get(last)
        text = self._replaced(*found, value) if found else self._added(section, last, value)
        if not _differs_only(self.text, text, keys, value if means is None else means):
            raise _unwritable(where, "a value that is not a plain text of one line")
        return text

    def _replaced(self, key: yaml.Node, node: yaml.Node, value: str) -> str:
        if node.start_mark.index == node.end_mark.index:  # nothing is written after the colon
            colon = self.text.index(":", key.end_mark.index) + 1
            return f"{self.text[:colon]} {value}{self.text[colon:]}"
        quote = _PLAIN.get(getattr(node, "style", ""), "")
        before, after = self.text[: node.start_mark.index], self.text[node.end_mark.index :]
        return f"{before}{quote}{value}{quote}{after}"

    def _added(self, section: yaml.MappingNode, key: str, value: str) -> str:
        if section.flow_style:
            at = section.start_mark.index + 1
            return f"{self.text[:at]} {key}: {value},{self.text[at:]}"
        first = section.value[0][0].start_mark
        line = "\r\n" if "\r\n" in self.text else "\n"
        at = first.index - first.column
        return f"{self.text[:at]}{' ' * first.column}{key}: {value}{line}{self.text[at:]}"


def read(path: Path) -> StackText:
    """The file as it is.

    Raises:
        ConfigError: It cannot be read, or is no stack's file.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, " ".join(str(error).split())) from error
    return _parsed(path, text)


def write(file: StackText, text: str) -> None:
    """Replace the file's text."""
    with file.path.open("w", encoding="utf-8", newline="") as target:
        target.write(text)


def _parsed(path: Path, text: str) -> StackText:
    try:
        config = _entries(yaml.compose(text, yaml.SafeLoader)).get("config", (None, None))[1]
    except yaml.YAMLError as error:
        raise _unreadable(path, " ".join(str(error).split())) from error
    if not isinstance(config, yaml.MappingNode):
        raise _unreadable(path, "no section `config`")
    return StackText(path, text, config)


def _entries(node: object) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """A mapping's keys and values as nodes, which know where they are written."""
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {str(key.value): (key, value) for key, value in node.value}


def _plain(node: yaml.Node | None) -> Any:
    if node is None:
        return None
    return yaml.SafeLoader("").construct_document(node)


def _differs_only(old: str, new: str, keys: tuple[str, ...], value: object) -> bool:
    """Whether the two texts say the same but for one value."""
    try:
        before, after = yaml.safe_load(old), yaml.safe_load(new)
    except yaml.YAMLError:
        return False
    *outer, last = ("config", *keys)
    section = before
    for key in outer:
        section = section[key]
    section[last] = value
    same: bool = before == after
    return same


def _unreadable(path: Path, found: str) -> ConfigError:
    return ConfigError(
        where=f"{path.parent.name}/{path.name}",
        what="cannot be read",
        found=found,
        wanted="a stack's file in YAML",
        hint="correct the file, or name another stack",
    )


def _unwritable(where: str, found: str) -> ConfigError:
    return ConfigError(
        where=where,
        what="cannot be written without touching the rest of the file",
        found=found,
        wanted="a plain text of one line",
        hint="write the id by hand; --dry-run shows it",
    )
