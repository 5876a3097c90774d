"""A page that opens without a server and lets nothing in but what it brought itself."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from components.picture.drawing import colours, stylesheet
from components.picture.elements import el, text


def document(title: str, body: Sequence[str], *, style: str, script: str) -> str:
    """The whole page. The browser runs this script and uses this style, and loads nothing."""
    allowed = (
        "default-src 'none'",
        f"style-src {_hash(style)}",
        f"script-src {_hash(script)}",
        "base-uri 'none'",
        "form-action 'none'",
    )
    head = [
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{"; ".join(allowed)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        el("title", text(title)),
        el("style", style),
    ]
    parts = el("head", *head) + el("body", *body, el("script", script))
    return f'<!doctype html>\n<html lang="en">{parts}</html>\n'


def styles(*more: str) -> str:
    """What every page has, and the named sheets."""
    sheets = (stylesheet(name) for name in ("drawing.css", "page.css", *more))
    return colours() + "".join(sheets)


def script() -> str:
    """What answers a pointer, a finger and the Tab key."""
    return stylesheet("page.js")


def table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], hosts: Sequence[str] | None = None
) -> str:
    """A table that scrolls by itself; rows of `hosts` are lit with them. Cells are markup."""
    names: Sequence[str | None] = hosts or [None] * len(rows)
    body = (
        el("tr", *(el("td", cell) for cell in row), data_host=name)
        for row, name in zip(rows, names, strict=True)
    )
    head = el("tr", *(el("th", text(name), scope="col") for name in heads))
    return el("div", el("table", el("thead", head), el("tbody", *body)), class_="scroll")


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
