"""Which manager goes on after a lost quorum: how far each one's copy goes, and who is taken."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.swarm import raft_log
from components.swarm.raft_log import NOT_KNOWN, commit, last_commit
from components.swarm.survivor import choose, commit_of
from tests.support.scripted import ScriptedSession, failed

ENTRY, STATE = 2, 3


def number(value: int) -> bytes:
    head, rest = value & 0x7F, value >> 7
    return bytes([head | 0x80]) + number(rest) if rest else bytes([head])


def frame(kind: int, data: bytes) -> bytes:
    """A record as etcd writes it: filled up to 8 bytes, and how many in the length's top byte."""
    record = b"\x08" + number(kind) + b"\x10" + number(123456789) + b"\x1a" + number(len(data))
    record += data
    fill = -len(record) % 8
    word = len(record) | (0x80 | fill) << 56 if fill else len(record)
    return struct.pack("<Q", word) + record + bytes(fill)


def state(committed: int, term: int = 2) -> bytes:
    return frame(
        STATE, b"\x08" + number(term) + b"\x10" + number(2**63) + b"\x18" + number(committed)
    )


def entry(index: int, size: int) -> bytes:
    said = b"\x1a" + number(size) + bytes(range(256)) * (size // 256) + bytes(size % 256)
    return frame(
        ENTRY, b"\x08\x00\x10\x02\x18" + number(index) + b"\x22" + number(len(said)) + said
    )


@given(commits=st.lists(st.integers(0, 2**40), min_size=1), size=st.integers(0, 600))
def test_the_commit_is_the_last_state_s_whatever_lies_between(
    commits: list[int], size: int
) -> None:
    rising = sorted(commits)
    text = b"".join(entry(each + 1, size) + state(each) for each in rising)
    assert last_commit(text + entry(2**41, size) + bytes(4096)) == rising[-1]


def test_a_state_that_was_never_written_whole_counts_for_nothing() -> None:
    whole = state(300)
    for cut in range(len(whole)):
        assert last_commit(state(299) + whole[:cut]) in (299, 300)
        assert last_commit(state(299) + whole[:cut] + bytes(64)) in (299, 300)


def test_a_new_file_without_a_state_leaves_the_word_to_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "0-0.wal").write_bytes(state(7))
    (tmp_path / "1-8.wal").write_bytes(state(9))
    (tmp_path / "2-a.wal").write_bytes(entry(10, 5))
    assert commit(tmp_path) == 9


def test_a_host_without_a_log_tells_nothing(tmp_path: Path) -> None:
    assert commit(tmp_path) == NOT_KNOWN


def test_a_host_is_asked_by_the_text_of_the_reader_alone() -> None:
    host = ScriptedSession()
    host.on("python3", "61\n")
    assert commit_of(host) == 61
    assert host.ran == ["python3 -"]
    assert host.inputs == [Path(raft_log.__file__).read_bytes()]


def test_a_host_that_cannot_read_its_log_is_no_reason_to_stop() -> None:
    host = ScriptedSession()
    host.on("python3", failed(1, "IndexError"))
    assert commit_of(host) == NOT_KNOWN


CHOICES = [
    ({"c1": 5}, "c1", ""),
    ({"b1": 58, "c1": 61}, "c1", "c1 knows the most (last change agreed on: c1 61, b1 58)"),
    ({"b1": NOT_KNOWN, "c1": 3}, "c1", "c1 knows the most (last change agreed on: c1 3, b1 not"),
    ({"b1": 61, "a1": 61, "c1": 60}, "a1", "a1 is taken by its name, for none knows more (last"),
]


@pytest.mark.parametrize(("commits", "taken", "why"), CHOICES)
def test_the_one_that_knows_the_most_goes_on_and_it_is_said_why(
    commits: dict[str, int], taken: str, why: str
) -> None:
    name, said = choose(commits)
    assert name == taken
    assert said.startswith(why)
    assert bool(said) == (len(commits) > 1)


def test_where_none_is_left_none_is_taken() -> None:
    assert choose({}) == ("", "")
