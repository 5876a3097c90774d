"""Whether a Swarm stands already: what decides between a roll and a first creation."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

import pulumi

from components.clouds.base import Cloud
from components.plan.model import Plan

_NODE: Final = "fairway:swarm:Node"
_READS: Final = 50  # times, a tenth of a second apart


def swarm_stands(plan: Plan, cloud: Cloud) -> bool:
    """Tell whether a manager of the last `up` is in the Swarm and its machine still runs.

    Both matter. A manager that was recorded but whose machine is gone must not be waited for: the
    first manager starts a Swarm only when all others answer, and they would wait for it.
    """
    joined = joined_managers(_recorded(), {slot.name for slot in plan.managers})
    if not joined:
        return False
    running = cloud.running()
    return any(running.get(name) == machine for name, machine in joined.items())


def joined_managers(recorded: Mapping[str, Mapping[str, Any]], names: set[str]) -> dict[str, str]:
    """Find the managers that joined in the state's resources by URN; gives slot -> machine id."""
    nodes = [each["outputs"] for each in recorded.values() if each.get("type") == _NODE]
    return {
        node["name"]: node["machine"]
        for node in nodes
        if node.get("node") and node.get("name") in names
    }


def _recorded() -> Mapping[str, Mapping[str, Any]]:
    """The state's resources, of the last checkpoint that is whole.

    In a folder the engine writes a checkpoint over the former one, while this program runs, and so
    reads it now and then half written or empty.
    """
    for _ in range(_READS - 1):
        try:
            return _read()
        except Exception as error:  # the engine knows no narrower one
            if "failed to load checkpoint" not in str(error):
                raise
            time.sleep(0.1)
    return _read()


def _read() -> Mapping[str, Mapping[str, Any]]:
    answer = pulumi.runtime.invoke(
        "pulumi:pulumi:readStackResourceOutputs", {"stackName": pulumi.get_stack()}
    )
    recorded: Mapping[str, Mapping[str, Any]] = (answer.value or {}).get("outputs") or {}
    return recorded
