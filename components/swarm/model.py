"""What is asked of a node, and what is known of it afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from components.host.names import CONFIG_DIRECTORY
from components.host.user_data import INTERNET_MTU
from components.remote.endpoint import Endpoint

MARKER_FILE = str(PurePosixPath(CONFIG_DIRECTORY) / "swarm.json")
CLUSTER_LABEL = "fairway.cluster"  # of the Swarm itself: whose it is
KEYS_LABEL = "fairway.labels"  # of a node: which of its label keys are ours, with commas between
SWARM_PORT = 2377


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlan:
    """What one machine should be in its Swarm.

    `managers` are the endpoints of all planned managers in slot order, the node's own among
    them if it is one; the first of them may begin the Swarm. `containers`, `overlays` and
    `gwbridge` are CIDRs; an empty `gwbridge` means that any range of it will do. `mtu` is the
    largest packet between two hosts, in bytes.
    """

    name: str
    role: str  # "manager" | "worker"
    address: str
    labels: Mapping[str, str]
    containers: str
    endpoint: Endpoint
    managers: tuple[Endpoint, ...]
    overlays: str
    cluster: str
    gwbridge: str = ""
    mtu: int = INTERNET_MTU

    @property
    def first(self) -> Endpoint:
        return self.managers[0]

    @property
    def begins(self) -> bool:
        """Whether it is this node that begins the Swarm where none stands."""
        return self.first.name == self.name

    @property
    def others(self) -> tuple[Endpoint, ...]:
        return tuple(manager for manager in self.managers if manager.name != self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeState:
    """What a node is. `drift` holds a sentence for each thing that is not as planned.

    `labels` are only the keys that are ours. `containers` is the CIDR that its containers get,
    `engine` the Docker version; both are empty if the machine did not answer.
    """

    node_id: str
    swarm_id: str
    role: str
    availability: str
    address: str
    labels: Mapping[str, str]
    containers: str
    engine: str
    drift: tuple[str, ...] = ()
