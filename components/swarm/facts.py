"""What Docker says of a node, a Swarm and its networks: the commands, and their answers read.

Every command asks for JSON, one value a line. Real answers of Docker 20.10, 26 and 28 are
recorded under tests/data/swarm.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.errors import SwarmError
from components.remote.command import Command
from components.swarm.model import CLUSTER_LABEL, MARKER_FILE

INFO = Command.of(
    "docker",
    "info",
    "--format",
    '{"engine":{{json .ServerVersion}},"hostname":{{json .Name}},"swarm":{{json .Swarm}}}',
)
MARKER = Command.of("cat", MARKER_FILE)
ALIVE = ("Assigned", "Accepted", "Preparing", "Ready", "Starting", "Running")
NODES = Command.of("docker", "node", "ls", "--format", "{{json .}}")


def inspect_node(node_id: str) -> Command:
    return Command.of("docker", "node", "inspect", "--format", "{{json .}}", node_id)


def inspect_networks(*names: str) -> Command:
    """Exits 1 when one of the names is missing, and still prints the others."""
    return Command.of("docker", "network", "inspect", "--format", "{{json .}}", *names)


def node_tasks(node_id: str) -> Command:
    return Command.of("docker", "node", "ps", "--format", "{{json .}}", node_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A machine's own view of its membership. A node that was removed still says "active"."""

    version: str
    hostname: str
    state: str  # inactive | pending | active | error | locked
    node_id: str
    address: str
    control: bool
    error: str
    swarm_id: str  # empty on workers and while no leader is known
    cluster: str  # the Swarm's own label of ours

    @property
    def joined(self) -> bool:
        return self.state != "inactive"

    @property
    def locked(self) -> bool:
        """Whether it is a manager that waits for the unlock key after a restart."""
        return self.state == "locked"

    @property
    def stands(self) -> bool:
        """Whether it is a manager that can act for its Swarm at this moment."""
        return self.control and not self.error and bool(self.swarm_id)

    @property
    def leaderless(self) -> bool:
        """Whether it is a manager whose Swarm has no leader: an election, or a quorum lost."""
        return self.joined and self.control and bool(self.error)


@dataclass(frozen=True, slots=True)
class Marker:
    """Which cluster's Swarm a machine was told to be in; `swarm` is empty while it is begun."""

    cluster: str
    swarm: str

    def text(self) -> str:
        return json.dumps({"cluster": self.cluster, "swarm": self.swarm}) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the managers' list of nodes, which still has the dead ones."""

    id: str
    hostname: str
    status: str  # ready | down | unknown | disconnected
    availability: str
    manager: str  # leader | reachable | unreachable | "" for workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One node as the managers keep it."""

    id: str
    hostname: str
    role: str
    availability: str
    labels: Mapping[str, str]
    status: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalNetwork:
    """A Docker network as one machine sees it."""

    name: str
    scope: str
    driver: str
    subnets: tuple[str, ...]
    config_only: bool
    config_from: str
    options: Mapping[str, str]


def read_engine(text: str) -> Engine:
    answer = _object(text, "docker info")
    swarm = answer.get("swarm") or {}
    cluster = swarm.get("Cluster") or {}
    labels = (cluster.get("Spec") or {}).get("Labels") or {}
    return Engine(
        version=answer.get("engine") or "",
        hostname=answer.get("hostname") or "",
        state=swarm.get("LocalNodeState") or "inactive",
        node_id=swarm.get("NodeID") or "",
        address=swarm.get("NodeAddr") or "",
        control=bool(swarm.get("ControlAvailable")),
        error=swarm.get("Error") or "",
        swarm_id=cluster.get("ID") or "",
        cluster=labels.get(CLUSTER_LABEL) or "",
    )


def read_marker(text: str) -> Marker | None:
    """The marker, or None for a file that is missing or is not one."""
    try:
        content = json.loads(text)
        return Marker(str(content["cluster"]), str(content["swarm"]))
    except (ValueError, KeyError, TypeError):
        return None


def read_rows(text: str) -> tuple[Row, ...]:
    return tuple(
        Row(
            id=line["ID"],
            hostname=line["Hostname"],
            status=line["Status"].lower(),
            availability=line["Availability"].lower(),
            manager=line["ManagerStatus"].lower(),
        )
        for line in _objects(text, "docker node ls")
    )


def read_entries(text: str) -> tuple[Entry, ...]:
    return tuple(_entry(line) for line in _objects(text, "docker node inspect"))


def _entry(line: dict[str, Any]) -> Entry:
    spec, status = line["Spec"], line["Status"]
    return Entry(
        id=line["ID"],
        hostname=(line.get("Description") or {}).get("Hostname") or "",
        role=spec["Role"],
        availability=spec["Availability"],
        labels=dict(spec.get("Labels") or {}),
        status=status["State"],
        address=status.get("Addr") or "",
    )


def read_live_tasks(text: str) -> tuple[str, ...]:
    """The names of the tasks that still run or are about to; a stopping one runs."""
    tasks = _objects(text, "docker node ps")
    return tuple(task["Name"] for task in tasks if task["CurrentState"].split()[0] in ALIVE)


def read_networks(text: str) -> dict[str, LocalNetwork]:
    found = (_network(line) for line in _objects(text, "docker network inspect"))
    return {network.name: network for network in found}


def _network(line: dict[str, Any]) -> LocalNetwork:
    ranges = (line.get("IPAM") or {}).get("Config") or []
    return LocalNetwork(
        name=line["Name"],
        scope=line["Scope"],
        driver=line["Driver"],
        subnets=tuple(entry["Subnet"] for entry in ranges if entry.get("Subnet")),
        config_only=bool(line.get("ConfigOnly")),
        config_from=(line.get("ConfigFrom") or {}).get("Network") or "",
        options=dict(line.get("Options") or {}),
    )


def _objects(text: str, what: str) -> list[dict[str, Any]]:
    return [_object(line, what) for line in text.splitlines() if line.strip()]


def _object(text: str, what: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise SwarmError(
            where=what,
            what="the answer cannot be read",
            found=text.strip()[:200] or "nothing",
            wanted="a JSON object",
            hint="run it on the host and see what it says; `systemctl status docker` tells more",
        )
    return value
