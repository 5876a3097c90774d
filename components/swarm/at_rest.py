"""A manager's key as it lies on its disk while autolock is on, opened without its Docker.

Docker opens it by `docker swarm unlock` alone, and cannot then be told to go on without its
quorum: `--force-new-cluster` begins anew with the locked file. The format is swarmkit's:
ca/keyreadwriter.go, manager/state/raft/deks.go and manager/encryption.
"""

from __future__ import annotations

import base64
import re
import textwrap
from typing import Final

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from components.errors import SwarmError
from components.remote.command import Command, Secret
from components.remote.endpoint import Session

KEY_FILE: Final = "/var/lib/docker/swarm/certificates/swarm-node.key"
_LOCKED: Final = "ENCRYPTED PRIVATE KEY"
_PREFIX: Final = "SWMKEY-1-"
# Of the key that the file is locked with. Swarmkit refuses another key, none too, for the version
# that it has itself; without one it takes the file for older.
_VERSION: Final = "kek-version"
_DEKS: Final = ("raft-dek", "raft-dek-pending")
_SECRETBOX: Final = 1  # MaybeEncryptedRecord.Algorithm
_PEM: Final = re.compile(r"-----BEGIN ([A-Z ]+)-----\n((?:[\w-]+: .*\n)*)\n?([A-Za-z0-9+/=\n]+)---")


def is_locked(pem: str) -> bool:
    """Whether the file needs a key."""
    return f"BEGIN {_LOCKED}" in pem


def read(session: Session) -> Secret:
    """The file on a host."""
    return Secret(session.run(Command.of("cat", KEY_FILE)).stdout)


def write(session: Session, opened: Secret) -> None:
    session.put(KEY_FILE, opened.reveal().encode(), 0o600)


def opened(pem: Secret, unlock_key: Secret) -> Secret:
    """The file as it is without autolock.

    Raises:
        SwarmError: The key does not open it, or the format is another.
    """
    found = _PEM.search(pem.reveal())
    if found is None:
        raise _refused("it has another format")
    headers = dict(line.split(": ", 1) for line in found[2].splitlines())
    headers.pop(_VERSION, None)
    try:
        kek = _padded(unlock_key.reveal().removeprefix(_PREFIX))
        key = load_der_private_key(base64.b64decode(found[3]), password=kek)
        for name in headers.keys() & set(_DEKS):
            headers[name] = _plain(headers[name], kek)
    except (ValueError, CryptoError) as error:
        raise _refused("this unlock key does not open it") from error
    body = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return Secret(_written(headers, body))


def _plain(record: str, kek: bytes) -> str:
    """A key in a header, sealed; given back in the same record as Docker writes it unsealed."""
    fields = _fields(base64.b64decode(record))
    if fields.get(1) != _SECRETBOX:
        raise ValueError("another algorithm")
    sealed, nonce = fields[2], fields[3]
    assert isinstance(sealed, bytes)  # noqa: S101 - the field's wire type says so
    assert isinstance(nonce, bytes)  # noqa: S101
    key = SecretBox(kek).decrypt(sealed, nonce)
    return base64.b64encode(bytes((2 << 3 | 2, len(key))) + key).decode()


def _fields(message: bytes) -> dict[int, bytes | int]:
    """A protobuf message of short fields, by number."""
    found: dict[int, bytes | int] = {}
    while message:
        tag, value = message[0], message[1]
        if tag & 7 == 0:
            found[tag >> 3], message = value, message[2:]
        else:
            found[tag >> 3], message = message[2 : 2 + value], message[2 + value :]
    return found


def _written(headers: dict[str, str], body: bytes) -> str:
    lines = textwrap.wrap(base64.b64encode(body).decode(), 64)
    told = [f"{name}: {text}" for name, text in sorted(headers.items())]
    parts = ["-----BEGIN PRIVATE KEY-----", *told, "", *lines, "-----END PRIVATE KEY-----", ""]
    return "\n".join(parts)


def _padded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4))


def _refused(found: str) -> SwarmError:
    return SwarmError(
        where=KEY_FILE,
        what="a manager's key cannot be opened",
        found=found,
        hint="give the unlock key of the time when the manager last ran with autolock",
    )
