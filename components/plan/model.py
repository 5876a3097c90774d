"""What the plan is made of: frozen values that every later stage reads and none changes."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from components.config.model import Network, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A host's permanent place. A machine fills it; the next machine there is the same to all."""

    name: str  # zone name + number: "a1"
    zone: str
    pool: str
    role: Role
    number: int
    address: IPv4Address
    containers: IPv4Network
    image: str
    labels: dict[str, str]  # Swarm node labels; "zone" and "pool" are always there
    type: str = ""  # the cloud's instance type; "" on the lab
    disk: int = 0  # GiB; 0 on the lab
    spot: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One entry that every route table carries: this CIDR is behind that slot's machine."""

    destination: IPv4Network
    slot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything an environment needs before anything exists. Slots are in a stable order."""

    environment: str
    network: Network
    slots: tuple[Slot, ...]
    routes: tuple[Route, ...]

    @property
    def managers(self) -> tuple[Slot, ...]:
        return tuple(slot for slot in self.slots if slot.role == "manager")

    @property
    def workers(self) -> tuple[Slot, ...]:
        return tuple(slot for slot in self.slots if slot.role == "worker")

    def slot(self, name: str) -> Slot:
        """The slot with this name; KeyError when there is none."""
        for slot in self.slots:
            if slot.name == name:
                return slot
        raise KeyError(name)
