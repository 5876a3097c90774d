"""A stack that an earlier version made: its recorded state, and a world that it describes.

Recorded by a real `make up` in the lab under that version, exported with the passphrase "bench".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import yaml

from components.swarm.model import NodeState
from lab.model import Held, Machine, Route, Spec, Status
from provider.lab import LabType, RouteTableType, SecurityGroupType, VpcType, VSwitchType
from provider.machine import MachineType
from tests.support.bench_project import ROOT, Project
from tests.support.plugin_world import HASHED, World

RECORDED = ROOT / "tests" / "data" / "upgrade"
STACK = "t15"
_TYPES: tuple[type[LabType[Any]], ...] = (
    VpcType,
    RouteTableType,
    VSwitchType,
    SecurityGroupType,
    MachineType,
)
_KINDS = {kind.urn_type: kind() for kind in _TYPES}


def config() -> dict[str, Any]:
    """The stack file that all the versions were given, without the `fairway:` of its keys."""
    held = yaml.safe_load((RECORDED / f"Pulumi.{STACK}.yaml").read_text())["config"]
    return {key.removeprefix("fairway:"): value for key, value in held.items()}


def resources(version: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((RECORDED / f"{version}.json").read_text())[
        "deployment"
    ]["resources"]
    return found


def restored(project: Project, version: str) -> World:
    """Give the project that version's stack, and make the world as it was."""
    project.pulumi("stack", "init", STACK).good()
    project.configure(config(), stack=STACK)
    project.pulumi("stack", "import", "--file", str(RECORDED / f"{version}.json")).good()
    world = World(Path(project.world))
    with world.things() as things:
        for spec, status in _things(resources(version)):
            things[type(spec).__name__, spec.name] = Held(spec, status)
        for node in resources(version):
            if node["type"] == "fairway:swarm:Node":
                things["Node", node["inputs"]["name"]] = _node(node["outputs"])
    return world


def _things(recorded: list[dict[str, Any]]) -> Iterator[tuple[Spec, Status]]:
    for each in recorded:
        inputs, kind = each.get("inputs", {}), each["type"]
        if kind == "fairway:lab:Route":
            for table in inputs["tables"]:
                entry = Route(
                    table=table,
                    destination=IPv4Network(inputs["destination"]),
                    machine_id=inputs["machine"],
                )
                yield entry, Status(id=entry.name, state="active")
        elif kind in _KINDS:
            yield _spec(_KINDS[kind], inputs), _status(kind, each["id"])


def _spec(kind: LabType[Any], inputs: dict[str, Any]) -> Spec:
    spec: Spec = kind.spec(inputs)
    if isinstance(spec, Machine):
        return replace(spec, user_data=f"{HASHED}{inputs['userData']}")
    return spec


def _status(kind: str, name: str) -> Status:
    return Status(id=name, state="running" if kind == MachineType.urn_type else "ready")


def _node(outputs: dict[str, Any]) -> NodeState:
    return NodeState(
        node_id=outputs["node"],
        swarm_id=outputs["swarm"],
        role=outputs["role"],
        availability="active",
        address=outputs["address"],
        labels=outputs["labels"],
        containers=outputs["containers"],
        engine="26.1",
    )
