"""The stack's outputs: plain values for people and programs, the way in, and one secret."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pulumi import Output

from components import outputs, resources
from components.clouds.base import Host
from components.plan.model import Plan, Slot
from components.remote.command import Secret
from components.remote.keys import host_key, operator_key

# Where `make` puts the SSH files of an environment; the exported configuration names them.
ACCESS: Final = Path(".fairway")


def exports(
    plan: Plan,
    hosts: Mapping[str, Host],
    nodes: Mapping[str, resources.Node],
    report: resources.Report,
    seed: Output[str],
) -> dict[str, Any]:
    """Gather what a stack tells. Everything is open but `operatorKey`."""
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
        "sshConfig": outputs.ssh_config(plan, (ACCESS / plan.environment).absolute()),
        "knownHosts": Output.unsecret(seed.apply(lambda seed: _known_hosts(plan, Secret(seed)))),
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


def _known_hosts(plan: Plan, seed: Secret) -> str:
    keys = {slot.name: host_key(seed, slot.name).public for slot in plan.slots}
    return outputs.known_hosts(plan, keys)
