"""Machines and Swarms that exist in memory only; `fake_swarm` lets one talk to them."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from components.errors import HostUnreachable
from components.host.names import GWBRIDGE
from components.remote.command import Secret
from components.remote.endpoint import Endpoint, Session
from components.remote.session import Sessions
from components.swarm.model import MARKER_FILE, NodePlan

GWBRIDGE_RANGE = "172.30.0.0/24"


def network(name: str, subnet: str = "", **more: Any) -> dict[str, Any]:
    ranges = [{"Subnet": subnet}] if subnet else []
    base = {"Name": name, "Scope": "local", "Driver": "bridge", "IPAM": {"Config": ranges}}
    return {**base, **more}


@dataclass
class Node:
    """An entry of a Swarm's list."""

    id: str
    hostname: str
    address: str
    role: str
    status: str = "ready"
    availability: str = "active"
    labels: dict[str, str] = field(default_factory=dict)


@dataclass
class Service:
    """A service with a task on each of `nodes`; a task that lost its node comes up on a free one.

    Its replicas are at most one a node.
    """

    name: str
    nodes: list[str]
    mode: str = "Replicated"
    wanted: int = 0
    slow: int = 1  # looks until a task is up again
    active: set[str] = field(default_factory=set)  # nodes that took tasks at the last look

    def look(self, active: set[str]) -> None:
        """Move one task off a node that takes none any more, where another has room."""
        lost = [node for node in self.nodes if node not in active]
        free = sorted(active - set(self.nodes))
        if lost and free and self.mode == "Replicated":
            self.slow -= 1
            if self.slow <= 0:
                self.nodes[self.nodes.index(lost[0])] = free[0]
        self.active = active

    def told(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        mode = {self.mode: {"Replicas": self.wanted} if self.mode == "Replicated" else {}}
        stuck = not self.active - set(self.nodes)
        waits = {"State": "pending", "Err": "no suitable node (1 node not available)" * stuck}
        tasks = [
            {
                "ServiceID": self.name,
                "NodeID": node if node in self.active else "",
                "Status": {"State": "running"} if node in self.active else waits,
            }
            for node in self.nodes
        ]
        return {"ID": self.name, "Spec": {"Name": self.name, "Mode": mode}}, tasks


@dataclass
class Swarm:
    id: str
    cluster: str
    nodes: dict[str, Node] = field(default_factory=dict)
    routed: dict[str, Any] | None = None
    tasks: dict[str, int] = field(default_factory=dict)  # node id -> looks until its tasks stop
    services: list[Service] = field(default_factory=list)


@dataclass
class Host:
    """A machine; `swarm` and `node_id` are what its own engine believes."""

    name: str
    address: str
    up: bool = True
    misses: int = 0  # commands that it does not answer although it is up
    swarm: str = ""
    node_id: str = ""
    state: str = "inactive"
    slow_leaves: int = 0  # times that leaving is answered with a deadline
    files: dict[str, bytes] = field(default_factory=dict)
    networks: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {GWBRIDGE: network(GWBRIDGE, GWBRIDGE_RANGE)}
    )
    ran: list[str] = field(default_factory=list)

    def mark(self, cluster: str, swarm: str) -> None:
        text = json.dumps({"cluster": cluster, "swarm": swarm})
        self.files[MARKER_FILE] = text.encode()

    def forget(self) -> None:
        self.swarm, self.node_id, self.state = "", "", "inactive"


class World:
    """Hosts and Swarms; `changes` are the commands that changed something, by host."""

    def __init__(
        self, hosts: Mapping[str, str], session: Callable[[Endpoint, World], Session]
    ) -> None:
        self._session = session
        self.hosts = {name: Host(name, address) for name, address in hosts.items()}
        self.swarms: dict[str, Swarm] = {}
        self.changes: list[tuple[str, str]] = []
        self.reports: list[str] = []
        self.sessions = Sessions(Secret("key"), opener=self._open)
        self._numbers = itertools.count(1)
        self.lock = threading.Lock()  # each command sees a whole world

    def _open(self, endpoint: Endpoint, key: object, **_: Any) -> Session:
        if not self.hosts[endpoint.name].up:
            raise HostUnreachable(where=endpoint.name, what="does not answer", hint="start it")
        return self._session(endpoint, self)

    def plan(self, name: str, managers: tuple[str, ...] = ("a1", "b1", "c1")) -> NodePlan:
        number = list(self.hosts).index(name) + 1
        return NodePlan(
            name=name,
            role="manager" if name in managers else "worker",
            address=self.hosts[name].address,
            labels={"zone": name[0], "pool": "p"},
            containers=f"10.200.{number}.0/24",
            endpoint=self.endpoint(name),
            managers=tuple(self.endpoint(manager) for manager in managers),
            overlays="10.201.0.0/16",
            cluster="lab",
            gwbridge=GWBRIDGE_RANGE,
        )

    def endpoint(self, name: str) -> Endpoint:
        return Endpoint(name, self.hosts[name].address, "ssh-ed25519 AAAA")

    def begin(self, name: str, cluster: str = "lab") -> Swarm:
        swarm = Swarm(f"swarm{next(self._numbers)}", cluster)
        self.swarms[swarm.id] = swarm
        self.enter(name, swarm, "manager")
        return swarm

    def enter(self, name: str, swarm: Swarm, role: str) -> Node:
        host = self.hosts[name]
        node = Node(f"node{next(self._numbers)}", name, host.address, role)
        swarm.nodes[node.id] = node
        host.swarm, host.node_id, host.state = swarm.id, node.id, "active"
        return node

    def fresh(self, name: str) -> Host:
        """A new machine takes the slot; nobody has noticed yet."""
        self.hosts[name] = Host(name, self.hosts[name].address)
        self.sessions.drop(self.endpoint(name))
        return self.hosts[name]

    def roles(self, swarm: Swarm) -> dict[str, str]:
        return {node.hostname: node.role for node in swarm.nodes.values()}

    def leads(self, swarm: Swarm) -> bool:
        managers = [node for node in swarm.nodes.values() if node.role == "manager"]
        alive = [n for n in managers if any(h.up and h.node_id == n.id for h in self._all)]
        return 2 * len(alive) > len(managers)

    @property
    def _all(self) -> list[Host]:
        return list(self.hosts.values())
