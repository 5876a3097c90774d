"""What a host shows of itself that a hand may have changed: one command, and its answer read.

There is no baseline to compare with, and none is needed: dpkg's own log tells each package's
version before and after, and a file's change time cannot be set back as its other times can.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from components.host.names import RULES_SCRIPT
from components.remote.command import Command

# Where a file that nobody planned changes what the host does, or is lost with its machine.
WATCHED: Final = (
    "/etc/cron.d",
    "/etc/docker",
    "/etc/ssh/sshd_config",
    "/etc/ssh/sshd_config.d",
    "/etc/sysctl.conf",
    "/etc/sysctl.d",
    "/etc/systemd/system",
    "/etc/systemd/system.control",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/var/spool/cron/crontabs",
)

_LOOK: Final = (Path(__file__).parent / "drift_look.sh").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFile:
    """A file as it is. `text` is None where only its hash was asked for."""

    mode: str
    owner: str
    kind: str
    sha256: str
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """A file in a watched place that was made or changed after the first boot."""

    path: str
    when: datetime
    masked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One act of dpkg; a version is "" where the package was or is not there."""

    when: str
    package: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container, running or not; `ours` are tasks of the Swarm and probes of verify."""

    name: str
    image: str
    status: str
    ours: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All that one look shows. `user_data` is the SHA-256 of what the machine was booted with."""

    user_data: str
    files: Mapping[str, SeenFile]
    touched: tuple[Touched, ...]
    units: Mapping[str, Mapping[str, str]]
    sysctls: Mapping[str, str]
    rules_missing: tuple[str, ...]
    rules_ours: tuple[tuple[str, str], ...]  # table and rule, as the host's script asks for it
    rules: tuple[tuple[str, str], ...]  # table and rule, as iptables lists it
    packages: tuple[Logged, ...]
    unattended: tuple[tuple[str, str], ...]  # from and until, as dpkg writes moments
    containers: tuple[Container, ...]
    networks: Mapping[str, tuple[str, ...]]
    keys: tuple[str, ...]
    docker: str
    pinned: bool

    @classmethod
    def parse(cls, text: str) -> Seen:
        """Read what the command of `look` printed."""
        part = _sections(text)
        return cls(
            user_data=" ".join(part.get("user-data", ())).partition(" ")[0],
            files=dict(_file(line) for line in part.get("files", ())),
            touched=tuple(_touched(line) for line in part.get("touched", ())),
            units={unit["Id"]: unit for unit in _units(part.get("units", ())) if "Id" in unit},
            sysctls=dict(_pair(line, " = ") for line in part.get("sysctls", ())),
            rules_missing=tuple(part.get("missing", ())),
            rules_ours=tuple(asked(part.get("ours", ()))),
            rules=tuple(_listed(part.get("rules", ()))),
            packages=tuple(_logged(line) for line in part.get("packages", ())),
            unattended=tuple(_pair(line, " ") for line in part.get("unattended", ())),
            containers=tuple(_container(line) for line in part.get("containers", ())),
            networks=dict(_network(line) for line in part.get("networks", ())),
            keys=tuple(part.get("keys", ())),
            docker="".join(part.get("docker", ())),
            pinned=bool(part.get("pinned")),
        )


def look(
    shown: Sequence[str], hidden: Sequence[str], units: Sequence[str], sysctls: Sequence[str]
) -> Command:
    """The command that looks and changes nothing; `hidden` files give their hash alone."""
    files = (*shown, *(f"-{path}" for path in hidden))
    words = (RULES_SCRIPT, " ".join(units), " ".join(sysctls), " ".join(WATCHED))
    return Command.of("sh", "-c", _LOOK, "sh", *words, *files)


def _sections(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.splitlines():
        if line.startswith("== "):
            current = found.setdefault(line[3:], [])
        elif line.strip():
            current.append(line)
    return found


def _pair(line: str, between: str) -> tuple[str, str]:
    left, _, right = line.partition(between)
    return left, right


def _file(line: str) -> tuple[str, SeenFile]:
    path, about, sha256, packed = line.split("|", 3)
    mode, owner, kind = about.split(" ", 2)
    text = base64.b64decode(packed).decode(errors="replace") if packed else None
    return path, SeenFile(mode=mode, owner=owner, kind=kind, sha256=sha256, text=text)


def _touched(line: str) -> Touched:
    when, kind, path = line.split("|", 2)
    return Touched(path=path, when=datetime.fromtimestamp(float(when), UTC), masked=kind == "l")


def _units(lines: Sequence[str]) -> Iterator[dict[str, str]]:
    """Blocks of `systemctl show`, of which each gives the same properties."""
    unit: dict[str, str] = {}
    for name, value in (_pair(line, "=") for line in lines):
        if name in unit:
            yield unit
            unit = {}
        unit[name] = value
    yield unit


def asked(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What the script of the packet rules asks for, by the words of its questions."""
    # rule TABLE -w 10 -t TABLE -C CHAIN MATCH...
    for line in lines:
        if line.startswith("rule "):
            words = line.split()
            yield words[1], " ".join(("-A", *words[7:]))


def _listed(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    table = ""
    for line in lines:
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith("-A "):
            yield table, line


def _logged(line: str) -> Logged:
    when, act, package, before, after = line.split()
    gone = act in {"remove", "purge"}
    return Logged(
        when=when, package=package, before=_version(before), after="" if gone else _version(after)
    )


def _version(text: str) -> str:
    return "" if text == "<none>" else text


def _container(line: str) -> Container:
    name, image, status, ours = line.split("|", 3)
    return Container(name=name, image=image, status=status, ours=bool(ours))


def _network(line: str) -> tuple[str, tuple[str, ...]]:
    name, subnets = _pair(line, "|")
    return name, tuple(subnets.split())
