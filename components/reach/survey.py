"""All paths of a network at once, as what stops some of them: one finding for each cause and place.

Asked pair by pair a thousand hosts are a million questions. But an entry is the same for all hosts
of a zone, and a group's judgement the same for all hosts in the same groups, so the work grows
with hosts times tables, and with the square of the few kinds of hosts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from components.plan.slots import prefixes
from components.reach.model import Host, Question, Verdict, World
from components.reach.trace import End, checked, delivered, enters, leaves, led, stands

PORT = 80  # what a service might listen on; rules for single ports are not for services


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Paths that do not work, named by both ends, and the verdict that they share."""

    paths: str
    verdict: Verdict

    def __str__(self) -> str:
        return f"{self.paths}: {self.verdict}"


def survey(world: World) -> tuple[Broken, ...]:
    """Find every cause for which a host or container does not reach a container of another host.

    A host whose own state stops all its paths is named once, and its entries are not.
    """
    alone = {host.name: _alone(world, host) for host in world.hosts.values()}
    return (
        *(
            Broken(paths=f"everything to and from containers of {name}", verdict=verdict)
            for name, verdict in alone.items()
            if verdict
        ),
        *_prefixes(world, {name for name, verdict in alone.items() if verdict}),
        *_tables(world, {name for name, verdict in alone.items() if verdict}),
        *_groups(world),
    )


def _alone(world: World, host: Host) -> Verdict | None:
    inner = End(host.containers[2], host)
    by_prefixes = world.prefixes is not None  # each of them is asked for by itself
    return stands(inner) or (None if by_prefixes else checked(world, inner, "gets"))


def _prefixes(world: World, known: set[str]) -> Iterator[Broken]:
    """What an interface is given decides for everybody, in whatever zone."""
    if world.prefixes is None:
        return
    for host in world.hosts.values():
        if host.name in known:
            continue
        wrong: dict[str, list[Verdict]] = {}
        for prefix in prefixes(host.containers):
            verdict = delivered(world, End(prefix[2], host))
            if verdict:
                wrong.setdefault(verdict.cause, []).append(verdict)
        for first, *more in wrong.values():
            what = f"containers of {host.name} in {1 + len(more)} of its prefixes"
            yield Broken(paths=f"everything to and from {what}", verdict=first)


def _tables(world: World, known: set[str]) -> Iterator[Broken]:
    """An entry decides for every host of the zone: asking one of them is asking all."""
    for zone, senders in _by_zone(world).items():
        for host in world.hosts.values():
            sender = next((each for each in senders if each is not host), None)
            if sender is None or host.name in known:
                continue
            target = End(host.containers[2], host)
            verdict = led(world, End(sender.address, sender), target)
            if verdict and not verdict.cause.startswith("prefix-"):  # told for everybody
                yield Broken(paths=f"zone {zone} to containers of {host.name}", verdict=verdict)


def _by_zone(world: World) -> dict[str, list[Host]]:
    """Up to two hosts of each zone: one asks, and the other where the first is the target."""
    found: dict[str, list[Host]] = {}
    for host in world.hosts.values():
        held = found.setdefault(host.zone, [])
        if len(held) < 2:
            held.append(host)
    return found


def _groups(world: World) -> Iterator[Broken]:
    """Hosts in the same groups are judged alike: one or two of each kind stand for all."""
    kinds: dict[tuple[str, ...], list[Host]] = {}
    for host in world.hosts.values():
        kinds.setdefault(host.groups, []).append(host)
    for (sending, senders), (judging, targets) in product(kinds.items(), repeat=2):
        pair = next(((a, b) for a in senders[:2] for b in targets[:2] if a is not b), None)
        if pair is None:
            continue
        for inner in (True, False):
            verdict = _judged(world, *pair, inner=inner)
            if verdict:
                what = "containers" if inner else "hosts"
                paths = f"{what} of {_all(sending)} to containers of {_all(judging)}"
                yield Broken(paths=paths, verdict=verdict)


def _judged(world: World, source: Host, target: Host, *, inner: bool) -> Verdict | None:
    here = End(source.containers[2] if inner else source.address, source)
    there = End(target.containers[2], target)
    asked = Question(source=here.address, target=there.address, port=PORT)
    return leaves(world, here, there, asked) or enters(world, here, there, asked)


def _all(groups: tuple[str, ...]) -> str:
    return f"group {' and '.join(groups)}" if groups else "hosts in no group"
