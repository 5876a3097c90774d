"""In which order hosts are rolled: broken ones, a canary, workers, managers, the leader last."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from components.swarm.health import Health
from components.swarm.replicas import Replicas

Kind = Literal["mend", "canary", "workers", "manager", "leader"]


@dataclass(frozen=True, slots=True)
class Turn:
    """Hosts that are changed at the same time, and what they are in the roll."""

    kind: Kind
    hosts: tuple[str, ...]

    def __str__(self) -> str:
        told = {"mend": " (not whole now)", "canary": " (canary, then verify)"}
        told |= {"leader": " (leads now)"}
        return ", ".join(self.hosts) + told.get(self.kind, "")


def next_turn(
    left: Sequence[str], roles: Mapping[str, str], health: Health, *, most: int, canary: bool
) -> Turn:
    """Who is next of the hosts that are left, in the order of slots, at least one.

    Hosts that are not whole have nothing to lose and come first. Of working ones `most` workers
    go together, and never all that run the tasks of a service; managers go alone.
    """
    managers = [name for name in left if roles[name] == "manager"]
    workers = [name for name in left if roles[name] != "manager"]
    broken = [name for name in (*managers, *workers) if name in health.broken]
    if broken:
        return Turn("mend", tuple(broken[:1]))
    followers = [name for name in managers if name != health.leader]
    if canary and (workers or followers):
        return Turn("canary", tuple((*workers, *followers)[:1]))
    if workers:
        return Turn("workers", batch(workers, health.services, most))
    if followers:
        return Turn("manager", tuple(followers[:1]))
    return Turn("leader", tuple(managers[:1]))


def turns(
    left: Sequence[str], roles: Mapping[str, str], health: Health, *, most: int, canary: bool
) -> Iterator[Turn]:
    """All turns as they would be if nothing changed meanwhile."""
    rest = list(left)
    while rest:
        turn = next_turn(rest, roles, health, most=most, canary=canary)
        yield turn
        canary = canary and turn.kind != "canary"
        rest = [name for name in rest if name not in turn.hosts]


def batch(workers: Sequence[str], services: Collection[Replicas], most: int) -> tuple[str, ...]:
    """The first workers, at most so many, that leave every service of several tasks one."""
    chosen: list[str] = []
    for name in workers:
        if not chosen or not any(_silences(name, each, set(chosen)) for each in services):
            chosen.append(name)
        if len(chosen) == most:
            break
    return tuple(chosen)


def _silences(name: str, service: Replicas, chosen: set[str]) -> bool:
    """Whether the service loses its last tasks with this host after those."""
    if service.everywhere or service.wanted < 2:
        return False
    return service.run_off(chosen) > 0 and not service.run_off({*chosen, name})
