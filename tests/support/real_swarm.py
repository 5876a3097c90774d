"""Four lab machines over three zones, of three Docker generations, that are to be one Swarm."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from components.environment import Network, Role, Zone
from components.host.ready import wait_ready
from components.host.user_data import user_data
from components.plan.model import Slot
from components.remote.command import Command, Secret
from components.remote.endpoint import Endpoint, Session
from components.remote.keys import host_key, new_seed, operator_key
from components.remote.session import Sessions
from components.remote.wait import wait_until
from components.swarm import facts
from components.swarm.managers import Managers
from components.swarm.node import NodePlan, NodeState, bring_up, observe, take_down
from lab import machine, names
from lab.lab import Lab
from lab.model import Machine, RouteTable, Rule, SecurityGroup, Vpc, VSwitch

ZONES = tuple(
    Zone(
        name=name,
        zone=name,
        subnet=IPv4Network(f"10.94.{number}.0/24"),
        containers=IPv4Network(f"10.224.{16 * (number - 1)}.0/20"),
    )
    for number, name in enumerate("abc", start=1)
)
NETWORK = Network(
    vpc=IPv4Network("10.94.0.0/16"),
    containers=IPv4Network("10.224.0.0/16"),
    host_prefix=24,
    zones=ZONES,
    docker0=IPv4Network("192.168.213.0/24"),
    gwbridge=IPv4Network("192.168.214.0/24"),
    overlays=IPv4Network("172.20.0.0/14"),
)
IMAGES = {"a1": "trixie", "b1": "bookworm", "c1": "sid", "a10": "trixie"}
MANAGERS = ("a1", "b1", "c1")


def slot(name: str) -> Slot:
    zone, number = next(z for z in ZONES if z.name == name[0]), int(name[1:])
    role: Role = "manager" if name in MANAGERS else "worker"
    return Slot(
        name=name,
        zone=zone.name,
        pool=f"{role}s",
        role=role,
        number=number,
        address=zone.subnet[10 + number],
        containers=list(zone.containers.subnets(new_prefix=24))[number],
        image=IMAGES[name],
        labels={"zone": zone.name, "pool": f"{role}s"},
    )


@dataclass
class RealSwarm:
    lab: Lab
    sessions: Sessions
    seed: Secret = field(repr=False)
    reports: list[str] = field(default_factory=list)

    def endpoint(self, name: str) -> Endpoint:
        return Endpoint(name, str(slot(name).address), host_key(self.seed, name).public)

    def session(self, name: str) -> Session:
        return self.sessions.to(self.endpoint(name), deadline=600)

    def docker(self, name: str, *words: str) -> str:
        return self.managers(name).run(Command.of("docker", *words)).stdout.strip()

    def managers(self, *names: str) -> Managers:
        """These as one; what passes by, as an election does, is waited for."""
        return Managers([self.endpoint(name) for name in names], self.sessions)

    def plan(self, name: str) -> NodePlan:
        place = slot(name)
        return NodePlan(
            name=name,
            role=place.role,
            address=str(place.address),
            labels=place.labels,
            containers=str(place.containers),
            endpoint=self.endpoint(name),
            managers=tuple(self.endpoint(manager) for manager in MANAGERS),
            overlays=str(NETWORK.overlays),
            cluster="t4swarm",
            gwbridge=str(NETWORK.gwbridge),
        )

    def up(self, name: str) -> NodeState:
        return bring_up(self.plan(name), self.sessions, self.reports.append)

    def whole(self) -> dict[str, NodeState]:
        """All nodes as planned, brought up at the same time."""
        with ThreadPoolExecutor(len(IMAGES)) as pool:
            return dict(zip(IMAGES, pool.map(self.up, IMAGES), strict=True))

    def observe(self, name: str, node_id: str = "") -> NodeState | None:
        return observe(self.plan(name), self.sessions, node_id)

    def down(self, name: str, node_id: str) -> None:
        take_down(self.plan(name), node_id, self.sessions, self.reports.append)

    def rows(self, asked: str) -> dict[str, facts.Row]:
        """The list of nodes as `asked` tells it, by id."""
        text = self.managers(asked).run(facts.NODES).stdout
        return {row.id: row for row in facts.read_rows(text)}

    def leader(self) -> str:
        def leads() -> str | None:
            rows = self.rows("a1").values()
            return next((row.hostname for row in rows if row.manager == "leader"), None)

        return wait_until("a leader", leads, where=self.lab.name, deadline=300, hint="see a1")

    def boot(self, name: str) -> None:
        place = slot(name)
        text = user_data(
            place,
            NETWORK,
            environment="t4swarm",
            host_key=host_key(self.seed, name),
            authorized_keys=[operator_key(self.seed).public],
        )
        wanted = Machine(
            name=name,
            vswitch=place.zone,
            address=place.address,
            image=place.image,
            groups=("open",),
            user_data=text,
            source_dest_check=False,
        )
        self.lab.put(wanted)
        wait_ready(self.session(name))

    def destroy(self, name: str) -> None:
        self.lab.delete(Machine, name)
        self.sessions.drop(self.endpoint(name))

    def cut(self, name: str) -> None:
        self.lab.fail_machine(name)
        self.sessions.drop(self.endpoint(name))

    @contextmanager
    def isolated(self, name: str) -> Iterator[None]:
        """The machine runs on, and no packet passes between it and anything else."""
        port, router = names.port(name), ("ip", "netns", "exec", names.router(self.lab.name))
        drops = "".join(f"{way} {port} drop; " for way in ("iifname", "oifname"))
        chain = f"chain passing {{ type filter hook forward priority -300; {drops}}}"
        subprocess.run([*router, "nft", f"table inet isolated {{ {chain}; }}"], check=True)
        try:
            yield
        finally:
            subprocess.run([*router, "nft", "delete table inet isolated"], check=True)
            self.sessions.drop(self.endpoint(name))

    def inside(self, name: str, script: str) -> subprocess.CompletedProcess[str]:
        """Run a shell text in the machine without a network between."""
        words = machine.shell_command(self.lab.name, name, "sh", "-c", script)
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=600)

    def restore(self, name: str) -> None:
        self.lab.restore_machine(name)
        wait_ready(self.session(name))


@contextmanager
def real_swarm() -> Iterator[RealSwarm]:
    """Machines that are ready for a Swarm and in none; all is swept afterwards."""
    lab, seed = Lab.open("t4swarm"), new_seed()
    try:
        _build(lab)
        with Sessions(operator_key(seed).private) as sessions:
            swarm = RealSwarm(lab, sessions, seed)
            with ThreadPoolExecutor(len(IMAGES)) as pool:
                list(pool.map(swarm.boot, IMAGES))
            yield swarm
    finally:
        lab.sweep()


def _build(lab: Lab) -> None:
    uplink = IPv4Network("10.76.94.0/30")
    lab.put(Vpc(cidr=NETWORK.vpc, containers=NETWORK.ranges[0], uplink=uplink))
    everyone = Rule(direction="in", source=IPv4Network("0.0.0.0/0"))
    lab.put(SecurityGroup(name="open", rules=(everyone,)))
    lab.put(RouteTable(name="all"))
    for zone in ZONES:
        lab.put(VSwitch(name=zone.name, zone=zone.name, cidr=zone.subnet, table="all"))
