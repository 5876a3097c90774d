"""Operators' public keys, one OpenSSH line each."""

from __future__ import annotations

import base64
import binascii

from components.config.values import Wrong, described, text

_KEY_TYPES = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)


def public_key(value: object) -> str:
    """One line of a public key: type, base64, and a comment if there is one."""
    given = text(value).strip()
    words = given.split()
    if "PRIVATE KEY" in given:
        # Not a character of it may reach a message.
        raise _no_key("a private key", "take it out of the file, and use the .pub file's line")
    if "\n" in given or len(words) < 2 or words[0] not in _KEY_TYPES:
        raise _no_key(described(given), "copy the one line of the .pub file, without options")
    if not _holds(words[1], words[0]):
        raise _no_key(described(given), "copy the whole line again: its key is cut or damaged")
    return given


def _no_key(found: str, hint: str) -> Wrong:
    return Wrong("is no public key", found=found, wanted="a line in OpenSSH format", hint=hint)


def _holds(encoded: str, kind: str) -> bool:
    """Whether the base64 text is a chain of whole SSH strings that starts with `kind`."""
    try:
        blob = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return False
    fields = []
    while blob:
        length = int.from_bytes(blob[:4], "big")
        fields.append(blob[4 : 4 + length])
        if len(blob) < 4 or len(fields[-1]) < length:
            return False
        blob = blob[4 + length :]
    return len(fields) > 1 and fields[0] == kind.encode()
