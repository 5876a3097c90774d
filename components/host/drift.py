"""What was changed by hand on a host: what it shows, against what its user data says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from itertools import groupby
from typing import Any, Final

import yaml

from components.environment import Network
from components.host import comeback, names
from components.host.drift_look import Logged, Seen, SeenFile
from components.host.drift_planned import Planned, PlannedFile
from components.host.drift_rules import foreign
from components.host.user_data import DOCKER_VERSION, SYSCTLS

NOTHING: Final = "nothing"
MADE_LATER: Final = (
    f"{names.CONFIG_DIRECTORY}/swarm.json",
    "/etc/docker/key.json",
    *comeback.kit(),
)
OWN_NETWORKS: Final = frozenset(
    {"bridge", "host", "none", names.GWBRIDGE, names.ROUTED_CONFIG, names.ROUTED_NETWORK}
)
_LINE: Final = 80  # characters of a line that are shown


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing that is not as planned. `kind` is for programs, the rest for people."""

    kind: str
    what: str
    found: str
    planned: str = NOTHING


def judge(planned: Planned, seen: Seen) -> list[Drift]:
    """Everything on the host that is not as planned; empty where it is as it was made.

    What user data wrote is judged only where the machine was booted with a text of `planned`:
    else a plan that has changed since would look like a change by hand.
    """
    text = planned.made_of(seen.user_data)
    found: list[Drift] = []
    if text is not None:
        found += _files(planned.files(text), seen.files)
        found += _keys(yaml.safe_load(text)["ssh_authorized_keys"], seen.keys)
        found += _docker(seen)
    found += _touched(planned, seen)
    found += _units(planned.units, seen.units)
    found += _sysctls(seen.sysctls)
    found += _rules(seen)
    found += _packages(seen.packages, seen.unattended)
    found += [
        Drift("container", f"container {each.name}", f"{each.image}, {each.status}")
        for each in seen.containers
        if not each.ours
    ]
    return found + list(_networks(planned.network, seen.networks))


def _files(planned: Mapping[str, PlannedFile], seen: Mapping[str, SeenFile]) -> Iterator[Drift]:
    for path, file in planned.items():
        shown = seen.get(path)
        if shown is None:
            yield Drift("file", path, "missing", "there")
        elif not shown.kind.startswith("regular"):
            yield Drift("file", path, shown.kind, "a file")
        else:
            yield from _content(path, file, shown)
            if shown.mode != file.mode:
                yield Drift("mode", f"mode of {path}", shown.mode, file.mode)
            if shown.owner != file.owner:
                yield Drift("owner", f"owner of {path}", shown.owner, file.owner)


def _content(path: str, file: PlannedFile, shown: SeenFile) -> Iterator[Drift]:
    if shown.sha256 == hashlib.sha256(file.content).hexdigest():
        return
    if not file.public or shown.text is None:
        yield Drift("file", path, "other content" if shown.sha256 else "not readable", "its own")
        return
    before = file.content.decode()
    settings = _settings(before, shown.text) if path.endswith(".json") else None
    if settings is not None:
        yield from (Drift("file", f"{path}: {key}", *pair) for key, pair in settings.items())
        return
    number, found, planned = _first_difference(before, shown.text)
    yield Drift("file", f"{path}: line {number}", found, planned)


def _settings(before: str, after: str) -> dict[str, tuple[str, str]] | None:
    """What differs between two JSON objects, by key; None where one is none, or only the form."""
    try:
        old, new = json.loads(before), json.loads(after)
        keys = sorted(old.keys() | new.keys())
    except (ValueError, AttributeError):
        return None
    told = {
        key: (_value(new, key), _value(old, key)) for key in keys if old.get(key) != new.get(key)
    }
    return told or None


def _value(settings: Mapping[str, Any], key: str) -> str:
    return json.dumps(settings[key]) if key in settings else "not set"


def _first_difference(before: str, after: str) -> tuple[int, str, str]:
    old, new = before.splitlines(), after.splitlines()
    alike = next(
        (n for n, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]),
        min(len(old), len(new)),
    )
    return alike + 1, _line(new, alike), _line(old, alike)


def _line(lines: Sequence[str], number: int) -> str:
    text = lines[number].strip() if number < len(lines) else "the file's end"
    return text if len(text) <= _LINE else f"{text[:_LINE]}..."


def _touched(planned: Planned, seen: Seen) -> Iterator[Drift]:
    known = planned.places.keys() | set(MADE_LATER)
    for each in seen.touched:
        if each.path not in known or each.masked:
            found = "masked" if each.masked else f"written {each.when:%Y-%m-%d %H:%M} UTC"
            yield Drift("file", each.path, found, "there" if each.path in known else NOTHING)


def _units(wanted: Iterable[str], seen: Mapping[str, Mapping[str, str]]) -> Iterator[Drift]:
    for name in wanted:
        unit = seen.get(name, {})
        enabled, active = unit.get("UnitFileState", ""), unit.get("ActiveState", "")
        if enabled not in {"", "enabled", "alias"} and not _by_socket(name, enabled):
            yield Drift("unit", name, enabled, "enabled")
        if active in {"inactive", "failed"} and name not in _BY_SOCKET:
            yield Drift("unit", name, active, "active")


# Images may start it by its socket: then the service itself is neither enabled nor always active.
_BY_SOCKET: Final = frozenset({"ssh.service"})


def _by_socket(name: str, enabled: str) -> bool:
    return name in _BY_SOCKET and enabled == "disabled"


def _sysctls(seen: Mapping[str, str]) -> Iterator[Drift]:
    for name, value in SYSCTLS.items():
        found = seen.get(name, "not there")
        if found != str(value):
            yield Drift("sysctl", f"sysctl {name}", found, str(value))


def _rules(seen: Seen) -> Iterator[Drift]:
    for line in seen.rules_missing:
        if not line.startswith(tuple(f"sysctl {name}:" for name in SYSCTLS)):
            yield Drift("rule", f"packet rule {line}", "missing", "there")
    for table, rule in foreign(seen.rules_ours, seen.rules):
        yield Drift("rule", f"packet rule {table}: {rule}", "there")


def _packages(log: Sequence[Logged], unattended: Sequence[tuple[str, str]]) -> Iterator[Drift]:
    """Packages whose version is another than before somebody changed them.

    Debian's own unattended upgrades are no change by hand.
    """
    acts = [act for act in log if not any(a <= act.when <= z for a, z in unattended)]
    acts.sort(key=lambda act: act.package)  # stable: each package's acts stay in their order
    for package, group in groupby(acts, key=lambda act: act.package):
        first, *_, last = [*group] * 2
        if first.before != last.after:
            found, planned = last.after or "removed", first.before or "not installed"
            yield Drift("package", f"package {package.partition(':')[0]}", found, planned)


def _keys(planned: Sequence[str], seen: Sequence[str]) -> Iterator[Drift]:
    wanted = {_blob(line): line for line in planned}
    there = {_blob(line): line for line in seen if not line.lstrip().startswith("#")}
    for blob, line in there.items():
        if blob not in wanted:
            yield Drift("key", "a key that logs in as root", _short(line))
    for blob, line in wanted.items():
        if blob not in there:
            yield Drift("key", "a key that logs in as root", "missing", _short(line))


def _blob(line: str) -> str:
    """The key itself: what follows its type; options before and a comment after do not count."""
    words = line.split()
    kinds = [n for n, word in enumerate(words) if word.startswith(("ssh-", "ecdsa-", "sk-"))]
    return words[kinds[0] + 1] if kinds and kinds[0] + 1 < len(words) else line


def _short(line: str) -> str:
    """A key for people: its end, and its comment."""
    blob = _blob(line)
    comment = line.rpartition(blob)[2].strip()
    return f"...{blob[-12:]} {comment}".strip()


def _docker(seen: Seen) -> Iterator[Drift]:
    """Where the image brought Docker, its version is the image's; there dpkg's log tells more."""
    if seen.pinned and seen.docker and seen.docker != DOCKER_VERSION:
        yield Drift("docker", "Docker's version", seen.docker, DOCKER_VERSION)


def _networks(network: Network, seen: Mapping[str, tuple[str, ...]]) -> Iterator[Drift]:
    """Networks made on the host that take packets meant for planned ranges.

    Others hurt nobody, nor do volumes: services make their own all the time.
    """
    ranges = (network.vpc, *network.ranges, network.overlays, *network.peers)
    for name, subnets in seen.items():
        hit = [
            str(planned)
            for subnet in subnets
            for planned in ranges
            if ":" not in subnet and IPv4Network(subnet).overlaps(planned)
        ]
        if hit and name not in OWN_NETWORKS:
            found = f"{' '.join(subnets)}, which overlaps {', '.join(hit)}"
            yield Drift("network", f"network {name}", found)
