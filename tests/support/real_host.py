"""One real machine in a lab of its own, booted with our user data and reached over SSH."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network

from components.environment import Network, Zone
from components.host.user_data import user_data
from components.plan.model import Slot
from components.remote.command import Command
from components.remote.endpoint import Endpoint, Session
from components.remote.keys import host_key, new_seed, operator_key
from components.remote.session import connect
from lab.lab import Lab
from lab.model import Machine, RouteTable, Rule, SecurityGroup, Vpc, VSwitch

SUBNET = IPv4Network("10.93.1.0/24")
NETWORK = Network(
    vpc=IPv4Network("10.93.0.0/16"),
    containers=IPv4Network("10.223.0.0/16"),
    host_prefix=24,
    zones=(Zone(name="a", zone="a", subnet=SUBNET, containers=IPv4Network("10.223.0.0/20")),),
    docker0=IPv4Network("192.168.213.0/24"),
    gwbridge=IPv4Network("192.168.214.0/24"),
    overlays=IPv4Network("172.20.0.0/14"),
)


def slot(number: int = 1) -> Slot:
    return Slot(
        name=f"a{number}",
        zone="a",
        pool="managers",
        role="manager",
        number=number,
        address=SUBNET[10 + number],
        containers=list(NETWORK.zones[0].containers.subnets(new_prefix=24))[number],
        image="",
        labels={},
    )


@dataclass
class RealHost:
    lab: Lab
    session: Session
    user_data: str
    news: list[str]

    def sh(self, text: str, *arguments: str, ok: tuple[int, ...] = (0,)) -> str:
        """Run a shell text on the host and give what it printed, without the last newline."""
        return self.session.run(Command.script(text, *arguments), ok=ok).stdout.rstrip("\n")


@contextmanager
def real_host(image: str, *, name: str = "t3host", mtu: int = 1500) -> Iterator[RealHost]:
    """Boot a machine of that release; sweep the lab afterwards, whatever happened."""
    lab, seed, place = Lab.open(name), new_seed(), slot()
    keys, news = host_key(seed, place.name), list[str]()
    operator = operator_key(seed)
    text = user_data(
        place,
        NETWORK,
        environment=name,
        host_key=keys,
        authorized_keys=[operator.public],
        mtu=mtu,
    )
    try:
        _build(lab)
        machine = Machine(
            name=place.name,
            vswitch="a",
            address=place.address,
            image=image,
            groups=("open",),
            user_data=text,
            source_dest_check=False,
        )
        lab.put(machine, news.append)
        endpoint = Endpoint(place.name, str(place.address), keys.public)
        with connect(endpoint, operator.private, deadline=120, report=news.append) as session:
            yield RealHost(lab, session, text, news)
    finally:
        lab.sweep()


def _build(lab: Lab) -> None:
    lab.put(
        Vpc(cidr=NETWORK.vpc, containers=NETWORK.containers, uplink=IPv4Network("10.76.93.0/30"))
    )
    everyone = Rule(direction="in", source=IPv4Network("0.0.0.0/0"))
    lab.put(SecurityGroup(name="open", rules=(everyone,)))
    lab.put(RouteTable(name="a"))
    lab.put(VSwitch(name="a", zone="a", cidr=SUBNET, table="a"))
