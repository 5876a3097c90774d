"""How far a manager's copy of the Swarm goes, read from its disk, where no leader can tell.

Docker's write-ahead log is etcd's: frames of protobuf records. Swarmkit encrypts what an entry
says and nothing else, so the state that raft keeps is in clear, with autolock too. A manager that
goes on alone forgets what is beyond its commit, so the one with the highest commit knows the most.
A file's size, age or name tells nothing: files are 64 MB from their beginning, elections write to
them, and the number in a name is that of its first entry.

The text of this file runs on hosts too, and needs Python alone.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path("/var/lib/docker/swarm/raft/wal-v3-encrypted")
NOT_KNOWN = -1
_HARD_STATE = 3  # walpb.Record.type
_KIND, _DATA = 1, 3  # walpb.Record
_COMMIT = 3  # raftpb.HardState


def commit(folder: Path = FOLDER) -> int:
    """The last change that this copy knows to be agreed on."""
    for path in sorted(folder.glob("*.wal"), reverse=True):
        found = last_commit(path.read_bytes())
        if found != NOT_KNOWN:
            return found
    return NOT_KNOWN


def last_commit(content: bytes) -> int:
    """The commit of the last state in one file, whose end is zeros or was never written whole."""
    last = NOT_KNOWN
    for record in _records(content):
        try:
            last = max(last, _commit_in(record))
        except IndexError:  # its end was never written
            break
    return last


def _commit_in(record: bytes) -> int:
    held = _fields(record)
    state = held.get(_DATA)
    if held.get(_KIND) != _HARD_STATE or not isinstance(state, bytes):
        return NOT_KNOWN
    told = _fields(state).get(_COMMIT)
    return told if isinstance(told, int) else NOT_KNOWN


def _records(content: bytes) -> Iterator[bytes]:
    at = 0
    while at + 8 <= len(content):
        (word,) = struct.unpack_from("<Q", content, at)
        size = word & 0x00FFFFFFFFFFFFFF
        padding = word >> 56 & 7  # which is 0 where the highest bit is not set
        at += 8
        if not size or at + size > len(content):
            return
        yield content[at : at + size]
        at += size + padding


def _fields(message: bytes) -> dict[int, int | bytes]:
    """The numbers and the texts of a protobuf message, by field."""
    found: dict[int, int | bytes] = {}
    at = 0
    while at < len(message):
        tag, at = _number(message, at)
        value, at = _number(message, at)
        if tag & 7:
            found[tag >> 3], at = message[at : at + value], at + value
        else:
            found[tag >> 3] = value
    return found


def _number(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while message[at] & 0x80:
        value |= (message[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return value | message[at] << shift, at + 1


if __name__ == "__main__":
    sys.stdout.write(f"{commit()}\n")
