from __future__ import annotations

from dataclasses import replace

import pytest

from components.errors import LabError
from components.verify.gather import Gathered, idle, unfit
from components.verify.probe import read_probe
from tests.support.verify_world import TARGETS, FakeView

A1 = TARGETS["a1"]
TEXT = """\
== machine
x86_64
== busybox
7ae95c260622  /bin/busybox
== docker
{"swarm": "active/manager", "images": ["fairway-probe:1-2", "fairway-probe:3-4"], "subnet": "10.225.1.0/24"}
"""  # noqa: E501
GOOD = Gathered.parse("a1", TEXT)


def test_a_hosts_answer_is_read() -> None:
    assert (
        Gathered(
            name="a1",
            machine="x86_64",
            busybox="7ae95c260622",
            images=frozenset({"fairway-probe:1-2", "fairway-probe:3-4"}),
            swarm="active",
            manager=True,
            subnet="10.225.1.0/24",
        )
        == GOOD
    )


def test_a_healthy_host_is_fit() -> None:
    assert unfit(A1, GOOD, FakeView()) is None


@pytest.mark.parametrize(
    ("seen", "cause", "words"),
    [
        (Gathered(name="a1", down="no answer"), "host-down", "its machine is stopped; no answer"),
        (replace(GOOD, swarm="inactive"), "not-in-swarm", "inactive"),
        (replace(GOOD, swarm=""), "not-in-swarm", "Docker does not answer"),
        (replace(GOOD, subnet="10.225.9.0/24"), "wrong-subnet", "routed-config: 10.225.9.0/24"),
        (replace(GOOD, subnet=""), "wrong-subnet", "routed-config: missing"),
        (replace(GOOD, subnet="Error: no such network"), "wrong-subnet", "no such network"),
    ],
)
def test_a_host_that_cannot_take_part_says_why(seen: Gathered, cause: str, words: str) -> None:
    fault = unfit(A1, seen, FakeView(states={"a1": "stopped"}))
    assert fault is not None
    assert (fault.cause, fault.where) == (cause, "a1")
    assert words in fault.evidence


def test_a_cloud_that_does_not_answer_leaves_the_host_down() -> None:
    class Broken(FakeView):
        def machine(self, slot: str) -> str:
            raise LabError(where="lab", what="state cannot be read", hint="look")

    fault = unfit(A1, Gathered(name="a1", down="no answer"), Broken())
    assert fault is not None
    assert "state cannot be read; look); no answer" in fault.evidence


def test_an_engine_that_is_down_is_told_in_its_own_words() -> None:
    seen = Gathered.parse("a1", "== docker\nDocker does not answer: Connection refused\n")
    fault = unfit(A1, seen, None)
    assert fault is not None
    assert fault.evidence == "Docker does not answer: Connection refused"


def test_a_task_that_does_not_run_brings_its_own_error() -> None:
    tasks = [{"Node": "a1", "CurrentState": "Rejected 2 seconds ago", "Error": "No such image"}]
    fault = idle(A1, tasks, {"a1": "Ready, Active"})
    assert "Rejected 2 seconds ago No such image; node: Ready, Active" in fault.evidence


def test_a_drained_node_is_told_how_to_come_back() -> None:
    fault = idle(A1, [], {"a1": "Ready, Drain"})
    assert "no task" in fault.evidence
    assert "docker node update --availability active a1" in fault.hint


def test_a_probe_is_read_from_its_containers_own_description() -> None:
    text = """{"State": {"Pid": 77}, "NetworkSettings": {
        "Networks": {"routed": {"IPAddress": "10.225.1.2"}},
        "Ports": {"81/tcp": null, "8080/tcp": [{"HostIp": "0.0.0.0", "HostPort": "32768"}]}}}"""
    probe = read_probe(text)
    assert probe is not None
    assert (probe.process, str(probe.address), probe.published) == (77, "10.225.1.2", 32768)
    assert read_probe(text.replace("10.225.1.2", "")) is None
    assert read_probe(text.replace('"routed"', '"other"')) is None
