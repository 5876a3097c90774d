"""A lab of real machines in two zones with a Swarm on them, made without Pulumi, to be broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

import yaml

from components.environment import Network, Zone
from components.errors import RemoteError
from components.host.names import ROUTED_CONFIG, ROUTED_NETWORK
from components.host.user_data import user_data
from components.plan.model import Slot
from components.remote.command import Command, Secret
from components.remote.endpoint import Endpoint
from components.remote.keys import host_key, new_seed, operator_key
from components.remote.session import Sessions
from components.remote.wait import wait_until
from components.verify import NetworkFacts, Report, Target, verify
from components.verify.lab_view import LabView
from lab.lab import Lab
from lab.model import Machine, Route, RouteTable, Rule, SecurityGroup, Vpc, VSwitch

VPC = IPv4Network("10.95.0.0/16")
CONTAINERS = IPv4Network("10.225.0.0/16")
UPLINK = IPv4Network("10.76.95.0/30")
ZONES = {
    "a": Zone(
        name="a",
        zone="a",
        subnet=IPv4Network("10.95.1.0/24"),
        containers=IPv4Network("10.225.0.0/20"),
    ),
    "b": Zone(
        name="b",
        zone="b",
        subnet=IPv4Network("10.95.2.0/24"),
        containers=IPv4Network("10.225.16.0/20"),
    ),
}
PATIENCE = 600.0  # seconds for whatever one host is to do
TABLES = ("table-a", "table-b")
NETWORK = Network(
    vpc=VPC,
    containers=CONTAINERS,
    host_prefix=24,
    zones=tuple(ZONES.values()),
    docker0=IPv4Network("192.168.95.0/25"),
    gwbridge=IPv4Network("192.168.95.128/25"),
    overlays=IPv4Network("10.245.0.0/16"),
)
INSIDE = Rule(direction="in", source="hosts")
FROM_CONTAINERS = Rule(direction="in", source=CONTAINERS)
FROM_COMPUTER = Rule(direction="in", source=UPLINK)
OPEN = "com.docker.network.bridge.gateway_mode_ipv4=nat-unprotected"
UNMASKED = "com.docker.network.bridge.enable_ip_masquerade=false"


def slot(name: str, image: str) -> Slot:
    zone, number = ZONES[name[0]], int(name[1:])
    return Slot(
        name=name,
        zone=zone.name,
        pool="managers",
        role="manager",
        number=number,
        address=zone.subnet.network_address + 10 + number,
        containers=list(zone.containers.subnets(new_prefix=24))[number],
        image=image,
        labels={},
    )


@dataclass
class Town:
    """A running lab and sessions to its machines. `naive` hosts have no packet rules of ours."""

    lab: Lab
    slots: dict[str, Slot]
    seed: Secret
    sessions: Sessions
    naive: bool

    @property
    def targets(self) -> list[Target]:
        return [
            Target(
                name=name,
                zone=one.zone,
                endpoint=self.endpoint(name),
                containers=one.containers,
                address=one.address,
            )
            for name, one in self.slots.items()
        ]

    def endpoint(self, name: str) -> Endpoint:
        return Endpoint(name, str(self.slots[name].address), host_key(self.seed, name).public)

    def run(self, name: str, script: str) -> str:
        """Run a shell text on a machine and give its output."""
        session = self.sessions.to(self.endpoint(name))
        return session.run(Command.script(script), timeout=PATIENCE).stdout.strip()

    def verify(self) -> Report:
        facts = NetworkFacts(
            environment=self.lab.name,
            vpc=VPC,
            ranges=(CONTAINERS,),
            outside=IPv4Address(UPLINK.network_address + 1),
        )
        return verify(self.targets, facts, self.sessions, LabView(self.lab))

    def group(self, *rules: Rule) -> None:
        self.lab.put(SecurityGroup(name="hosts", rules=rules))

    def machine(self, name: str, *, check: bool = False) -> Machine:
        one = self.slots[name]
        return Machine(
            name=name,
            vswitch=one.zone,
            address=one.address,
            image=one.image,
            groups=("hosts",),
            user_data=self._naive_data(one) if self.naive else self._user_data(one),
            source_dest_check=check,
        )

    def _user_data(self, one: Slot) -> str:
        return user_data(
            one,
            NETWORK,
            environment=self.lab.name,
            host_key=host_key(self.seed, one.name),
            authorized_keys=[operator_key(self.seed).public],
        )

    def _naive_data(self, one: Slot) -> str:
        """What a tutorial would do: keys, an engine setting, and Docker as it comes."""
        key = host_key(self.seed, one.name)
        config = {
            "hostname": one.name,
            "users": [],
            "disable_root": False,
            "ssh_keys": {
                "ed25519_private": key.private.reveal(),
                "ed25519_public": key.public,
            },
            "ssh_authorized_keys": [operator_key(self.seed).public],
            "write_files": [
                {"path": "/etc/docker/daemon.json", "content": '{"bip": "192.168.95.1/25"}'}
            ],
        }
        return f"#cloud-config\n{yaml.safe_dump(config)}"

    def route(self, table: str, to: str, through: str = "") -> Route:
        """The entry for a host's containers, leading to another machine's id if told so."""
        held = self.lab.get(Machine, through or to)
        assert held is not None
        cidr = self.slots[to].containers
        return Route(table=table, destination=cidr, machine_id=held.status.id)

    def build(self) -> None:
        self.lab.put(Vpc(cidr=VPC, containers=CONTAINERS, uplink=UPLINK))
        self.group(INSIDE, FROM_CONTAINERS, FROM_COMPUTER)
        for zone in ZONES.values():
            table = f"table-{zone.name}"
            self.lab.put(RouteTable(name=table))
            self.lab.put(VSwitch(name=zone.name, zone=zone.zone, cidr=zone.subnet, table=table))
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda name: self.lab.put(self.machine(name)), self.slots))
            for table in TABLES:
                for name in self.slots:
                    self.lab.put(self.route(table, name))
            list(pool.map(self._network, self.slots))
        self._swarm()

    def _network(self, name: str) -> None:
        """Wait for Docker, then make the config-only network of this host."""
        options = f"-o {UNMASKED}" if self.naive else f"-o {UNMASKED} -o {OPEN}"
        subnet = self.slots[name].containers
        wait_until(
            "Docker and the end of the first boot",
            lambda: self.run(name, "test -e /run/cloud-init/result.json && docker version") or None,
            where=name,
            deadline=PATIENCE,
            hint="look at its console",
            retry_on=(RemoteError,),
        )
        config = f"--config-only --subnet {subnet} {options} {ROUTED_CONFIG}"
        self.run(name, f"docker network create {config}")

    def _swarm(self) -> None:
        first, *others = self.slots
        address = self.slots[first].address
        pool = f"--default-addr-pool {NETWORK.overlays}"
        self.run(first, f"docker swarm init --advertise-addr {address} {pool}")
        token = self.run(first, "docker swarm join-token -q manager")
        for name in others:
            self._join(name, first, f"--token {token} {address}:2377")
        routed = f"-d bridge --scope swarm --config-from {ROUTED_CONFIG} {ROUTED_NETWORK}"
        create = f"docker network inspect {ROUTED_NETWORK} || docker network create {routed}"
        self._until(first, "the routed network", lambda: self.run(first, create))

    def _join(self, name: str, first: str, words: str) -> None:
        """Join, and wait for it: Docker lets a join that takes long go on in the background."""
        state = "docker info -f '{{.Swarm.LocalNodeState}}' | grep -qxE 'active|pending'"
        standing = "{{.Status.State}} {{.ManagerStatus.Reachability}}"

        def joined() -> bool | None:
            self.run(name, f"{state} || docker swarm join {words}")
            told = self.run(first, f"docker node inspect -f '{standing}' {name}")
            return told == "ready reachable" or None

        self._until(name, "it to be a manager", joined)

    def _until(self, name: str, what: str, probe: Callable[[], object]) -> None:
        wait_until(
            what,
            probe,
            where=name,
            deadline=PATIENCE,
            hint="look at `journalctl -u docker` there",
            retry_on=(RemoteError,),
        )


@contextmanager
def town(name: str, *machines: str, image: str = "trixie", naive: bool = False) -> Iterator[Town]:
    """Build a town, and take everything of it away at the end."""
    seed = new_seed()
    lab = Lab.open(name)
    lab.down()
    slots = {machine: slot(machine, image) for machine in machines}
    with Sessions(operator_key(seed).private) as sessions:
        built = Town(lab=lab, slots=slots, seed=seed, sessions=sessions, naive=naive)
        try:
            built.build()
            yield built
        finally:
            lab.down()
