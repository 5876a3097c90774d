"""What was seen of a Swarm, written down in few words, for tests of decisions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from components.host.names import GWBRIDGE, ROUTED_CONFIG
from components.remote.endpoint import Endpoint
from components.swarm.facts import Engine, Entry, LocalNetwork, Marker, Row
from components.swarm.model import KEYS_LABEL, NodePlan
from components.swarm.seen import Machine, Seen, SwarmView
from components.swarm.steps import ROUTED_OPTIONS

ADDRESS = {"a1": "10.0.1.11", "b1": "10.0.2.11", "c1": "10.0.3.11", "a10": "10.0.1.20"}
MANAGERS = ("a1", "b1", "c1")
MARK = Marker("lab", "s1")


def endpoint(name: str) -> Endpoint:
    return Endpoint(name, ADDRESS[name], "ssh-ed25519 AAAA")


def plan(name: str = "b1", **changed: Any) -> NodePlan:
    wanted = NodePlan(
        name=name,
        role="manager" if name in MANAGERS else "worker",
        address=ADDRESS[name],
        labels={"zone": name[0], "pool": "p"},
        containers="10.200.1.0/24",
        endpoint=endpoint(name),
        managers=tuple(endpoint(manager) for manager in MANAGERS),
        overlays="10.201.0.0/16",
        cluster="lab",
        gwbridge="172.30.0.0/24",
    )
    return replace(wanted, **changed)


def engine(name: str, **changed: Any) -> Engine:
    """A manager that stands in s1."""
    return replace(
        Engine(
            version="26.1.5",
            hostname=name,
            state="active",
            node_id=f"id-{name}",
            address=ADDRESS[name],
            control=True,
            error="",
            swarm_id="s1",
            cluster="lab",
        ),
        **changed,
    )


def manager(name: str, *, marker: Marker | None = MARK, **changed: Any) -> Machine:
    return Machine(name=name, engine=engine(name, **changed), marker=marker)


def worker(name: str, *, marker: Marker | None = MARK, **changed: Any) -> Machine:
    said = {"control": False, "swarm_id": "", "cluster": "", **changed}
    return Machine(name=name, engine=engine(name, **said), marker=marker)


def idle(name: str) -> Machine:
    return worker(name, marker=None, state="inactive", node_id="", address="")


def silent(name: str) -> Machine:
    return Machine(name=name, engine=None, problem="no route to host")


def alone(name: str, **changed: Any) -> Machine:
    """A manager whose Swarm has no leader."""
    return manager(name, error="no leader", swarm_id="", cluster="", **changed)


def network(name: str, *subnets: str, **changed: Any) -> LocalNetwork:
    base = LocalNetwork(
        name=name,
        scope="local",
        driver="bridge",
        subnets=subnets,
        config_only=False,
        config_from="",
        options={},
    )
    return replace(base, **changed)


CONFIG = network(ROUTED_CONFIG, "10.200.1.0/24", config_only=True, options=ROUTED_OPTIONS)
BRIDGE = network(GWBRIDGE, "172.30.0.0/24")
NETWORKS = {ROUTED_CONFIG: CONFIG, GWBRIDGE: BRIDGE}
ROUTED = network("routed", scope="swarm", config_from=ROUTED_CONFIG)


def entry(name: str, **changed: Any) -> Entry:
    """A node that is just as planned."""
    base = Entry(
        id=f"id-{name}",
        hostname=name,
        role="manager" if name in MANAGERS else "worker",
        availability="active",
        labels={"zone": name[0], "pool": "p", KEYS_LABEL: "pool,zone"},
        status="ready",
        address=ADDRESS[name],
    )
    return replace(base, **changed)


def row(name: str, **changed: Any) -> Row:
    base = Row(
        id=f"id-{name}",
        hostname=name,
        status="ready",
        availability="active",
        manager="reachable" if name in MANAGERS else "",
    )
    return replace(base, **changed)


def swarm(*entries: Entry, **changed: Any) -> SwarmView:
    base = SwarmView(
        id="s1",
        rows=tuple(row(name) for name in ADDRESS),
        entries=entries,
        routed=ROUTED,
        doors=("10.0.1.11:2377",),
    )
    return replace(base, **changed)


def seen(me: Machine, view: SwarmView | None, *peers: Machine, **changed: Any) -> Seen:
    base = Seen(me=me, networks=NETWORKS, peers=peers, swarm=view)
    return replace(base, **changed)
