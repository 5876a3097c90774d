"""What a host needs to run the Swarm's networks again after a loss of power."""

from __future__ import annotations

import fcntl
import gzip
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from components.errors import RemoteError
from components.host import comeback
from tests.support.host_script import COMPONENTS, load
from tests.support.scripted import ScriptedSession, failed

SCRIPT = COMPONENTS / "host" / "added" / "fairway-networks"
# Of a Docker 26 in the lab, whose power was cut while it had a task on the routed network.
RECORDED = Path(__file__).parents[1] / "data" / "docker" / "local-kv-26.db.gz"
LEFT = b"docker/network/v1.0/bridge/zhqq5jm6nu1c795xnjyeozi4v/"
OWN = b"docker/network/v1.0/bridge/" + b"7" * 64 + b"/"
PAGE = 4096
Items = list[tuple[int, bytes, bytes]]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """The database of a host that lost its power."""
    path = tmp_path / "local-kv.db"
    path.write_bytes(gzip.decompress(RECORDED.read_bytes()))
    path.chmod(0o644)
    return path


def run(database: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT)],
        env={**os.environ, "FAIRWAY_DATABASE": str(database)},
        capture_output=True,
        text=True,
        check=False,
    )


def script() -> Any:
    return load("host/added/fairway-networks")


def held(data: bytes) -> Items:
    """All elements of the one bucket of Docker's networks."""
    root = script().head_of(data)[4]
    ((_, name, value),) = script().elements(data, root * PAGE, PAGE)
    assert name == b"libnetwork"
    (number,) = struct.unpack_from("<Q", value)
    return list(script().elements(data, number * PAGE, PAGE))


def made(*items: tuple[bytes, bytes]) -> bytes:
    """A database of these keys and values."""
    bucket = [(0, key, value) for key, value in sorted(items)]
    built: bytes = script().database(PAGE, 7, [(b"libnetwork", bucket)])
    return built


def test_just_the_network_of_the_swarm_is_forgotten(database: Path) -> None:
    before = held(database.read_bytes())
    assert LEFT in {key for _, key, _ in before}

    done = run(database)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "forgot networks of the Swarm that a loss of power left: 1\n"
    assert held(database.read_bytes()) == [item for item in before if item[1] != LEFT]
    assert database.stat().st_mode & 0o777 == 0o644
    assert list(database.parent.iterdir()) == [database]


def test_where_nothing_is_left_over_nothing_is_written(database: Path) -> None:
    run(database)
    before = database.stat()

    done = run(database)

    assert (done.returncode, done.stdout) == (0, "")
    assert database.stat().st_mtime_ns == before.st_mtime_ns
    assert database.stat().st_ino == before.st_ino


def test_a_host_without_a_database_is_left_alone(tmp_path: Path) -> None:
    assert run(tmp_path / "none").returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_is_in_use_is_left_alone(database: Path) -> None:
    before = database.read_bytes()
    with database.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert run(database).returncode != 0
    assert database.read_bytes() == before


@pytest.mark.parametrize("spoilt", [b"", b"\0" * 2 * PAGE, b"something else" * 1000])
def test_what_is_no_such_database_is_left_alone(database: Path, spoilt: bytes) -> None:
    database.write_bytes(spoilt)

    assert run(database).returncode != 0
    assert database.read_bytes() == spoilt


@pytest.mark.parametrize("page", [0, 1])
def test_a_head_that_was_not_written_as_a_whole_does_not_count(page: int) -> None:
    whole = bytearray(made((LEFT, b"left"), (OWN, b"own")))
    whole[page * PAGE + 16 + 48] ^= 1  # of its transaction's number

    fresh, dropped = script().without_stale(bytes(whole))

    assert dropped == 1
    assert held(fresh) == [(0, OWN, b"own")]


def test_the_younger_of_two_heads_is_the_true_one() -> None:
    old, young = made((LEFT, b"left")), made((OWN, b"own"))
    head = script().HEAD
    fields = list(head.unpack_from(young, 16))
    fields[4], fields[8] = 3, 100
    text = head.pack(*fields)
    data = old[:16] + old[16:PAGE] + young[PAGE : PAGE + 16] + text + script().checksum(text)

    assert script().head_of(data.ljust(2 * PAGE, b"\0"))[8] == 100


def test_a_database_of_many_pages_keeps_everything() -> None:
    items = [(b"docker/network/v1.0/network/%064d/" % n, b"x" * (n % 900)) for n in range(3000)]

    fresh, dropped = script().without_stale(made((LEFT, b"left"), *items))

    assert dropped == 1
    assert held(fresh) == [(0, key, value) for key, value in sorted(items)]


def test_a_small_bucket_inside_of_its_parents_page_is_read() -> None:
    inside = script().leaf(0, 16, [(0, LEFT, b"left"), (0, OWN, b"own")])
    whole = script().database(PAGE, 7, [])
    root = script().leaf(3, PAGE, [(1, b"libnetwork", struct.pack("<QQ", 0, 0) + inside)])
    data = whole[: 3 * PAGE] + root

    fresh, dropped = script().without_stale(data)

    assert dropped == 1
    assert held(fresh) == [(0, OWN, b"own")]


def test_an_id_of_the_hosts_own_networks_is_never_taken_for_the_swarms() -> None:
    stale = script().STALE
    assert stale.fullmatch(LEFT)
    assert not stale.fullmatch(OWN)
    assert not stale.fullmatch(LEFT.replace(b"bridge", b"network"))
    assert not stale.fullmatch(LEFT.replace(b"bridge", b"bridge-endpoint"))


def test_a_host_that_has_the_files_is_left_alone_and_another_gets_them() -> None:
    assert comeback.installed(ScriptedSession().on("sha256sum"))
    host = ScriptedSession().on("sha256sum", failed()).on("mkdir").on("daemon-reload")
    assert not comeback.installed(host)

    comeback.install(host)

    assert host.files[comeback.SCRIPT] == (SCRIPT.read_bytes(), 0o755)
    assert b"ExecStartPre=-/usr/local/sbin/fairway-networks\n" in host.files[comeback.DROP_IN][0]
    assert not any("restart" in command for command in host.ran)


def test_a_look_that_fails_is_an_error_and_not_a_host_without_the_files() -> None:
    with pytest.raises(RemoteError):
        comeback.installed(ScriptedSession().on("sha256sum", failed(127)))
