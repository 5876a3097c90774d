"""Autolock: who is unlocked with which key, and a locked key file opened without Docker."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from nacl.secret import SecretBox

from components.errors import SwarmError
from components.remote.command import Secret
from components.swarm import at_rest

KEK, DEK = bytes(range(32)), bytes(range(32, 64))
KEY = generate_private_key(SECP256R1())
UNLOCK = Secret("SWMKEY-1-" + base64.b64encode(KEK).decode().rstrip("="))


def sealed(text: bytes, algorithm: int = 1) -> str:
    """A key as swarmkit keeps it in a header: a MaybeEncryptedRecord of protobuf."""
    box = SecretBox(KEK).encrypt(text)
    parts = b"\x08" + bytes((algorithm,))
    for tag, value in ((0x12, box.ciphertext), (0x1A, box.nonce)):
        parts += bytes((tag, len(value))) + value
    return base64.b64encode(parts).decode()


def locked(**headers: str) -> Secret:
    """A key file of a manager with autolock on."""
    body = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(KEK))
    first, rest = body.decode().split("\n", 1)
    told = {"kek-version": "42", "raft-dek": sealed(DEK), **headers}
    lines = "".join(f"{name}: {text}\n" for name, text in told.items())
    return Secret(f"{first}\n{lines}\n{rest}")


def test_a_locked_key_file_is_told_from_an_open_one() -> None:
    assert at_rest.is_locked(locked().reveal())
    assert not at_rest.is_locked(at_rest.opened(locked(), UNLOCK).reveal())


def test_the_opened_file_has_the_same_key_and_counts_as_older_than_any() -> None:
    lines = at_rest.opened(locked(), UNLOCK).reveal().splitlines()
    headers = dict(line.split(": ") for line in lines if ": " in line)
    record = base64.b64decode(headers.pop("raft-dek"))
    assert record == b"\x12\x20" + DEK
    assert not headers
    plain = "\n".join(line for line in lines if line and ": " not in line)
    loaded = load_pem_private_key(plain.encode(), password=None)
    form = (Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    assert loaded.private_bytes(*form) == KEY.private_bytes(*form)


def test_a_key_that_waits_to_come_into_use_is_opened_as_well() -> None:
    pending = locked(**{"raft-dek-pending": sealed(KEK), "raft-dek-needs-rotation": "true"})
    opened = at_rest.opened(pending, UNLOCK).reveal()
    assert "raft-dek-pending: " + base64.b64encode(b"\x12\x20" + KEK).decode() in opened
    assert "raft-dek-needs-rotation: true" in opened


@pytest.mark.parametrize(
    ("file", "key"),
    [
        (locked(), Secret("SWMKEY-1-" + base64.b64encode(DEK).decode().rstrip("="))),
        (locked(), Secret("not a key")),
        (locked(**{"raft-dek": sealed(DEK, algorithm=2)}), UNLOCK),
        (Secret("no file at all"), UNLOCK),
    ],
    ids=["another key", "no key", "another algorithm", "another format"],
)
def test_what_cannot_be_opened_is_told_without_a_secret(file: Secret, key: Secret) -> None:
    with pytest.raises(SwarmError, match="cannot be opened") as refusal:
        at_rest.opened(file, key)
    assert key.reveal() not in str(refusal.value)
