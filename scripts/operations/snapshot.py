"""What stands of a stack, as facts to compare: hosts, route entries, the contents of the Swarm.

A machine's and a node's id are no facts: another machine in the same slot is the same host.
"""

from __future__ import annotations

from collections.abc import Iterator

from components.environment import read_stack_file
from components.plan import Plan, make_plan
from components.remote.session import Sessions
from components.remote.way import endpoint
from components.swarm.contents import contents
from components.swarm.managers import Managers
from components.verify import asked
from components.verify.model import NetworkView
from scripts.cli import state
from scripts.cli.state import Deployed
from scripts.workspace import stack_file


def take(stack: str) -> dict[str, str]:
    """Look at the stack with its hosts' pinned keys, its Swarm and its cloud's tables.

    Raises:
        FairwayError: It does not stand, or cannot be asked.
    """
    plan, deployed = make_plan(read_stack_file(stack_file(stack))), state.read(stack)
    view = asked.view(deployed.question)
    return {
        **dict(_hosts(plan)),
        **(dict(_routes(plan, view)) if view else {}),
        "swarm: id": deployed.swarm,
        **_contents(plan, deployed),
    }


def _hosts(plan: Plan) -> Iterator[tuple[str, str]]:
    for slot in plan.slots:
        yield f"host {slot.name}: address", str(slot.address)
        yield f"host {slot.name}: containers", str(slot.containers)
        yield f"host {slot.name}: zone", slot.zone
        yield f"host {slot.name}: role", slot.role


def _routes(plan: Plan, view: NetworkView) -> Iterator[tuple[str, str]]:
    """Where each zone's table sends what is for each host's containers."""
    for zone in plan.network.zones:
        for slot in plan.slots:
            entry = view.entry(zone.name, slot.containers.network_address)
            found = f"{entry.destination} to {entry.next_hop}" if entry else "no entry"
            yield f"route in zone {zone.name}: containers of {slot.name}", found


def _contents(plan: Plan, deployed: Deployed) -> dict[str, str]:
    endpoints = [
        endpoint(deployed.seed, plan.environment, slot.name, str(slot.address), deployed.way)
        for slot in plan.managers
    ]
    with Sessions.of(deployed.seed) as sessions:
        return contents(Managers(endpoints, sessions))
