"""A way between two ends, and everything that was seen after something failed on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Literal

from components.verify.checks import Probe
from components.verify.look import Look
from components.verify.model import Fault, NetworkFacts, NetworkView, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Everything that was looked at, by host name. `view` is None where no cloud can be asked."""

    network: NetworkFacts
    targets: Mapping[str, Target]
    probes: Mapping[str, Probe]
    looks: Mapping[str, Look]
    view: NetworkView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One end of a leg: a host and the address there. `inner` = a container, not the host."""

    host: Target
    address: IPv4Address
    inner: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One direction of a check, as its packets look on the wire between the hosts."""

    source: End
    target: End
    protocol: Literal["tcp", "icmp"]
    port: int
    reply: bool = False

    @property
    def local(self) -> bool:
        return self.source.host.name == self.target.host.name

    def back(self) -> Leg:
        """Give the way that the answer takes."""
        return Leg(
            source=self.target,
            target=self.source,
            protocol=self.protocol,
            port=self.port,
            reply=True,
        )


Hop = Callable[[Leg, Sight], Fault | None]
