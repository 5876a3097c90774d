"""Where the tasks of services run, and spreading them anew when asked.

The Swarm itself never moves a task that runs well: a host that came back or is new stays empty
until a service is updated.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.errors import SwarmError
from components.remote.command import Command
from components.remote.wait import Report, ignore, wait_until
from components.swarm.managers import Managers

SPREADS_WITHIN = 900.0  # seconds for one service: its own update settings decide how fast it goes
MOVABLE = "replicated"  # the other modes have a task on every node, or run to an end
COMPLETED = "completed"
ENDS = (COMPLETED, "paused", "rollback_paused", "rollback_completed")  # of an update

_SERVICES = Command.of("docker", "service", "ls", "--format", "{{json .}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service: how many tasks it wants, and how many run on which host."""

    name: str
    mode: str
    wanted: int
    running: Mapping[str, int]

    @property
    def movable(self) -> bool:
        return self.mode == MOVABLE

    @property
    def whole(self) -> bool:
        return sum(self.running.values()) == self.wanted

    @property
    def spread(self) -> str:
        """Its tasks by host, as a reader counts them: `a1 2, b1`."""
        parts = (f"{name} {n}" if n > 1 else name for name, n in sorted(self.running.items()))
        return ", ".join(parts) or "nowhere"


def services(managers: Managers) -> tuple[Service, ...]:
    """All services of the Swarm, by name."""
    rows = [json.loads(line) for line in managers.run(_SERVICES).stdout.splitlines()]
    return tuple(
        read_service(row, managers.run(_tasks(row["Name"])).stdout)
        for row in sorted(rows, key=lambda row: str(row["Name"]))
    )


def read_service(row: Mapping[str, str], tasks: str) -> Service:
    """Read a line of `docker service ls`, and the lines `NODE STATE ...` of its tasks."""
    at_work = [
        words[0] for line in tasks.splitlines() if (words := line.split())[1:2] == ["Running"]
    ]
    return Service(
        name=row["Name"],
        mode=row["Mode"],
        wanted=int(row["Replicas"].split()[0].partition("/")[2]),
        running=Counter(at_work),
    )


def spread_again(managers: Managers, service: Service, report: Report = ignore) -> Service:
    """Let the Swarm place all tasks of a service anew, as fast as its update settings allow.

    Raises:
        SwarmError: It did not run as it should before, or does not afterwards.
    """
    if not service.whole:
        raise _not_whole(service, "it does not run as it should, so nothing of it is moved")
    before = _last_update(managers, service.name)
    managers.run(Command.of("docker", "service", "update", "--force", "--detach", service.name))

    def ended() -> str | None:
        update = _last_update(managers, service.name)
        begun = update.get("StartedAt") != before.get("StartedAt")
        return update["State"] if begun and update["State"] in ENDS else None

    state = wait_until(
        "its tasks to be placed anew",
        ended,
        where=service.name,
        deadline=SPREADS_WITHIN,
        hint=f"see `docker service ps {service.name}`",
        report=report,
    )
    after = next(each for each in services(managers) if each.name == service.name)
    if state != COMPLETED or not after.whole:
        raise _not_whole(after, f"its tasks did not all come up again (update {state})")
    return after


def chosen(found: Sequence[Service], names: Sequence[str]) -> list[Service]:
    """The services of these names; without names all that can be moved and have several tasks.

    Raises:
        SwarmError: A name is no service's, or that of one that has a task on every node.
    """
    if not names:
        return [each for each in found if each.movable and each.wanted > 1]
    known = {each.name: each for each in found}
    for name in names:
        if name not in known or not known[name].movable:
            raise SwarmError(
                where=name,
                what="it is no service whose tasks could be placed anew",
                found=f"its mode is {known[name].mode}" if name in known else "no such service",
                wanted=", ".join(each.name for each in found if each.movable) or "no service is",
                hint="name one of them, or none for all",
            )
    return [known[name] for name in dict.fromkeys(names)]


def _not_whole(service: Service, what: str) -> SwarmError:
    return SwarmError(
        where=service.name,
        what=what,
        found=f"{sum(service.running.values())} of {service.wanted} tasks on {service.spread}",
        wanted=f"{service.wanted} tasks running",
        hint=f"see `docker service ps {service.name}`, mend it, and run this again",
    )


def _last_update(managers: Managers, name: str) -> Mapping[str, str]:
    """What Docker tells of the service's last update; nothing before the first."""
    asked = Command.of("docker", "service", "inspect", "--format", "{{json .UpdateStatus}}", name)
    told: Mapping[str, str] | None = json.loads(managers.run(asked).stdout)
    return told or {}


def _tasks(name: str) -> Command:
    form = "{{.Node}} {{.CurrentState}}"
    running = ("--filter", "desired-state=running")
    return Command.of("docker", "service", "ps", *running, "--format", form, name)
