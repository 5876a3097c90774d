"""Secrets that a host's own output may hold, masked by their shape before anybody reads them."""

from __future__ import annotations

import re

from components.remote.command import MASK

_SHAPES = re.compile(
    r"SWMTKN-[\w-]+"
    r"|SWMKEY-[\w-]+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)


def mask(text: str) -> str:
    """`text` with join tokens, unlock keys and private keys replaced by `[secret]`."""
    return _SHAPES.sub(MASK, text)


def tail(text: str, *, lines: int = 8, characters: int = 800) -> str:
    """The masked end of an output, short enough for a message."""
    kept = [line.rstrip() for line in mask(text).strip().splitlines() if line.strip()]
    return "\n".join(kept[-lines:])[-characters:]
