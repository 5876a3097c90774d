"""The stack's outputs: plain values for people and programs, the way in, and one secret."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from pulumi import Input, Output

from components import outputs, resources
from components.clouds.base import Host
from components.plan.model import Plan, Slot
from components.remote.command import Secret
from components.remote.keys import host_keys, operator_key, seeds

# Where `make` puts the SSH files of an environment; the exported configuration names them.
ACCESS: Final = Path(".fairway")


def exports(
    plan: Plan,
    hosts: Mapping[str, Host],
    nodes: Mapping[str, resources.Node],
    report: resources.Report,
    seed: Output[str],
    way: Mapping[str, Input[str]],
) -> dict[str, Any]:
    """Gather what a stack tells. Everything is open but `operatorKey`; `way` leads to hosts."""
    swarm = nodes[plan.managers[0].name].swarm
    machines = Output.all(**{name: host.id for name, host in hosts.items()})
    members = Output.all(**{name: node.node for name, node in nodes.items()})
    return {
        "hosts": [_host(slot) for slot in plan.slots],
        "swarm": swarm,
        "connectivity": report.summary,
        "inventory": Output.all(swarm, machines, members).apply(
            lambda known: outputs.inventory(plan, swarm=known[0], machines=known[1], nodes=known[2])
        ),
        "sshConfig": _entered(seed, way, lambda seed, door: _ssh_config(plan, seed, door)),
        "knownHosts": _entered(seed, way, lambda seed, door: _known_hosts(plan, seed, door)),
        "operatorKey": seed.apply(lambda seed: operator_key(Secret(seed)).private.reveal()),
    }


def _host(slot: Slot) -> dict[str, str]:
    return {
        "name": slot.name,
        "zone": slot.zone,
        "pool": slot.pool,
        "role": slot.role,
        "address": str(slot.address),
        "containers": str(slot.containers),
    }


def _entered(
    seed: Output[str],
    way: Mapping[str, Input[str]],
    told: Callable[[Secret, outputs.Door | None], str],
) -> Output[str]:
    """A text about the way in. It is made with the seed and holds nothing of it."""
    known = Output.all(seed=seed, way=Output.from_input(dict(way)))

    def tell(known: Mapping[str, Any]) -> str:
        secret = Secret(known["seed"])
        return told(secret, outputs.door(secret, known["way"]))

    return Output.unsecret(known.apply(tell))


def _ssh_config(plan: Plan, seed: Secret, door: outputs.Door | None) -> str:
    folder = (ACCESS / plan.environment).absolute()
    return outputs.ssh_config(plan, folder, door=door, keys=len(seeds(seed)))


def _known_hosts(plan: Plan, seed: Secret, door: outputs.Door | None) -> str:
    keys = {slot.name: host_keys(seed, slot.name) for slot in plan.slots}
    return outputs.known_hosts(plan, keys, door=door)
