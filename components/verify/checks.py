"""Which questions prove the network, where each is asked, and what a host answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address

from components.verify.model import Check, NetworkFacts, Outcome, Place, Target
from components.verify.scripts import OPEN_PORTS

OUTSIDE = "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A running probe: its process on the host, its address, and the port it is published on."""

    process: int
    address: IPv4Address
    published: int


def plan_checks(
    targets: Sequence[Target], probes: Mapping[str, Probe], network: NetworkFacts
) -> tuple[Check, ...]:
    """List every check between the hosts that have a probe.

    Between containers all ordered pairs; from hosts to containers all pairs; published ports
    and docker0 once around the ring of hosts, so that each host is a source and a target. Where
    hosts may not open what they like on each other, only what containers send stays.
    """
    alive = [target for target in targets if target.name in probes]
    checks = [
        check for source in alive for target in alive for check in _pair(source, target, probes)
    ]
    for source, target in zip(alive, alive[1:] + alive[:1], strict=True):
        checks += _published(source, target, probes)
        checks += _outside(source, network.outside)
    if network.between_hosts == "services":
        return tuple(checks)
    return tuple(check for check in checks if not _between_hosts(check))


def _between_hosts(check: Check) -> bool:
    """Whether another host is asked and the source is not a container's own address."""
    if check.kind == "outside" or check.source == check.target:
        return False
    return check.kind == "published" or check.place != "container"


def _pair(source: Target, target: Target, probes: Mapping[str, Probe]) -> Iterable[Check]:
    pair = partial(
        Check, source=source.name, target=target.name, address=str(probes[target.name].address)
    )
    # A host reaches its own bridge from the bridge's address, every other from its own.
    seen = "" if source is target else str(source.address)
    yield pair(place="host", kind="tcp", port=OPEN_PORTS[0], expect=seen)
    if source is not target:
        own = str(probes[source.name].address)
        for port in OPEN_PORTS:
            yield pair(place="container", kind="tcp", port=port, expect=own)
        yield pair(place="container", kind="mtu")


def _published(source: Target, target: Target, probes: Mapping[str, Probe]) -> list[Check]:
    if source is target:
        return []
    places: tuple[Place, ...] = ("container", "bridge")
    return [
        Check(
            source=source.name,
            place=place,
            kind="published",
            target=target.name,
            address=str(target.address),
            port=probes[target.name].published,
            expect=str(source.address),
        )
        for place in places
    ]


def _outside(source: Target, outside: IPv4Address | None) -> list[Check]:
    if outside is None:
        return []
    places: tuple[Place, ...] = ("host", "container", "bridge")
    return [
        Check(source=source.name, place=place, kind="outside", target=OUTSIDE, address=str(outside))
        for place in places
    ]


ASKED_AS = {"tcp": "tcp", "published": "tcp", "mtu": "mtu", "ping": "ping", "outside": "ping"}


def question(checks: Sequence[Check]) -> bytes:
    """Write the checks of one place as the probe's script reads them, keyed by position."""
    lines = [
        f"{key} {ASKED_AS[check.kind]} {check.address} {check.port}\n"
        for key, check in enumerate(checks)
    ]
    return "".join(lines).encode()


def answers(checks: Sequence[Check], text: str, why: str = "") -> tuple[Outcome, ...]:
    """Read what the script printed; a check without an answer was not asked."""
    said = dict(line.split(maxsplit=1) for line in text.splitlines() if " " in line)
    return tuple(
        _outcome(check, said.get(str(key), f"unasked {why or 'the probe broke off'}"))
        for key, check in enumerate(checks)
    )


def _outcome(check: Check, said: str) -> Outcome:
    word, _, detail = said.partition(" ")
    return Outcome(check=check, word=word, detail=detail.strip())


def judge(outcomes: Iterable[Outcome]) -> tuple[tuple[Outcome, ...], tuple[str, ...]]:
    """Pick the failures, and say in a note what could not be judged.

    Where the host itself does not reach the outside, its containers cannot be expected to.
    """
    seen = tuple(outcomes)
    cut_off = {
        o.check.source
        for o in seen
        if o.check.kind == "outside" and o.check.place == "host" and not o.good
    }
    bad = tuple(
        o
        for o in seen
        if not o.good and not (o.check.kind == "outside" and o.check.source in cut_off)
    )
    notes = [
        f"{name} does not reach the outside itself, so its containers were not judged by that"
        for name in sorted(cut_off)
    ]
    return bad, tuple(notes)


def describe(check: Check) -> str:
    """Say in a few words what a check asked, to group failures for a reader."""
    place = {"container": "container", "host": "host", "bridge": "docker0 container"}[check.place]
    match check.kind:
        case "published":
            return f"{place} -> published port"
        case "outside":
            return f"{place} -> outside"
        case "mtu" | "ping":
            return f"{place} -> container, ping"
        case _:
            return f"{place} -> container, TCP {check.port}"
