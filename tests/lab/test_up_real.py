"""`pulumi up` for real: machines, a Swarm and routes from a configuration, broken and mended.

One stack is built for the whole file, so its tests are in the order in which a cluster lives.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from components.environment import read_environment
from components.host.names import RULES_SCRIPT
from components.plan import make_plan
from components.remote.command import Command, Secret
from components.remote.endpoint import Endpoint
from components.remote.keys import host_key, operator_key
from components.remote.session import Sessions
from lab.lab import Lab
from lab.model import Machine, Route
from tests.support import environments
from tests.support.bench_project import REAL_PLUGIN, REAL_PROGRAM, Project
from tests.support.machines import traces

LAB = "t6"
SLOTS = ("a1", "b1", "c1", "a10")


def config() -> dict[str, Any]:
    """Three managers and a worker, in ranges of this file's own."""
    text = json.dumps(environments.config())
    for theirs, ours in (("10.97.", "10.96."), ("10.227.", "10.226."), ("76.97.", "76.96.")):
        text = text.replace(theirs, ours)
    wanted: dict[str, Any] = json.loads(text)
    wanted["pools"][1]["hosts"] = {"a": 1}
    return wanted


class Stack:
    """A stack that stands, its lab, and a way into its hosts."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.lab = Lab.open(LAB)
        seed = project.pulumi("stack", "export", "--show-secrets").good().text
        resources = json.loads(seed)["deployment"]["resources"]
        (identity,) = [each for each in resources if each["type"] == "fairway:host:Identity"]
        self.seed = Secret(json.loads(identity["outputs"]["seed"]["plaintext"]))
        environment = read_environment(config(), stack=LAB, source="x")
        self.plan = make_plan(environment)

    def sh(self, name: str, *words: str) -> str:
        slot = self.plan.slot(name)
        endpoint = Endpoint(name, str(slot.address), host_key(self.seed, name).public)
        with Sessions(operator_key(self.seed).private) as sessions:
            return sessions.to(endpoint).run(Command.of(*words), timeout=60).stdout

    def machine(self, name: str) -> str:
        held = self.lab.get(Machine, name)
        assert held is not None
        return held.status.id

    def up(self) -> None:
        self.project.up("-p", "32").good()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    project = Project(tmp_path_factory.mktemp("up"), plugin=REAL_PLUGIN, name="fairway")
    project.program(REAL_PROGRAM)
    project.configure(config())
    try:
        project.up("-p", "32").good()
        yield Stack(project)
    finally:
        Lab.open(LAB).sweep()


def test_up_builds_a_swarm_whose_containers_all_reach_each_other(stack: Stack) -> None:
    nodes = stack.sh("a1", "docker", "node", "ls", "--format", "{{.Hostname}} {{.Status}}")
    assert sorted(nodes.split("\n")) == ["", *sorted(f"{name} Ready" for name in SLOTS)]
    assert "every container reaches every other" in stack.project.output("connectivity")


def test_a_second_preview_is_empty_and_a_second_up_changes_nothing(stack: Stack) -> None:
    assert stack.project.preview() == {}

    text = stack.project.up().good().text

    assert "unchanged" in text
    for word in ("created", "updated", "replaced", "deleted"):
        assert word not in text


def test_drift_of_every_kind_is_found_by_a_preview_and_mended_by_a_plain_up(stack: Stack) -> None:
    stack.lab.delete(Route, f"table-c/{stack.plan.slot('b1').containers}")
    stack.sh("c1", RULES_SCRIPT, "remove")
    stack.sh("a10", "docker", "swarm", "leave")

    found = stack.project.preview()
    assert found["create"] == ["Node a10"]
    assert sorted(found["update"]) == ["Node c1", "Report t6", "Route b1"]
    stack.up()

    assert stack.sh("c1", RULES_SCRIPT, "check") == ""
    assert stack.project.preview() == {}


def test_a_machine_that_is_gone_is_found_and_made_again_in_its_slot(stack: Stack) -> None:
    before = {name: stack.machine(name) for name in SLOTS}
    stack.lab.delete(Machine, "c1")

    stack.up()

    after = {name: stack.machine(name) for name in SLOTS}
    assert after["c1"] != before["c1"]
    assert {**after, "c1": ""} == {**before, "c1": ""}
    managers = stack.sh("a1", "docker", "node", "ls", "--filter", "role=manager", "--quiet")
    assert len(managers.split()) == 3
    assert stack.project.preview() == {}


def test_a_failed_zone_is_named_and_the_next_up_after_it_came_back_is_good(stack: Stack) -> None:
    stack.lab.fail_zone("b")

    failed = stack.project.up()

    assert failed.status != 0
    assert "machine b1: the lab keeps it off: it was made to fail" in failed.text
    assert "Traceback" not in failed.text
    stack.lab.restore_zone("b")
    stack.up()
    assert stack.project.preview() == {}


def test_destroy_leaves_nothing(stack: Stack) -> None:
    stack.project.destroy().good()

    assert {kind: left for kind, left in traces(LAB).items() if left} == {}
    assert LAB not in Lab.names()
    assert stack.project.processes() == {}
