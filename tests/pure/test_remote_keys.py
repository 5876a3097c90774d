"""Keys derived from one seed: the same for ever, different for each purpose."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_ssh_private_key, load_ssh_public_key
from hypothesis import given
from hypothesis import strategies as st

from components.errors import ConfigError
from components.remote.command import Secret
from components.remote.keys import (
    KeyPair,
    fingerprint,
    host_key,
    host_keys,
    keyring,
    new_seed,
    operator_key,
    operator_keys,
    seeds,
)

SEED = Secret(base64.b64encode(bytes(range(32))).decode())
HOST_A1 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILb/MJVuxE2jHhx0OKbPBBK6papTvMAT2NWBNZHhyIo3"
OPERATOR = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGGuiVkYiozfQIhplHEI3WWpWPIxvVxFR5+jyrku1kXy"


def test_the_keys_of_a_known_seed_are_those_of_every_release() -> None:
    assert host_key(SEED, "a1").public == HOST_A1
    assert operator_key(SEED).public == OPERATOR


@given(st.binary(min_size=32, max_size=32), st.text(max_size=20))
def test_the_text_is_stable_and_openssh_reads_the_pair(seed: bytes, slot: str) -> None:
    secret = Secret(base64.b64encode(seed).decode())
    pair = host_key(secret, slot)
    assert pair == host_key(secret, slot)
    private = load_ssh_private_key(pair.private.reveal().encode(), None)
    public = load_ssh_public_key(pair.public.encode())
    assert isinstance(private, Ed25519PrivateKey)
    assert private.public_key() == public


def test_every_slot_and_the_operator_have_keys_of_their_own() -> None:
    pairs = [host_key(SEED, "a1"), host_key(SEED, "a2"), operator_key(SEED)]
    assert len({pair.public for pair in pairs}) == 3
    assert host_key(new_seed(), "a1").public != pairs[0].public


def test_a_slot_that_is_called_operator_does_not_get_the_operators_key() -> None:
    assert host_key(SEED, "operator").public != operator_key(SEED).public


def test_a_private_key_does_not_show() -> None:
    pair = operator_key(SEED)
    assert "PRIVATE" not in repr(pair)
    assert "PRIVATE" not in str(pair)


def keygen(*words: str) -> str:
    run = subprocess.run(["ssh-keygen", *words], capture_output=True, text=True, check=True)
    return run.stdout


@pytest.fixture
def files(tmp_path: Path) -> tuple[KeyPair, Path]:
    pair, path = host_key(SEED, "a1"), tmp_path / "key"
    path.write_text(pair.private.reveal())
    path.chmod(0o600)
    (tmp_path / "key.pub").write_text(pair.public)
    return pair, path


def test_ssh_keygen_makes_the_same_public_key_of_the_private_one(
    files: tuple[KeyPair, Path],
) -> None:
    pair, path = files
    assert keygen("-y", "-f", str(path)).split()[:2] == pair.public.split()


def test_ssh_keygen_shows_the_same_fingerprint(files: tuple[KeyPair, Path]) -> None:
    pair, path = files
    assert keygen("-l", "-f", f"{path}.pub").split()[1] == fingerprint(pair.public)


@pytest.mark.parametrize("seed", ["", "AAAA", "no base64!", base64.b64encode(bytes(33)).decode()])
def test_a_seed_that_is_no_seed_is_refused_without_showing_it(seed: str) -> None:
    with pytest.raises(ConfigError, match="32 bytes in base64") as caught:
        host_key(Secret(seed), "a1")
    assert not seed or seed not in str(caught.value)


def test_new_seeds_differ_and_can_be_used() -> None:
    first, second = new_seed(), new_seed()
    assert first != second
    assert operator_key(first).public.startswith("ssh-ed25519 AAAA")


def test_a_keyring_gives_the_keys_of_the_seed_in_use_and_knows_those_of_the_others() -> None:
    new = new_seed()
    ring = keyring(new, [SEED])

    assert seeds(ring) == (new, SEED)
    assert host_key(ring, "a1") == host_key(new, "a1")
    assert operator_key(ring) == operator_key(new)
    assert host_keys(ring, "a1") == (host_key(new, "a1").public, HOST_A1)
    assert operator_keys(ring) == (operator_key(new).private, operator_key(SEED).private)


def test_a_single_seed_is_a_keyring_as_every_older_state_holds_it() -> None:
    assert keyring(SEED) == SEED
    assert host_keys(SEED, "a1") == (HOST_A1,)
    assert operator_keys(SEED) == (operator_key(SEED).private,)


@pytest.mark.parametrize("ring", ["{0} ", " {0}", "{0}  {0}", "{0}\t{0}", "{0} AAAA"])
def test_a_keyring_with_a_part_that_is_no_seed_is_refused(ring: str) -> None:
    with pytest.raises(ConfigError, match="cannot be used"):
        host_keys(Secret(ring.format(SEED.reveal())), "a1")
