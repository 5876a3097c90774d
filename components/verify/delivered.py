"""Prefixes of interfaces: what a packet meets where no table has an entry, and all of them at once.

A prefix that an interface lacks stops packets in both directions: nobody delivers what is for its
containers, and the source/destination check drops what they send.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from ipaddress import IPv4Network
from typing import Final

from components.plan.slots import prefixes
from components.verify.model import Deviation, Fault, Held, Target
from components.verify.way import End, Sight

REPAIR: Final = "run `pulumi up --refresh` to put back what the plan says"


def delivered(end: End, sight: Sight) -> Fault | None:
    """Look whether the cloud delivers a container's address to its host's interface."""
    if sight.view is None or not end.inner:
        return None
    host, held = end.host, sight.view.prefixes(end.host.name)
    prefix = next((each for each in prefixes(host.containers) if end.address in each), None)
    if prefix is None or prefix in held:
        return None
    others = {name: sight.view.prefixes(name) for name in sight.targets if name != host.name}
    taker = next((name for name, theirs in others.items() if prefix in theirs), "")
    missing = _listed(_lacking(host, held))
    given = f", which {taker} has" if taker else ""
    return Fault(
        cause="prefix-wrong-host" if taker else "prefix-missing",
        where=_interface(host),
        what=f"it lacks {missing}, of the containers of {host.name}{given}",
        evidence=f"{end.address} is in none of {_listed(held)}" if held else "it has none at all",
        hint=REPAIR,
        about=host.name,
        short=f"{_interface(host)} lacks {missing}{given}",
    )


def deviations(hosts: Sequence[Target], held: Held) -> Iterator[Deviation]:
    """Name each host whose interface has other prefixes, or no source/destination check."""
    owners = {each: name for name, theirs in held.prefixes.items() for each in theirs}
    for host in hosts:
        if host.name not in held.machines:
            continue  # that it has no machine is said elsewhere
        theirs = held.prefixes.get(host.name, ())
        lacking = _lacking(host, theirs)
        stray = [each for each in theirs if not each.subnet_of(host.containers)]
        found = [
            f"it {verb} {_listed(some)}"
            for verb, some in (("lacks", lacking), ("has", stray))
            if some
        ]
        if found:
            yield Deviation(
                kind=_kind(lacking, owners),
                where=_interface(host),
                found=", ".join(found),
                wanted=f"the prefixes of {host.containers}",
                repair=REPAIR,
                about=host.name,
            )
        if host.name not in held.checked:
            yield Deviation(
                kind="source-dest-check",
                where=host.name,
                found="the source/destination check is off",
                wanted="on: it knows the prefixes, and drops what is nobody's",
                repair=REPAIR,
                about=host.name,
            )


def _kind(lacking: Collection[IPv4Network], owners: Collection[IPv4Network]) -> str:
    if not lacking:
        return "prefix-foreign"
    return "prefix-wrong-host" if any(each in owners for each in lacking) else "prefix-missing"


def _lacking(host: Target, held: Collection[IPv4Network]) -> list[IPv4Network]:
    return [each for each in prefixes(host.containers) if each not in held]


def _interface(host: Target) -> str:
    return f"interface of {host.name}"


def _listed(some: Collection[IPv4Network]) -> str:
    """Name prefixes; of many, how many they are."""
    if len(some) > 3:
        first, *_ = some
        return f"{len(some)} prefixes from {first}"
    many = "es" if len(some) != 1 else ""
    return f"prefix{many} {', '.join(map(str, some))}"
