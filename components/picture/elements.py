"""Elements of SVG and HTML as text, with everything escaped that comes from outside."""

from __future__ import annotations

from html import escape


def el(tag: str, *children: str, **attributes: object) -> str:
    """An element. `children` are finished markup; attribute names get hyphens for underscores.

    A trailing underscore is dropped (`class_`), attributes that are None are left out.
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(_number(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    inner = "".join(children)
    return f"<{tag}{written}>{inner}</{tag}>" if inner else f"<{tag}{written}/>"


def text(content: object) -> str:
    """Content of an element."""
    return escape(str(content), quote=False)


def label(x: float, y: float, content: object, class_: str = "", **attributes: object) -> str:
    """A line of SVG text whose baseline starts at x, y."""
    return el("text", text(content), x=x, y=y, class_=class_ or None, **attributes)


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 host", "6 entries"."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def _number(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
