"""What one host's kernel shows when a check failed: forwarding, packet rules, routes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from components.verify.packets import Rules
from components.verify.scripts import sections


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A host, looked at. `complaint` is what `fairway-rules check` found missing, in its words."""

    forwarding: bool
    rules: Rules
    routes: tuple[tuple[IPv4Network, str], ...] = ()
    complaint: str = ""
    _default: str = field(default="eth0", repr=False)

    @classmethod
    def parse(cls, text: str) -> Look:
        """Read what scripts.LOOK printed."""
        part = sections(text)
        return cls(
            forwarding=part.get("ip_forward") == "1",
            rules=Rules.parse(part.get("iptables", "")),
            routes=_routes(part.get("routes", "")),
            complaint="; ".join(part.get("rules", "").splitlines()),
        )

    def device(self, address: IPv4Address) -> str:
        """Name the interface that the host's own routes send the address to ("" = none)."""
        fitting = [(net.prefixlen, name) for net, name in self.routes if address in net]
        return max(fitting)[1] if fitting else ""

    @property
    def uplink(self) -> str:
        """Name the interface of the default route, through which the VPC is reached."""
        return next((name for net, name in self.routes if net.prefixlen == 0), self._default)

    def on(self, device: str) -> IPv4Address | None:
        """Give an address that a container on this bridge could have."""
        nets = (net for net, name in self.routes if name == device and net.num_addresses > 3)
        return next((net[2] for net in nets), None)


def _routes(text: str) -> tuple[tuple[IPv4Network, str], ...]:
    try:
        rows = json.loads(text or "[]")
    except json.JSONDecodeError:
        return ()
    return tuple(
        (IPv4Network("0.0.0.0/0" if row["dst"] == "default" else row["dst"]), row["dev"])
        for row in rows
        if "dev" in row
    )
