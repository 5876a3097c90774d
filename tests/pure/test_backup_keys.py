"""Keys and names of backups, and the files that a manager gets for them."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from components.backup.keys import backup_key
from components.backup.kit import SCRIPT, kit, place
from components.backup.names import Backup, key_of, read_listing, read_name
from components.config.backup_keys import EVERY
from components.errors import ConfigError
from components.remote.command import Secret
from components.remote.keys import keyring, new_seed

SEED = Secret("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
LAB = {"every": "6h", "keep": "12", "to": ""}


def made(day: int, swarm: str = "s1", key: str = "00ff") -> Backup:
    moment = datetime(2026, 3, day, 4, 5, 6, tzinfo=UTC)
    return Backup(environment="prod", made=moment, slot="a1", swarm=swarm, key=key)


def test_the_same_seed_gives_the_same_certificate_for_ever() -> None:
    assert backup_key(SEED).certificate == backup_key(SEED).certificate
    assert backup_key(SEED).fingerprint == "8484eb3346748081"


def test_another_seed_gives_another_key() -> None:
    other = backup_key(new_seed())
    assert other.fingerprint != backup_key(SEED).fingerprint
    assert other.certificate != backup_key(SEED).certificate


def test_what_is_encrypted_for_the_certificate_the_key_opens_and_no_other(tmp_path: Path) -> None:
    key, other = backup_key(SEED), backup_key(new_seed())
    (tmp_path / "backup.pem").write_text(key.certificate)
    seal = ("openssl", "cms", "-encrypt", "-binary", "-aes-256-gcm", "-outform", "DER")
    unseal = ("openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", "sealed")
    text = b"a secret of the Swarm " * 99

    sealed = subprocess.run(
        (*seal, "backup.pem"), input=text, cwd=tmp_path, capture_output=True, check=True
    ).stdout
    (tmp_path / "sealed").write_bytes(sealed)

    def opened(private: Secret) -> subprocess.CompletedProcess[bytes]:
        key_text = private.reveal().encode()
        words = (*unseal, "-inkey", "/dev/stdin")
        return subprocess.run(words, input=key_text, cwd=tmp_path, capture_output=True, check=False)

    assert b"secret" not in sealed
    assert opened(key.private).stdout == text
    assert opened(other.private).returncode != 0


def test_a_name_tells_what_it_was_made_of() -> None:
    assert made(1).name == "prod_20260301T040506Z_a1_s1_00ff.cms"
    assert read_name(made(1).name) == made(1)


@pytest.mark.parametrize("name", ["", "notes.txt", "prod_a1_s1_00ff.cms", f"{made(1).name}.part"])
def test_another_name_is_no_backup(name: str) -> None:
    assert read_name(name) is None


def test_a_listing_has_the_newest_first_and_nothing_of_others() -> None:
    other = made(9).name.replace("prod", "staging")
    told = {made(1).name: 10, made(3).name: 30, other: 90, "lost+found": 0}
    found = read_listing(told, "prod")
    assert [each.name for each in found] == [made(3).name, made(1).name]
    assert [each.size for each in found] == [30, 10]


def test_a_backup_of_a_former_generation_is_opened_with_its_key() -> None:
    new = new_seed()
    backup = made(1, key=backup_key(SEED).fingerprint)
    assert key_of(backup, [new, SEED]) == backup_key(SEED).private
    with pytest.raises(ConfigError, match="no key that this stack ever had opens it"):
        key_of(backup, [new])


def test_a_manager_gets_the_public_half_of_the_key_and_nothing_secret() -> None:
    files = kit(keyring(SEED, [new_seed()]), "prod", "a1", LAB)
    key = backup_key(SEED)
    texts = "".join(each.content for each in files.values())
    assert key.certificate in texts
    assert key.private.reveal().splitlines()[1] not in texts
    assert SEED.reveal() not in texts
    facts = json.loads(files["/etc/fairway/backup.json"].content)
    assert facts == {
        "environment": "prod",
        "slot": "a1",
        "keep": 12,
        "key": key.fingerprint,
        "folder": "/var/lib/fairway/backups",
    }
    assert files[SCRIPT].mode == 0o755


@pytest.mark.parametrize("every", EVERY)
def test_the_timer_says_when_in_words_of_systemd(every: str) -> None:
    files = kit(SEED, "prod", "a1", {**LAB, "every": every})
    timer = files["/etc/systemd/system/fairway-backup.timer"].content
    assert f"OnCalendar={EVERY[every]}\n" in timer
    checked = ["systemd-analyze", "calendar", EVERY[every]]
    assert subprocess.run(checked, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("cloud", "region", "to", "url", "prefix"),
    [
        (
            "aws",
            "eu-central-1",
            "s3://kept.example/prod/swarm",
            "https://kept.example.s3.eu-central-1.amazonaws.com",
            "prod/swarm/",
        ),
        (
            "aws",
            "cn-north-1",
            "s3://kept",
            "https://kept.s3.cn-north-1.amazonaws.com.cn",
            "",
        ),
        (
            "alicloud",
            "cn-beijing",
            "oss://kept/prod/",
            "https://kept.s3.oss-cn-beijing-internal.aliyuncs.com",
            "prod/",
        ),
    ],
)
def test_a_bucket_is_asked_at_the_address_of_its_region(
    cloud: str, region: str, to: str, url: str, prefix: str
) -> None:
    found = place({"to": to, "cloud": cloud, "region": region})
    assert found == {"cloud": cloud, "region": region, "url": url, "prefix": prefix}
