"""What each host says about itself before any probe runs, and why one cannot take part."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

from components.errors import FairwayError
from components.verify.model import Fault, NetworkView, Target
from components.verify.scripts import sections


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """A host before the probe. `down` says why nothing could be asked ("" = it answered)."""

    name: str
    down: str = ""
    machine: str = ""
    busybox: str = ""  # SHA-256 in hex
    images: frozenset[str] = frozenset()
    swarm: str = ""  # the engine's word: "active", "inactive", "pending", ..., or its trouble
    manager: bool = False
    subnet: str = ""  # of the host's own routed-config network

    @classmethod
    def parse(cls, name: str, text: str) -> Gathered:
        """Read what scripts.GATHER printed."""
        part = sections(text)
        said = part.get("docker", "")
        docker = _object(said)
        swarm, _, role = str(docker.get("swarm", said)).partition("/")
        return cls(
            name=name,
            machine=part.get("machine", ""),
            busybox=next(iter(part.get("busybox", "").split()), ""),
            images=frozenset(docker.get("images", ())),
            swarm=swarm,
            manager=role == "manager",
            subnet=docker.get("subnet", ""),
        )


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def unfit(target: Target, seen: Gathered, view: NetworkView | None) -> Fault | None:
    """Say why no probe can run on this host at all, if that is seen already."""
    if seen.down:
        return Fault(
            cause="host-down",
            where=target.name,
            what="this host does not answer",
            evidence=_state(target, view) + seen.down,
            hint="look at the machine's console, then run `pulumi up` to bring it back",
        )
    if seen.swarm != "active":
        return Fault(
            cause="not-in-swarm",
            where=target.name,
            what="this host is in no Swarm",
            evidence=seen.swarm.splitlines()[-1] if seen.swarm else "Docker does not answer",
            hint="run `pulumi up`, which lets it join",
        )
    return _wrong_subnet(target, seen)


def _state(target: Target, view: NetworkView | None) -> str:
    if view is None:
        return ""
    try:
        return f"its machine is {view.machine(target.name)}; "
    except FairwayError as error:
        return f"its machine could not be looked at ({error}); "


def _wrong_subnet(target: Target, seen: Gathered) -> Fault | None:
    try:
        right = IPv4Network(seen.subnet) == target.containers
    except ValueError:
        right = False
    if right:
        return None
    return Fault(
        cause="wrong-subnet",
        where=target.name,
        what=f"its container network is not the planned {target.containers}",
        evidence=f"routed-config: {seen.subnet.splitlines()[-1] if seen.subnet else 'missing'}",
        hint="remove the network routed-config there, then run `pulumi up`, which makes it anew",
    )


def idle(target: Target, tasks: Sequence[Mapping[str, str]], nodes: Mapping[str, str]) -> Fault:
    """Say why the Swarm runs no probe on a host that can: the task's own error, or the node's."""
    mine = next((task for task in tasks if task.get("Node") == target.name), None)
    node = nodes.get(target.name, "not a node of this Swarm")
    paused = node.endswith(("Drain", "Pause"))
    said = f"{mine.get('CurrentState', '')} {mine.get('Error', '')}".strip() if mine else "no task"
    return Fault(
        cause="task-not-running",
        where=target.name,
        what="the Swarm runs no probe on this host",
        evidence=f"task: {said}; node: {node}",
        hint=f"run `docker node update --availability active {target.name}` on a manager"
        if paused
        else f"look at `docker node ls` on a manager and `journalctl -u docker` on {target.name}",
    )
