"""The key pair of a cluster's backups, derived from its seed: hosts hold the public half alone."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from components.remote.command import Secret

_SALT: Final = b"fairway backup keys 1"  # changing it makes every backup unreadable
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256
_FINGERPRINT: Final = 16  # digits, enough to tell the keys of one cluster apart
_SINCE, _UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class BackupKey:
    """`private` as PEM; `certificate` as PEM, the same text for ever; `fingerprint` in its name."""

    private: Secret
    certificate: str
    fingerprint: str


def backup_key(seed: Secret) -> BackupKey:
    """The key that backups of a cluster with this seed are encrypted for.

    openssl wants a certificate, which nobody checks. An ECDSA signature differs each time, and the
    text must not: so another derived key signs it, with Ed25519.
    """
    number = 1 + int.from_bytes(_expand(seed, "key", 48)) % (_ORDER - 1)
    private = derive_private_key(number, SECP256R1())
    signer = Ed25519PrivateKey.from_private_bytes(_expand(seed, "signer", 32))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fairway backup")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(_SINCE)
        .not_valid_after(_UNTIL)
        .sign(signer, None)
    )
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    text = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return BackupKey(
        private=Secret(text),
        certificate=certificate.public_bytes(Encoding.PEM).decode(),
        fingerprint=hashlib.sha256(public).hexdigest()[:_FINGERPRINT],
    )


def _expand(seed: Secret, purpose: str, length: int) -> bytes:
    raw = base64.b64decode(seed.reveal(), validate=True)
    return HKDF(SHA256(), length, salt=_SALT, info=purpose.encode()).derive(raw)
