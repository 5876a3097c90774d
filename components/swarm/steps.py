"""The steps that bring a node to its plan, as values.

`str()` of a step is a sentence for readers, `phrase` says in a few words what is being done.
"""

from __future__ import annotations

from dataclasses import dataclass

from components.host.names import ROUTED_CONFIG, ROUTED_NETWORK
from components.host.user_data import INTERNET_MTU
from components.swarm.model import NodePlan

ROUTED_OPTIONS = {
    "com.docker.network.bridge.enable_ip_masquerade": "false",
    "com.docker.network.bridge.gateway_mode_ipv4": "nat-unprotected",
}
MTU_OPTION = "com.docker.network.driver.mtu"  # daemon.json's `mtu` is docker0's alone


def routed_options(mtu: int) -> dict[str, str]:
    """The options of the routed network; the usual MTU is Docker's own and is not written."""
    return ROUTED_OPTIONS if mtu == INTERNET_MTU else {**ROUTED_OPTIONS, MTU_OPTION: str(mtu)}


def _planned(subnet: str, mtu: int) -> str:
    return subnet if mtu == INTERNET_MTU else f"{subnet} with MTU {mtu}"


@dataclass(frozen=True, slots=True)
class MakeConfigNetwork:
    """The machine's own container CIDR, for the routed network to take."""

    subnet: str
    mtu: int = INTERNET_MTU

    @property
    def phrase(self) -> str:
        return "making its container network"

    def __str__(self) -> str:
        return f"make the network {ROUTED_CONFIG} with {_planned(self.subnet, self.mtu)}"


@dataclass(frozen=True, slots=True)
class RemakeConfigNetwork:
    """The same where a network of that name is wrong; only works while nothing uses it."""

    subnet: str
    found: str
    mtu: int = INTERNET_MTU

    @property
    def wanted(self) -> str:
        return _planned(self.subnet, self.mtu)

    @property
    def phrase(self) -> str:
        return f"changing its container network to {self.wanted}"

    def __str__(self) -> str:
        return f"make the network {ROUTED_CONFIG} anew: it is {self.found}, not {self.wanted}"


@dataclass(frozen=True, slots=True)
class MakeRoutedNetwork:
    """The one network that services are put on; once for the whole Swarm.

    Swarm's own ingress overlay stays beside it: users' services may publish through it.
    """

    @property
    def phrase(self) -> str:
        return "making the routed network"

    def __str__(self) -> str:
        return f"make the Swarm's network {ROUTED_NETWORK} from {ROUTED_CONFIG}"


@dataclass(frozen=True, slots=True)
class AwaitSwarm:
    """Nothing stands yet and another node is the one that begins."""

    first: str

    @property
    def phrase(self) -> str:
        return f"waiting for {self.first} to begin the Swarm"

    def __str__(self) -> str:
        return f"wait until {self.first} has begun the Swarm"


@dataclass(frozen=True, slots=True)
class Initialise:
    """Begin the Swarm; only where no planned manager can be in one."""

    address: str
    overlays: str
    cluster: str

    @property
    def phrase(self) -> str:
        return "beginning the Swarm"

    def __str__(self) -> str:
        return f"begin the Swarm at {self.address}, with overlay networks from {self.overlays}"


@dataclass(frozen=True, slots=True)
class LeaveByForce:
    """Forget a membership that is of no use any more."""

    why: str

    @property
    def phrase(self) -> str:
        return "leaving what is left of a Swarm"

    def __str__(self) -> str:
        return f"leave by force: {self.why}"


@dataclass(frozen=True, slots=True)
class DropEntry:
    """The entry of a machine that was in this slot before."""

    id: str
    name: str
    manager: bool

    @property
    def phrase(self) -> str:
        return "removing its predecessor's entry"

    def __str__(self) -> str:
        how = "demote and remove" if self.manager else "remove"
        return f"{how} the entry {self.id} of an earlier {self.name}"


@dataclass(frozen=True, slots=True)
class Join:
    """Join through standing managers; the token is read at that moment."""

    role: str
    address: str
    doors: tuple[str, ...]
    swarm: str
    cluster: str

    @property
    def phrase(self) -> str:
        return f"joining as {self.role}"

    def __str__(self) -> str:
        return f"join the Swarm as {self.role} through {' or '.join(self.doors)}"


@dataclass(frozen=True, slots=True)
class MarkBelonging:
    """Keep on the host the proof of whose Swarm it is in."""

    cluster: str
    swarm: str

    @property
    def phrase(self) -> str:
        return "noting its Swarm on the host"

    def __str__(self) -> str:
        return f"note on the host that it is in the Swarm {self.swarm} of {self.cluster}"


@dataclass(frozen=True, slots=True)
class ChangeRole:
    """Promote a worker or demote a manager."""

    id: str
    role: str

    @property
    def phrase(self) -> str:
        return f"becoming a {self.role}"

    def __str__(self) -> str:
        return f"make {self.id} a {self.role}"


@dataclass(frozen=True, slots=True)
class Update:
    """Labels and availability, in one change of the entry."""

    id: str
    add: tuple[tuple[str, str], ...]
    remove: tuple[str, ...]
    activate: bool

    @property
    def phrase(self) -> str:
        return "setting its labels" if self.add or self.remove else "opening it for tasks"

    def __str__(self) -> str:
        parts = [f"set {key}={value}" for key, value in self.add]
        parts += [f"remove {key}" for key in self.remove]
        return ", ".join([*parts, *(["make it active"] if self.activate else [])])


Step = (
    MakeConfigNetwork
    | RemakeConfigNetwork
    | MakeRoutedNetwork
    | AwaitSwarm
    | Initialise
    | LeaveByForce
    | DropEntry
    | Join
    | MarkBelonging
    | ChangeRole
    | Update
)


def join(plan: NodePlan, doors: tuple[str, ...], swarm: str) -> Join:
    return Join(plan.role, plan.address, doors, swarm, plan.cluster)
