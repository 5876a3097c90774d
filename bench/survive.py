"""`python -m bench survive`: cut the power of hosts, and measure until services are whole again.

Six hosts in three zones, each with a manager and a worker. A service has as many replicas as hosts
are left after the loss, each on a host of its own, so that every host that dies had one.
"""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from bench.answerer import NAME as SERVICE
from bench.answerer import ROUTED, Service, answering
from bench.load import TIMEOUT, Load
from bench.world import NAME, RANGES, World, computer, configuration
from components.errors import FairwayError
from components.plan import Plan
from components.remote.wait import Deadline, wait_until
from components.swarm.managers import LEADER
from lab.lab import Lab
from scripts.cli.state import Deployed

T = TypeVar("T")
RESULTS = Path(__file__).parent / "results" / "survive.json"
HOSTS = {"a": (1, 1), "b": (1, 1), "c": (1, 1)}
ROUNDS = 10
CALM = 2.0  # seconds of load before a loss
WITHIN = 600.0  # seconds to be whole after a loss, and again when all is back

NODES = ("node", "ls", "--format", "{{.Hostname}} {{.Status}} {{.ManagerStatus}}")


@dataclass(frozen=True, slots=True)
class Town:
    """What stands: the lab, the service on it, and each host's address and zone."""

    lab: Lab
    service: Service
    hosts: Mapping[str, str]
    zones: Mapping[str, str]
    managers: Sequence[str]
    workers: Sequence[str]

    def nodes(self, but: Sequence[str] = (), patience: float = LEADER) -> dict[str, list[str]]:
        """Each node's status, and of a manager its standing, as a living manager tells."""
        told = self.service.docker(*NODES, but=but, patience=patience)
        return {name: rest for name, *rest in map(str.split, told.splitlines())}

    def leaders(self, but: Sequence[str] = ()) -> list[str]:
        return [name for name, told in self.nodes(but).items() if "Leader" in told]

    def followed(self, dead: Sequence[str]) -> list[str]:
        """Whom the living managers follow, each asked by itself: one, or there are two Swarms."""
        living = [name for name in self.managers if name not in dead]
        others = [[each for each in self.managers if each != name] for name in living]
        return sorted({leader for but in others for leader in self.leaders(but)})


def _worker(town: Town) -> list[str]:
    return [_one_with_a_replica(town, town.workers)]


def _leader(town: Town) -> list[str]:
    return [_await("a leader", lambda: next(iter(town.leaders()), None))]


def _leader_and_worker(town: Town) -> list[str]:
    """The worker of another zone: two failures that have nothing in common."""
    (leader,) = _leader(town)
    away = [name for name in town.workers if town.zones[name] != town.zones[leader]]
    return [leader, _one_with_a_replica(town, away)]


def _one_with_a_replica(town: Town, names: Sequence[str]) -> str:
    """The first that has one, or the first at all where none has: `_seat` gives it one."""
    running = town.service.running()
    return next((name for name in names if name in running), names[0])


def _zone(town: Town) -> list[str]:
    """The leader's zone, the worst of the three."""
    (leader,) = _leader(town)
    return [name for name in town.hosts if town.zones[name] == town.zones[leader]]


CAUSES: dict[str, Callable[[Town], list[str]]] = {
    "worker": _worker,
    "leader": _leader,
    "leader and worker": _leader_and_worker,
    "zone": _zone,
}
LOST = {"worker": 1, "leader": 1, "leader and worker": 2, "zone": 2}


def main() -> None:
    RESULTS.unlink(missing_ok=True)
    for cause in CAUSES:
        measure(cause, ROUNDS)


def measure(cause: str, rounds: int, *, name: str = NAME, ranges: tuple[int, int] = RANGES) -> None:
    """Lose hosts that often by one cause, and add the rounds to the file of results."""
    with World(configuration(HOSTS, ranges), name) as world:
        world.up()
        # On docker0: the recorded figures are from before hosts that had lost their power took
        # tasks on the routed network again.
        with town_of(world.plan, world.deployed(), cause, options=()) as town:
            for _ in range(rounds):
                found = lose(town, cause)
                print(cause, found, flush=True)
                keep(cause, found)


@contextmanager
def town_of(
    plan: Plan, deployed: Deployed, cause: str, *, options: Sequence[str] = ROUTED
) -> Iterator[Town]:
    """The service on a cluster that stands, on the routed network unless `options` say where."""
    replicas = len(plan.slots) - LOST[cause]
    with answering(plan, deployed, replicas=replicas, options=options) as service:
        yield Town(
            lab=Lab.open(plan.environment),
            service=service,
            hosts={slot.name: str(slot.address) for slot in plan.slots},
            zones={slot.name: slot.zone for slot in plan.slots},
            managers=[slot.name for slot in plan.managers],
            workers=[slot.name for slot in plan.workers],
        )


def lose(
    town: Town,
    cause: str,
    meanwhile: Callable[[], object] = lambda: None,
    *,
    patience: float = TIMEOUT,
) -> dict[str, Any]:
    """One loss: from a whole cluster, through the loss, to a whole cluster.

    `meanwhile` is called once services are whole again, while what was lost is still away.
    `patience` is that of `bench.load`.
    """
    victims = CAUSES[cause](town)
    _seat(town, victims)
    try:
        with Load(town.hosts, patience=patience) as load:
            time.sleep(CALM)
            began = time.monotonic()
            _cut(town, cause, victims)
            with _watched(town, victims) as noticed:
                whole = _whole(town, load, victims) - began
        replicas, leaders = _seen(town, victims)
        meanwhile()
    finally:
        _bring_back(town, cause, victims)
    seen = load.result.since(began)
    return {
        "lost": victims,
        "noticed_s": round(noticed[0] - began, 1) if noticed else None,
        "whole_s": round(whole, 1),
        "answered_s": round(seen.trouble(), 1),
        "replicas_elsewhere": replicas,
        "leaders": leaders,
        **seen.told(),
    }


def _seen(town: Town, victims: Sequence[str]) -> tuple[int, list[str]]:
    """The replicas, of which managers hear a moment late, and whom managers follow after voting."""
    wanted = len(town.hosts) - len(victims)

    def seen() -> tuple[int, list[str]] | None:
        replicas, leaders = len(town.service.running(but=victims)), town.followed(victims)
        return (replicas, leaders) if (replicas, len(leaders)) == (wanted, 1) else None

    return _await(f"{wanted} replicas and one leader, as all managers see it", seen)


def _cut(town: Town, cause: str, victims: Sequence[str]) -> None:
    if cause == "zone":
        town.lab.fail_zone(town.zones[victims[0]])
    else:
        _each(town.lab.fail_machine, victims)


def _each(act: Callable[[str], None], names: Sequence[str]) -> None:
    """Do it to all at once."""
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(act, names))


def _whole(town: Town, load: Load, victims: Sequence[str]) -> float:
    """The moment in which as many hosts answer as the service has replicas."""
    limit = Deadline(WITHIN)
    while len(set(load.healthy) - set(victims)) < len(town.hosts) - len(victims):
        if limit.passed:
            raise SystemExit(f"only {', '.join(load.healthy)} answer after {limit.spent:.0f} s")
        time.sleep(0.05)
    return time.monotonic()


@contextmanager
def _watched(town: Town, victims: Sequence[str]) -> Iterator[list[float]]:
    """The moment in which the managers call all victims down, once they do."""
    over, moments = threading.Event(), list[float]()

    def watch() -> None:
        while not over.wait(1.0) and not moments:
            try:
                nodes = town.nodes(but=victims, patience=0)
            except FairwayError:
                continue
            if all(nodes[name][0] == "Down" for name in victims):
                moments.append(time.monotonic())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield moments
    finally:
        over.set()
        thread.join()


def _seat(town: Town, victims: Sequence[str]) -> None:
    """See that every host that is to die has a replica."""
    if set(victims) <= set(town.service.running()):
        return
    free = [name for name in town.hosts if name not in victims][: len(victims)]
    for name in free:
        town.service.docker("node", "update", "--availability", "pause", name)
    town.service.docker("service", "update", "--quiet", "--detach", "--force", SERVICE)
    _await("a replica on each host that is to die", lambda: _seated(town, victims) or None)
    for name in free:
        town.service.docker("node", "update", "--availability", "active", name)


def _seated(town: Town, victims: Sequence[str]) -> bool:
    running = town.service.running()
    return set(victims) <= set(running) and len(running) == len(town.hosts) - len(victims)


def _bring_back(town: Town, cause: str, victims: Sequence[str]) -> None:
    if cause == "zone":
        town.lab.restore_zone(town.zones[victims[0]])
    else:
        _each(town.lab.restore_machine, victims)
    _await("all nodes, and one leader", lambda: _standing(town) or None)


def _standing(town: Town) -> bool:
    nodes = town.nodes()
    managers = sorted(told[1] for told in nodes.values() if len(told) > 1)
    whole = [told[0] for told in nodes.values()] == ["Ready"] * len(town.hosts)
    return whole and managers == ["Leader", "Reachable", "Reachable"]


def _await(what: str, found: Callable[[], T | None]) -> T:
    hint, passing = "see `docker node ls`", (FairwayError,)
    return wait_until(
        what, found, where="Swarm", deadline=WITHIN, hint=hint, every=1.0, retry_on=passing
    )


def keep(cause: str, found: Mapping[str, Any]) -> None:
    """Add one loss to the file of results, and tell median and worst anew."""
    held = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"losses": {}}
    held["losses"].setdefault(cause, []).append(dict(found))
    result = {"computer": computer(), "causes": summary(held["losses"]), "losses": held["losses"]}
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")


def summary(losses: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """Median and worst of each cause, in seconds, and the requests of all its losses together."""
    return {
        cause: {
            "losses": len(rows),
            **{name: _spread([row[name] for row in rows]) for name in ("noticed_s", "whole_s")},
            "longest_gap_s": _spread([row["longest_gap_s"] for row in rows]),
            **{
                name: sum(row[name] for row in rows) for name in ("asked", "failed", "failed_first")
            },
        }
        for cause, rows in losses.items()
    }


def _spread(values: Sequence[float | None]) -> dict[str, float | None]:
    known = [value for value in values if value is not None]
    if not known:
        return {"median": None, "worst": None}
    return {"median": round(statistics.median(known), 1), "worst": max(known)}
