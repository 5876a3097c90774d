"""One real machine in a lab of its own, booted with our user data and reached over SSH."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from components.host.user_data import user_data
from components.remote.command import Command
from components.remote.endpoint import Endpoint, Session
from components.remote.keys import host_key, new_seed, operator_key
from components.remote.session import Sessions
from lab.lab import Lab
from lab.model import Machine, RouteTable, Rule, SecurityGroup, Vpc, VSwitch
from tests.support.host_plan import NETWORK, SUBNET, slot


@dataclass
class RealHost:
    lab: Lab
    sessions: Sessions
    endpoint: Endpoint
    image: str
    user_data: str = field(repr=False)

    @property
    def session(self) -> Session:
        return self.sessions.to(self.endpoint, deadline=600)

    def sh(self, text: str, *arguments: str, ok: tuple[int, ...] = (0,)) -> str:
        """Run a shell text on the host and give what it printed, without the last newline."""
        command = Command.script(text, *arguments)
        return self.session.run(command, timeout=600, ok=ok).stdout.rstrip("\n")

    def restart(self) -> None:
        """Cut its power and give it back: the disk stays, the kernel's state does not."""
        self.lab.fail_machine(self.endpoint.name)
        self.sessions.drop(self.endpoint)
        self.lab.restore_machine(self.endpoint.name)


@contextmanager
def real_host(image: str, *, name: str = "t3host", mtu: int = 1500) -> Iterator[RealHost]:
    """Boot a machine of that release; sweep the lab afterwards, whatever happened."""
    lab, seed, place = Lab.open(name), new_seed(), slot()
    keys, operator = host_key(seed, place.name), operator_key(seed)
    text = user_data(
        place,
        NETWORK,
        environment=name,
        host_key=keys,
        authorized_keys=[operator.public],
        mtu=mtu,
    )
    machine = Machine(
        name=place.name,
        vswitch="a",
        address=place.address,
        image=image,
        groups=("open",),
        user_data=text,
        source_dest_check=False,
    )
    endpoint = Endpoint(place.name, str(place.address), keys.public)
    try:
        _build(lab)
        lab.put(machine)
        with Sessions(operator.private) as sessions:
            yield RealHost(lab, sessions, endpoint, image, text)
    finally:
        lab.sweep()


def _build(lab: Lab) -> None:
    lab.put(
        Vpc(cidr=NETWORK.vpc, containers=NETWORK.ranges[0], uplink=IPv4Network("10.76.93.0/30"))
    )
    everyone = Rule(direction="in", source=IPv4Network("0.0.0.0/0"))
    lab.put(SecurityGroup(name="open", rules=(everyone,)))
    lab.put(RouteTable(name="a"))
    lab.put(VSwitch(name="a", zone="a", cidr=SUBNET, table="a"))
