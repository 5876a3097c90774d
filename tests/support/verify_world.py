"""A small network for verify's tests: two zones, three hosts, and their packet rules."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Network

from components.plan.slots import prefixes
from components.remote.endpoint import Endpoint
from components.verify.checks import Probe
from components.verify.look import Look
from components.verify.model import OWN_GROUP, Entry, Flow, Held, NetworkFacts, Target
from components.verify.way import Sight

OUTSIDE = IPv4Address("10.76.95.1")
FACTS = NetworkFacts(
    environment="t5",
    vpc=IPv4Network("10.95.0.0/16"),
    ranges=(IPv4Network("10.225.0.0/16"),),
    outside=OUTSIDE,
)

# What Docker 26 makes on a host: its routed bridge, docker0, docker_gwbridge.
DOCKER = """\
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o br-routed -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o br-routed -j DOCKER
-A FORWARD -i br-routed ! -o br-routed -j ACCEPT
-A FORWARD -i br-routed -o br-routed -j ACCEPT
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker_gwbridge -o docker_gwbridge -j DROP
-A DOCKER -d {container}/32 ! -i br-routed -o br-routed -p tcp -m tcp --dport 8080 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i br-routed ! -o br-routed -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o br-routed -j DROP
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
"""
OURS = """\
-A DOCKER-USER -s 10.95.0.0/16 -d 10.225.0.0/16 -j ACCEPT
-A DOCKER-USER -s 10.225.0.0/16 -d 10.225.0.0/16 -j ACCEPT
"""
RAW = """\
*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
{more}-A PREROUTING -s 10.225.0.0/16 -d 10.225.0.0/16 -j NOTRACK
-A OUTPUT -s 10.225.0.0/16 -d 10.225.0.0/16 -j NOTRACK
COMMIT
"""
MASQUERADE = "-A POSTROUTING -s {range} ! -d 10.225.0.0/16 -j MASQUERADE\n"
RETURN = "-A DOCKER-USER -j RETURN\n"


def kernel(
    host: Target,
    *,
    policy: str = "DROP",
    ours: str = OURS,
    raw: str = "",
    masquerade: str = MASQUERADE,
) -> Look:
    """A host's look; by default a healthy one whose FORWARD policy is DROP."""
    container = host.containers[2]
    chains = ("DOCKER", "DOCKER-USER", "DOCKER-ISOLATION-STAGE-1", "DOCKER-ISOLATION-STAGE-2")
    names = "".join(f":{chain} - [0:0]\n" for chain in chains)
    rules = DOCKER.format(container=container) + ours + RETURN
    text = (
        f"*filter\n:INPUT ACCEPT [0:0]\n:FORWARD {policy} [0:0]\n:OUTPUT ACCEPT [0:0]\n"
        f"{names}{rules}COMMIT\n"
        f"{RAW.format(more=raw)}"
        "*nat\n:POSTROUTING ACCEPT [0:0]\n"
        f"{masquerade.format(range=host.containers)}"
        "-A POSTROUTING -s 172.30.0.0/24 ! -o docker0 -j MASQUERADE\nCOMMIT\n"
    )
    return Look.parse(f"== ip_forward\n1\n== iptables\n{text}== routes\n{routes(host)}\n== rules\n")


def routes(host: Target) -> str:
    rows = [("default", "eth0"), (host.containers, "br-routed"), ("172.30.0.0/24", "docker0")]
    return "[" + ",".join(f'{{"dst":"{dst}","dev":"{dev}"}}' for dst, dev in rows) + "]"


def target(name: str, number: int) -> Target:
    address = f"10.95.{number}.11"
    return Target(
        name=name,
        zone=name[0],
        endpoint=Endpoint(name, address, "ssh-ed25519 AAAA"),
        containers=IPv4Network(f"10.225.{number}.0/24"),
        address=IPv4Address(address),
    )


HOSTS = (target("a1", 1), target("a2", 2), target("b1", 3))
TARGETS = {host.name: host for host in HOSTS}
PROBES = {
    host.name: Probe(process=number, address=host.containers[2], published=32768)
    for number, host in enumerate(HOSTS, start=77)
}


@dataclass
class FakeView:
    """A cloud in which all is well, until a test changes an attribute."""

    entries: dict[tuple[str, str], Entry | None] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    checked: set[str] = field(default_factory=set)
    refusals: dict[tuple[str, str], str] = field(default_factory=dict)
    delivered: dict[str, tuple[IPv4Network, ...]] = field(default_factory=dict)
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def machine(self, slot: str) -> str:
        return self.states.get(slot, "running")

    def table(self, zone: str) -> str:
        return f"table-{zone}"

    def entry(self, zone: str, address: IPv4Address) -> Entry | None:
        self.asked.append(("entry", zone, str(address)))
        host = next(host for host in HOSTS if address in host.containers)
        return self.entries.get((zone, host.name), good_entry(host))

    def source_dest_check(self, slot: str) -> bool:
        return slot in self.checked

    def prefixes(self, slot: str) -> tuple[IPv4Network, ...]:
        return self.delivered.get(slot, prefixes(TARGETS[slot].containers))

    def refusal(self, slot: str, flow: Flow) -> str:
        return self.refusals.get((slot, flow.direction), "") if FACTS.is_inner(flow.peer) else ""

    def held(self) -> Held:
        entries = tuple(good_entry(host) for host in HOSTS)
        return Held(
            tables={"a": "table-a", "b": "table-b"},
            serving={"a": "table-a", "b": "table-b"},
            entries={"table-a": entries, "table-b": entries},
            machines={host.name: "running" for host in HOSTS},
            checked=frozenset(),
            groups={host.name: (OWN_GROUP,) for host in HOSTS},
            rules=frozenset(),
        )


def good_entry(host: Target) -> Entry:
    text = f"{host.containers} -> {host.name} (active)"
    return Entry(destination=host.containers, next_hop=host.name, active=True, text=text)


def sight(view: FakeView | None = None, **looks: Look) -> Sight:
    """Everything healthy, but for the looks given by host name."""
    return Sight(
        network=FACTS,
        targets=TARGETS,
        probes=PROBES,
        looks={host.name: kernel(host) for host in HOSTS} | looks,
        view=view,
    )


def rerouted(host: Target, **changes: object) -> Entry:
    return replace(good_entry(host), **changes)  # type: ignore[arg-type]
