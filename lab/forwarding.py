"""Forwarding on the computer's outer interfaces, shared by all labs and put back by the last.

The note of what was before lives until then; a reboot of the computer makes it void, for
settings do not outlive one.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from socket import AF_INET

from lab import locks, state
from lab.namespaces import SYSCTLS
from lab.netlink import netlink

NOTE = Path("/var/lib/fairway/forwarding.json")

_GLOBAL = "net/ipv4/ip_forward"
_LOCK = ("", "forwarding")  # of no lab


@dataclass(slots=True)
class Note:
    """Who needs forwarding, and what each setting was before the first of them came."""

    boot_id: str
    labs: list[str] = field(default_factory=list)
    before: dict[str, str] = field(default_factory=dict)


def open_for(lab: str, link: str) -> None:
    """Let packets of a lab's link out through the interfaces with a default route, and back."""
    (SYSCTLS / _key(link)).write_text("1")
    with locks.hold(*_LOCK):
        note = _read()
        note.before.setdefault(_GLOBAL, _value(_GLOBAL))
        for key in map(_key, _outer_interfaces()):
            if _value(key) == "0":
                note.before.setdefault(key, "0")
                (SYSCTLS / key).write_text("1")
        note.labs = sorted({*note.labs, lab})
        _write(note)


def close_for(lab: str) -> None:
    """Put the settings back if no other lab needs them."""
    with locks.hold(*_LOCK):
        note = _read()
        note.labs = [other for other in note.labs if other != lab]
        if note.labs:
            _write(note)
            return
        _restore(note)
        NOTE.unlink(missing_ok=True)
        locks.forget(_LOCK[0])


def _restore(note: Note) -> None:
    """Undo what we set, unless somebody switched on forwarding for the whole computer since."""
    if note.before.pop(_GLOBAL, "0") != _value(_GLOBAL):
        return
    for key, value in note.before.items():
        if (SYSCTLS / key).exists():
            (SYSCTLS / key).write_text(value)


def _outer_interfaces() -> list[str]:
    with netlink() as ip:
        links = {link["index"]: link.get("ifname") for link in ip.get_links()}
        routes = ip.get_default_routes(family=AF_INET)
        return sorted({links[r.get("oif")] for r in routes if r.get("oif") in links})


def _key(link: str) -> str:
    return f"net/ipv4/conf/{link}/forwarding"


def _value(key: str) -> str:
    return (SYSCTLS / key).read_text().strip()


def _read() -> Note:
    try:
        note = Note(**json.loads(NOTE.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return Note(state.boot_id())
    return note if note.boot_id == state.boot_id() else Note(state.boot_id())


def _write(note: Note) -> None:
    NOTE.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    state.write_whole(NOTE, json.dumps(asdict(note)).encode())
