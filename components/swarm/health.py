"""Whether a cluster's Swarm is whole: managers, nodes, and every service's tasks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from components.errors import FairwayError
from components.remote.endpoint import Endpoint
from components.remote.session import Sessions
from components.remote.wait import Report, ignore, wait_until
from components.swarm import facts
from components.swarm.facts import Row
from components.swarm.look import survey
from components.swarm.managers import Managers
from components.swarm.replicas import Replicas, replicas
from components.swarm.seen import Machine

WHOLE_WITHIN: Final = 180.0  # seconds; a service may pull its image on a host that is new
PATIENCE: Final = 15.0  # seconds for managers to agree on a leader


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is not as it should be; `host` is "" where it is no single host's."""

    host: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What one look found. `leader` is the slot that leads, "" where none does.

    `services` have their tasks by slot, or by node id where that is no planned slot's.
    """

    leader: str
    troubles: tuple[Trouble, ...] = ()
    services: tuple[Replicas, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.troubles

    @property
    def broken(self) -> frozenset[str]:
        """The hosts about which there is something to say."""
        return frozenset(each.host for each in self.troubles if each.host)

    def but(self, hosts: Collection[str]) -> Health:
        """The same, with nothing said about these hosts."""
        kept = tuple(each for each in self.troubles if each.host not in hosts or not each.host)
        return Health(leader=self.leader, troubles=kept, services=self.services)

    def __str__(self) -> str:
        return "; ".join(each.says for each in self.troubles) or f"whole, {self.leader} leads"


def judge(
    roles: Mapping[str, str],
    cluster: str,
    machines: Sequence[Machine],
    rows: Sequence[Row],
    services: Sequence[Replicas],
) -> Health:
    """Judge what the managers said; `roles` are the planned slots with theirs."""
    leader = next((row.hostname for row in rows if row.manager == "leader"), "")
    named = {row.id: row.hostname for row in rows if row.hostname in roles}
    return Health(
        leader=leader,
        troubles=(
            *_of_managers(cluster, machines),
            *(() if leader else [Trouble("", "no manager leads the Swarm")]),
            *(_of_nodes(roles, rows) if rows else ()),
            *(Trouble("", str(each)) for each in services if not each.whole),
        ),
        services=tuple(_by_slot(each, named) for each in services),
    )


def _of_managers(cluster: str, machines: Sequence[Machine]) -> Iterator[Trouble]:
    for machine in machines:
        if not machine.stands(cluster):
            yield Trouble(machine.name, machine.says)


def _of_nodes(roles: Mapping[str, str], rows: Sequence[Row]) -> Iterator[Trouble]:
    for name, role in roles.items():
        own = [row for row in rows if row.hostname == name]
        living = [row for row in own if row.status == "ready"]
        for row in (*living, *(own if not living else ()))[:1]:
            yield from _of_node(row, role)
        if not own:
            yield Trouble(name, f"{name} is not in the Swarm")
    for row in rows:
        if row.manager == "unreachable":
            yield Trouble(row.hostname, f"manager {row.hostname or row.id} is not reachable")


def _of_node(row: Row, role: str) -> Iterator[Trouble]:
    name = row.hostname
    if row.status != "ready":
        yield Trouble(name, f"{name} is {row.status}")
    elif row.availability != "active":
        yield Trouble(name, f"{name} takes no tasks ({row.availability})")
    elif (role == "manager") != bool(row.manager):
        yield Trouble(name, f"{name} is {'a' if row.manager else 'no'} manager of the Swarm")


def _by_slot(service: Replicas, named: Mapping[str, str]) -> Replicas:
    running: dict[str, int] = {}
    for node, count in service.running.items():
        slot = named.get(node, node)
        running[slot] = running.get(slot, 0) + count
    return Replicas(
        name=service.name,
        everywhere=service.everywhere,
        wanted=service.wanted,
        running=running,
        unplaceable=service.unplaceable,
    )


def look(
    roles: Mapping[str, str], cluster: str, managers: Sequence[Endpoint], sessions: Sessions
) -> Health:
    """One look at the Swarm of these managers; it never fails, what cannot be seen is told."""
    machines = survey(managers, sessions)
    standing = {machine.name for machine in machines if machine.stands(cluster)}
    doors = [endpoint for endpoint in managers if endpoint.name in standing]
    if not doors:
        return judge(roles, cluster, machines, (), ())
    asked = Managers(doors, sessions, patience=PATIENCE)
    try:
        rows = facts.read_rows(asked.run(facts.NODES).stdout)
        return judge(roles, cluster, machines, rows, replicas(asked))
    except FairwayError as error:
        lost = Trouble("", f"{error.where}: {error.what}")
        return Health(leader="", troubles=(*_of_managers(cluster, machines), lost))


def wait_whole(
    see: Callable[[], Health],
    *,
    where: str,
    within: float = WHOLE_WITHIN,
    report: Report = ignore,
) -> Health:
    """Look until the Swarm is whole.

    Raises:
        DeadlineExceeded: It is not after `within` seconds; what is missing is in it.
    """
    last: list[Health] = []

    def whole() -> Health | None:
        last[:] = [see()]
        return last[0] if last[0].ok else None

    return wait_until(
        "the Swarm to be whole",
        whole,
        where=where,
        deadline=within,
        hint="see `docker node ls` and `docker service ls` on a manager",
        every=1.0,
        seen=lambda: str(last[0]),
        report=report,
    )
