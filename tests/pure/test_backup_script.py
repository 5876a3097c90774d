"""The backup script of hosts: which backups go, where they are kept, how a request is signed."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from botocore.auth import S3SigV4Auth  # type: ignore[import-untyped]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
from botocore.credentials import Credentials  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from components.backup.names import read_name
from tests.support.backup_script import script

KEYS = ("AKIDEXAMPLE", "a secret/key", "a passing/token==")


def name(day: int, swarm: str = "s1") -> str:
    return f"prod_202603{day:02}T000000Z_a1_{swarm}_00ff.cms"


@given(
    days=st.sets(st.integers(1, 28)),
    others=st.sets(st.integers(1, 28)),
    keep=st.integers(1, 30),
)
def test_the_newest_of_a_swarm_are_kept_and_those_of_others_are_let_be(
    days: set[int], others: set[int], keep: int
) -> None:
    names = [*map(name, days), *(name(day, "s2") for day in others), "notes.txt"]
    gone = script().superfluous(names, keep, "s1")
    assert sorted(gone) == [name(day) for day in sorted(days)[:-keep]]


def test_the_names_that_it_writes_are_those_that_are_read() -> None:
    assert script().NAME.pattern.endswith(r"\.cms")
    for text in (name(1), name(9, "x" * 25)):
        assert read_name(text) is not None
        assert script().NAME.fullmatch(text)


def test_a_directory_keeps_whole_files_for_their_owner_alone(tmp_path: Path) -> None:
    folder = script().Folder(str(tmp_path))
    script().os.umask(0o077)
    (tmp_path / "notes.txt").write_text("mine")
    folder.put(name(1), b"one")
    folder.put(name(2), b"three")
    assert folder.list() == {name(1): 3, name(2): 5}
    assert folder.get(name(2)) == b"three"
    folder.drop(name(1))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", name(2)]
    assert stat.S_IMODE((tmp_path / name(2)).stat().st_mode) == 0o600


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/", "list-type=2&prefix=prod%2Fswarm%2F"),
        ("/", "continuation-token=a%2Bb%3D&list-type=2&prefix="),
        ("/prod/swarm/" + name(1), ""),
        ("/" + name(1), ""),
    ],
)
def test_a_request_is_signed_as_amazons_own_library_signs_it(
    method: str, path: str, query: str
) -> None:
    url, body = f"https://kept.s3.eu-central-1.amazonaws.com{path}", b"sealed"
    now = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
    found = script().signed(method, url, query, body, "eu-central-1", KEYS, now)

    asked = AWSRequest(method, f"{url}?{query}" if query else url, data=body)
    asked.headers["X-Amz-Content-SHA256"] = found["x-amz-content-sha256"]
    asked.headers["X-Amz-Security-Token"] = KEYS[2]
    asked.headers["X-Amz-Date"] = found["x-amz-date"]
    asked.context["timestamp"] = found["x-amz-date"]
    theirs = S3SigV4Auth(Credentials(*KEYS), "s3", "eu-central-1")
    text = theirs.string_to_sign(asked, theirs.canonical_request(asked))
    signature = theirs.signature(text, asked)

    assert found["Authorization"].endswith(f"Signature={signature}")
