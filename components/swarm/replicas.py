"""How many tasks of each service run, and where, as the managers know it at one moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Final

from components.swarm.engine_api import get
from components.swarm.managers import Managers

PATHS: Final = {
    "services": "/services",
    "tasks": '/tasks?filters={"desired-state":["running"]}',
}
_NOWHERE: Final = "no suitable node"  # how the scheduler says that it finds no place


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicas:
    """A service's tasks: how many there should be, and how many run by node id.

    `wanted` of a global service counts the nodes that it is for. `unplaceable` is whether the
    Swarm has said that no node will do for one of them.
    """

    name: str
    everywhere: bool
    wanted: int
    running: Mapping[str, int] = field(default_factory=dict)
    unplaceable: bool = False

    @property
    def whole(self) -> bool:
        return self.run_off(frozenset()) >= self.wanted

    def run_off(self, nodes: Set[str]) -> int:
        """How many run on other nodes than these."""
        return sum(count for node, count in self.running.items() if node not in nodes)

    def __str__(self) -> str:
        return f"service {self.name} runs {self.run_off(frozenset())} of {self.wanted} tasks"


def replicas(managers: Managers) -> tuple[Replicas, ...]:
    """All services that run for ever; jobs, which come to an end, are left out.

    A task on a node that the managers call down counts for nothing, and so does one that starts.

    Raises:
        CommandFailed: No manager has a leader to ask.
        HostUnreachable: No manager answered.
    """
    told = get(managers, PATHS)
    return tuple(read_replicas(told["services"], told["tasks"]))


def read_replicas(
    services: Sequence[Mapping[str, Any]], tasks: Sequence[Mapping[str, Any]]
) -> Iterator[Replicas]:
    """Read what Docker's API answers to `PATHS`."""
    by_service: dict[str, list[Mapping[str, Any]]] = {}
    for task in tasks:
        by_service.setdefault(task["ServiceID"], []).append(task)
    for service in services:
        mode, own = service["Spec"]["Mode"], by_service.get(service["ID"], [])
        if "Replicated" in mode or "Global" in mode:
            yield _read(service["Spec"]["Name"], mode, own)


def _read(name: str, mode: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]]) -> Replicas:
    fixed = (mode.get("Replicated") or {}).get("Replicas")
    everywhere = "Global" in mode
    return Replicas(
        name=name,
        everywhere=everywhere,
        wanted=len(tasks) if everywhere else int(1 if fixed is None else fixed),
        running=Counter(task["NodeID"] for task in tasks if task["Status"]["State"] == "running"),
        unplaceable=any(_NOWHERE in (task["Status"].get("Err") or "") for task in tasks),
    )
