"""What labs need of the computer's kernel, shared by all labs and put back by the last.

Forwarding on its outer interfaces, and inotify instances: machines share the computer's one root,
and each takes about seven of the kernel's 128. A systemd that gets none ends without a word.

The note of what was before lives until then; a reboot of the computer makes it void, for
settings do not outlive one.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from socket import AF_INET

from lab import locks, state
from lab.namespaces import SYSCTLS
from lab.netlink import netlink

NOTE = Path("/var/lib/fairway/forwarding.json")

_GLOBAL = "net/ipv4/ip_forward"
_INSTANCES = "fs/inotify/max_user_instances"
_ENOUGH = "8192"  # for a thousand machines; an instance costs nothing until it is used
_LOCK = ("", "forwarding")  # of no lab


@dataclass(slots=True)
class Note:
    """Who needs forwarding, and what each setting was before the first of them came."""

    boot_id: str
    labs: list[str] = field(default_factory=list)
    before: dict[str, str] = field(default_factory=dict)


def open_for(lab: str, link: str) -> None:
    """Let packets of a lab's link out by the interfaces with a default route, and machines boot."""
    (SYSCTLS / _key(link)).write_text("1")
    with locks.hold(*_LOCK):
        note = _read()
        note.before.setdefault(_GLOBAL, _value(_GLOBAL))
        for key in map(_key, _outer_interfaces()):
            if _value(key) == "0":
                note.before.setdefault(key, "0")
                (SYSCTLS / key).write_text("1")
        before = _value(_INSTANCES)
        if int(before) < int(_ENOUGH):
            with suppress(OSError):  # a computer that is itself a container may only read it
                (SYSCTLS / _INSTANCES).write_text(_ENOUGH)
                note.before.setdefault(_INSTANCES, before)
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
    """Undo what we set, unless somebody changed it, or forwards for the whole computer, since."""
    instances = note.before.pop(_INSTANCES, "")
    if instances and _value(_INSTANCES) == _ENOUGH:
        (SYSCTLS / _INSTANCES).write_text(instances)
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
