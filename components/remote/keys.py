"""All SSH keys of a cluster, derived from seeds: the same seed gives the same text for ever.

A keyring is a text of one or more seeds with a space between: the one in use, and others whose
keys are accepted beside its own while keys are changed. A single seed is a keyring too.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import struct
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from components.errors import ConfigError
from components.remote.command import Secret

SEED_BYTES = 32
KEY_TYPE = "ssh-ed25519"
_SALT = b"fairway ssh keys 1"  # changing it changes every key of every cluster


@dataclass(frozen=True, slots=True)
class KeyPair:
    """An ed25519 key: `private` as an OpenSSH PEM text, `public` as `ssh-ed25519 AAAA...`."""

    private: Secret
    public: str


def new_seed() -> Secret:
    """32 random bytes in base64, from which a cluster's keys are derived."""
    return Secret(base64.b64encode(secrets.token_bytes(SEED_BYTES)).decode())


def keyring(in_use: Secret, accepted: Iterable[Secret] = ()) -> Secret:
    """The keyring of these seeds."""
    return Secret(" ".join(seed.reveal() for seed in (in_use, *accepted)))


def seeds(ring: Secret) -> tuple[Secret, ...]:
    """The seeds of a keyring, the one in use first."""
    return tuple(Secret(seed) for seed in ring.reveal().split(" "))


def host_key(ring: Secret, slot: str) -> KeyPair:
    """The key in use of the host in this slot; it survives the replacement of the machine."""
    return _derive(seeds(ring)[0], f"host {slot}")


def host_keys(ring: Secret, slot: str) -> tuple[str, ...]:
    """The public keys that the host in this slot may show, the one in use first."""
    return tuple(host_key(seed, slot).public for seed in seeds(ring))


def operator_key(ring: Secret) -> KeyPair:
    """The key in use that Fairway itself logs in with."""
    return _derive(seeds(ring)[0], "operator")


def operator_keys(ring: Secret) -> tuple[Secret, ...]:
    """The private keys that a host may let in, the one in use first."""
    return tuple(operator_key(seed).private for seed in seeds(ring))


def fingerprint(public: str) -> str:
    """The SHA256 fingerprint of an OpenSSH public key, written as `ssh-keygen -l` writes it."""
    digest = hashlib.sha256(base64.b64decode(public.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def _derive(seed: Secret, purpose: str) -> KeyPair:
    raw = _expand(seed, purpose, SEED_BYTES)
    public = Ed25519PrivateKey.from_private_bytes(raw).public_key().public_bytes_raw()
    blob = _string(KEY_TYPE.encode()) + _string(public)
    check = _expand(seed, f"{purpose} check", 4)
    text = _openssh_pem(raw, public, check=check, comment=purpose)
    return KeyPair(Secret(text), f"{KEY_TYPE} {base64.b64encode(blob).decode()}")


def _expand(seed: Secret, purpose: str, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=_SALT, info=purpose.encode()).derive(_seed_bytes(seed))


def _seed_bytes(seed: Secret) -> bytes:
    try:
        raw = base64.b64decode(seed.reveal(), validate=True)
    except ValueError:
        raw = b""
    if len(raw) != SEED_BYTES:
        raise ConfigError(
            where="cluster identity",
            what="the seed of the SSH keys cannot be used",
            wanted=f"{SEED_BYTES} bytes in base64",
            hint="restore the stack's state, or destroy and create the cluster anew",
        )
    return raw


def _openssh_pem(raw: bytes, public: bytes, *, check: bytes, comment: str) -> str:
    # The cryptography package draws the check number at random, so its text differs each time;
    # user data is compared by hash and needs one that stays. Format: OpenSSH's PROTOCOL.key.
    blob = _string(KEY_TYPE.encode()) + _string(public)
    private = check * 2 + blob + _string(raw + public) + _string(comment.encode())
    private += bytes(range(1, 1 + -len(private) % 8))
    head = b"openssh-key-v1\0" + _string(b"none") * 2 + _string(b"") + struct.pack(">I", 1)
    body = base64.b64encode(head + _string(blob) + _string(private)).decode()
    lines = "\n".join(textwrap.wrap(body, 70))
    return f"-----BEGIN OPENSSH PRIVATE KEY-----\n{lines}\n-----END OPENSSH PRIVATE KEY-----\n"


def _string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value
