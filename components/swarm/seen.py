"""Everything that was seen before a decision: the machine, its planned managers, the Swarm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from components.swarm.facts import Engine, Entry, LocalNetwork, Marker, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What one machine answered; `engine` is None and `problem` says why if it did not."""

    name: str
    engine: Engine | None
    marker: Marker | None = None
    problem: str = ""

    def belongs(self, cluster: str) -> bool:
        """Whether the Swarm that it is or was in is proven to be this cluster's."""
        if self.engine and self.engine.cluster:
            return self.engine.cluster == cluster
        return self.marker is not None and self.marker.cluster == cluster

    def stands(self, cluster: str) -> bool:
        """Whether it is a manager of this cluster's Swarm that can act now."""
        return self.engine is not None and self.engine.stands and self.belongs(cluster)

    def leaderless(self, cluster: str) -> bool:
        return self.engine is not None and self.engine.leaderless and self.belongs(cluster)

    @property
    def joined(self) -> bool:
        return self.engine is not None and self.engine.joined

    @property
    def says(self) -> str:
        """Its condition in a few words, for messages."""
        if self.engine is None:
            return f"{self.name} does not answer"
        if self.engine.leaderless:
            return f"{self.name} says that there is no leader"
        kind = "manager" if self.engine.control else "not a manager"
        return f"{self.name} is {self.engine.state} in its Swarm, {kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SwarmView:
    """The standing Swarm as one of its managers tells it.

    `entries` are those of the slot that was asked about: by the machine's node id, and by the
    slot's name. `doors` are `address:port` of managers that one can join through.
    """

    id: str
    rows: tuple[Row, ...]
    entries: tuple[Entry, ...]
    routed: LocalNetwork | None
    doors: tuple[str, ...]

    def entry(self, node_id: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.id == node_id), None)

    @property
    def managers(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.manager)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The facts of one look. `swarm` is None where no planned manager can act for it."""

    me: Machine
    networks: Mapping[str, LocalNetwork]
    peers: tuple[Machine, ...]  # the other planned managers
    swarm: SwarmView | None

    def standing(self, cluster: str) -> tuple[Machine, ...]:
        """Managers that can act, this machine last."""
        return tuple(m for m in (*self.peers, self.me) if m.stands(cluster))

    def leaderless(self, cluster: str) -> tuple[Machine, ...]:
        return tuple(m for m in (self.me, *self.peers) if m.leaderless(cluster))
