"""A command line whose help lists commands by what they are for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

WIDTH: Final = 110  # of a line of help; narrower where the terminal is


class Sections(click.Group):
    """A group that tells its commands under titles, each with the whole first sentence."""

    def __init__(self, *words: Any, sections: Mapping[str, Sequence[str]], **more: Any) -> None:
        super().__init__(*words, **more)
        self.context_settings["max_content_width"] = WIDTH
        self._sections = sections

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each section; a command that is in none would not be found, so it is refused."""
        known = [name for names in self._sections.values() for name in names]
        for name in self.list_commands(ctx):
            if name not in known and not self.commands[name].hidden:
                raise LookupError(f"the command {name} is in no section")
        for title, names in self._sections.items():
            rows = [(name, self.commands[name].get_short_help_str(WIDTH)) for name in names]
            with formatter.section(title):
                formatter.write_dl(rows)
