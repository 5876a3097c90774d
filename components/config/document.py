"""The configuration table for readers, made from the keys that the reader obeys.

`python -m components.config.document` rewrites the table in docs/configuration.md.
"""

from __future__ import annotations

import json
from pathlib import Path

from components.config.keys import SECTIONS
from components.config.schema import REQUIRED, SEE_BELOW, Key, Section

DOCUMENT = Path(__file__).parents[2] / "docs" / "configuration.md"
BEGIN = "<!-- keys: made by `python -m components.config.document`, do not edit by hand -->"
END = "<!-- end of keys -->"

_TITLES = {
    "fairway": "Top",
    "fairway:network": "Network",
    "fairway:network.zones[]": "Zones",
    "fairway:pools[]": "Pools",
    "fairway:keys": "Keys",
    "fairway:backup": "Backup",
    "fairway:lab": "Lab",
    "fairway:aws": "AWS",
    "fairway:alicloud": "Alibaba Cloud",
    "fairway:CLOUD.bastion": "Bastion",
    "fairway:CLOUD.existing": "An existing VPC",
}


def tables() -> str:
    """One Markdown table for each mapping that a stack file may hold."""
    return "\n\n".join(_table(section) for section in SECTIONS)


def renewed(document: str) -> str:
    """`document` with the tables of today between its two marks."""
    before, rest = document.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n\n{tables()}\n\n{END}{after}"


def _table(section: Section) -> str:
    rows = [
        f"### {_TITLES[section.path]}: `{section.path}`",
        "",
        "| Key | Takes | Default | Example | Meaning |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*rows, *(_row(key) for key in section.keys)])


def _row(key: Key) -> str:
    example = key.example if key.example == SEE_BELOW else f"`{key.example}`"
    return f"| `{key.name}` | {key.kind} | {_default(key)} | {example} | {key.meaning} |"


def _default(key: Key) -> str:
    if key.default is REQUIRED:
        return "required"
    if key.otherwise:
        return key.otherwise
    if isinstance(key.default, str):
        return f"`{key.default}`"
    if isinstance(key.default, bool):
        return f"`{json.dumps(key.default)}`"
    return "none" if not key.default else f"`{json.dumps(key.default)}`"


if __name__ == "__main__":
    DOCUMENT.write_text(renewed(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
