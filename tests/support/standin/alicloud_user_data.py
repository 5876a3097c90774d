"""User data as it travels: base64, perhaps of gzip; and the text that cloud-init reads."""

from __future__ import annotations

import base64
import binascii
import gzip
from typing import Final

_GZIP: Final = b"\x1f\x8b"


def size(told: str) -> int:
    """Bytes before base64, which is what the cloud limits."""
    return len(_raw(told))


def decoded(told: str) -> str:
    """The text. cloud-init unpacks gzip by itself; the lab's seed takes text alone."""
    raw = _raw(told)
    return (gzip.decompress(raw) if raw.startswith(_GZIP) else raw).decode()


def _raw(told: str) -> bytes:
    """As the provider does it: what is valid base64 is taken for base64."""
    try:
        return base64.b64decode(told, validate=True)
    except (binascii.Error, ValueError):
        return told.encode()
