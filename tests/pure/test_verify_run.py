from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from components.errors import (
    CloudError,
    CommandFailed,
    DeadlineExceeded,
    HostUnreachable,
    VerifyFailed,
)
from components.remote.command import Command, Result
from components.remote.endpoint import Endpoint, Session
from components.verify import fingerprint, verify
from components.verify.image import tag
from components.verify.scripts import AWAIT_TASK, CLEAR
from tests.support.scripted import ScriptedSession
from tests.support.verify_world import FACTS, HOSTS, PROBES, TARGETS, FakeView, routes

FETCHED = base64.b64encode(gzip.compress(b"busybox")).decode()
TAG = tag("5a")


def gathered(name: str, *, images: str = TAG, manager: bool = True) -> str:
    docker = {
        "swarm": "active/manager" if manager else "active/worker",
        "images": [images],
        "subnet": str(TARGETS[name].containers),
    }
    return f"== machine\nx86_64\n== busybox\n5a  /bin/busybox\n== docker\n{json.dumps(docker)}\n"


def inspected(name: str) -> str:
    probe = PROBES[name]
    ports = {"8080/tcp": [{"HostPort": str(probe.published)}]}
    networks = {"routed": {"IPAddress": str(probe.address)}}
    settings = {"Networks": networks, "Ports": ports}
    return json.dumps({"State": {"Pid": probe.process}, "NetworkSettings": settings})


def says(name: str, place: str) -> Callable[[bytes], str]:
    """Answer all questions of a place as a healthy network would."""
    source = str(PROBES[name].address if place == "container" else TARGETS[name].address)

    def reply(stdin: bytes) -> str:
        lines = [line.split() for line in stdin.decode().splitlines()]
        inside = {str(probe.address) for probe in PROBES.values()}
        seen = {k: source if a in inside else str(TARGETS[name].address) for k, _, a, _ in lines}
        return "".join(
            f"{key} seen {seen[key]}\n" if kind == "tcp" else f"{key} ok\n"
            for key, kind, _, _ in lines
        )

    return reply


@dataclass
class Host(ScriptedSession):
    """A scripted host whose probe answers by what it is asked."""

    replies: list[tuple[str, Callable[[bytes], str]]] = field(default_factory=list)

    def run(
        self,
        command: Command,
        *,
        input: bytes | None = None,  # noqa: A002 - see Session
        timeout: float = 60,
        ok: tuple[int, ...] = (0,),
    ) -> Result:
        for text, reply in self.replies:
            if text in str(command) and input is not None:
                return Result(0, reply(input), "", 0.0)
        return super().run(command, input=input, timeout=timeout, ok=ok)


def host(name: str) -> Host:
    replies = [
        ("nsenter --target", says(name, "container")),
        ("--network host", says(name, "host")),
        ("docker run", says(name, "bridge")),
    ]
    session = Host(endpoint=TARGETS[name].endpoint, replies=replies)
    session.on("sh -c true sh").on("== machine", gathered(name))
    session.on("docker service create", "")
    session.on(AWAIT_TASK, inspected(name)).on(CLEAR, "")
    session.on("docker service rm", "")
    rules = "*filter\n:FORWARD DROP [0:0]\nCOMMIT\n"
    look = f"== ip_forward\n1\n== iptables\n{rules}== routes\n{routes(TARGETS[name])}\n== rules\n"
    return session.on("iptables-save", look)


@dataclass
class World:
    """Sessions to scripted hosts; a host in `gone` does not answer."""

    hosts: dict[str, Host] = field(default_factory=lambda: {h.name: host(h.name) for h in HOSTS})
    gone: set[str] = field(default_factory=set)

    def to(self, endpoint: Endpoint, *, deadline: float = 60.0) -> Session:
        if endpoint.name in self.gone:
            raise HostUnreachable(where=endpoint.name, what="no answer", hint="look")
        return self.hosts[endpoint.name]

    def ran(self, name: str, text: str) -> list[str]:
        return [command for command in self.hosts[name].ran if text in command]


def test_a_healthy_network_is_proven_and_everything_is_removed() -> None:
    world = World()
    report = verify(HOSTS, FACTS, world, FakeView())
    assert report.ok, report.text()
    assert [line.container for line in report.hosts] == ["10.225.1.2", "10.225.2.2", "10.225.3.2"]
    assert len(world.ran("a1", "docker service rm")) == 2  # old runs' with the create, then ours
    assert all(world.ran(name, CLEAR) for name in TARGETS)


def test_the_timings_name_every_stage() -> None:
    stages = list(verify(HOSTS, FACTS, World()).timings)
    assert stages == ["look", "image", "create", "start", "ask", "remove", "total"]


def test_the_image_goes_only_where_it_is_missing() -> None:
    world = World()
    world.hosts["b1"].first("== machine", gathered("b1", images="other:tag"))
    world.hosts["a1"].on("gzip -c /bin/busybox", FETCHED)
    world.hosts["b1"].on("docker load", "")
    assert verify(HOSTS, FACTS, world).ok
    assert world.ran("b1", "docker load")
    assert not world.ran("a2", "docker load")


def test_a_host_that_refuses_the_image_is_named_and_the_others_are_proven() -> None:
    world = World()
    world.hosts["b1"].first("== machine", gathered("b1", images=""))
    world.hosts["a1"].on("gzip -c /bin/busybox", FETCHED)
    refused = CommandFailed(where="b1", what="docker load", found="no space", hint="look")
    world.hosts["b1"].on("docker load", refused)
    report = verify(HOSTS, FACTS, world)
    assert [failure.fault.cause for failure in report.failures] == ["image-refused"]
    assert ("a1", "a2") not in report.matrix


def test_a_host_that_is_down_explains_all_its_pairs_and_is_not_asked_about() -> None:
    report = verify(HOSTS, FACTS, World(gone={"b1"}), FakeView(states={"b1": "stopped"}))
    assert [failure.fault.cause for failure in report.failures] == ["host-down"]
    assert set(report.matrix) == {("a1", "b1"), ("b1", "a1"), ("a2", "b1"), ("b1", "a2")}
    assert "its machine is stopped" in report.message()


def test_a_host_that_hangs_is_down_and_the_command_is_not_shown_as_a_page() -> None:
    world = World()
    what = "waited 8 s for the end of `" + "a long shell text " * 50
    world.hosts["b1"].first("sh -c true sh", DeadlineExceeded(where="b1", what=what, hint="look"))
    failure = verify(HOSTS, FACTS, world).failures[0]
    assert failure.fault.cause == "host-down"
    assert failure.fault.evidence.startswith("waited 8 s")
    assert len(failure.fault.evidence) < 250
    assert not world.ran("b1", "== machine")


def test_a_lost_pair_is_looked_into_while_the_probes_still_run() -> None:
    world = World()
    world.hosts["a1"].replies.insert(0, ("nsenter --target", lambda stdin: "0 lost timed out\n"))
    report = verify(HOSTS, FACTS, world)
    assert "forward-policy" in {failure.fault.cause for failure in report.failures}
    ran = world.hosts["a2"].ran
    assert next(i for i, c in enumerate(ran) if "iptables-save" in c) < next(
        i for i, c in enumerate(ran) if CLEAR in c
    )


class Refusing(FakeView):
    """A cloud whose API lets nobody look any more."""

    def machine(self, slot: str) -> str:
        self.asked.append(("machine", slot))
        raise CloudError(where="aws", what="no rights", found="UnauthorizedOperation", hint="ask")

    def table(self, zone: str) -> str:
        self.asked.append(("table", zone))
        return self.machine(zone)

    def source_dest_check(self, slot: str) -> bool:
        return bool(self.table(slot))


def test_a_cloud_that_refuses_is_asked_once_and_the_report_says_so() -> None:
    world, view = World(gone={"b1"}), Refusing()
    world.hosts["a1"].replies.insert(0, ("nsenter --target", lambda stdin: "0 lost timed out\n"))
    report = verify(HOSTS, FACTS, world, view)

    causes = {failure.fault.cause for failure in report.failures}
    assert {"host-down", "forward-policy"} <= causes
    assert view.asked == [("machine", "b1")]
    (note,) = [note for note in report.notes if "the cloud's own tables" in note]
    assert "UnauthorizedOperation" in note


def test_a_cloud_that_is_never_asked_is_not_in_the_notes() -> None:
    assert verify(HOSTS, FACTS, World(), Refusing()).notes == ()


def test_a_probe_that_does_not_start_brings_the_swarms_own_words() -> None:
    world = World()
    world.hosts["b1"].first(AWAIT_TASK, Result(3, "", "", 0.0))
    tasks = json.dumps({"Node": "b1", "CurrentState": "Pending", "Error": "no suitable node"})
    nodes = json.dumps({"Hostname": "b1", "Status": "Ready", "Availability": "Drain"})
    world.hosts["a1"].first("== tasks", f"== tasks\n{tasks}\n== nodes\n{nodes}\n")
    failures = verify(HOSTS, FACTS, world).failures
    assert [failure.fault.cause for failure in failures] == ["task-not-running"]
    assert "no suitable node; node: Ready, Drain" in failures[0].fault.evidence


def test_a_node_that_is_closed_to_tasks_is_not_waited_for() -> None:
    world = World()
    world.hosts["a1"].first("docker service create", "b1\n")
    nodes = json.dumps({"Hostname": "b1", "Status": "Ready", "Availability": "Drain"})
    world.hosts["a1"].first("== tasks", f"== tasks\n== nodes\n{nodes}\n")
    failures = verify(HOSTS, FACTS, world).failures
    assert world.ran("b1", AWAIT_TASK) == []
    assert [failure.fault.cause for failure in failures] == ["task-not-running"]
    assert "no task; node: Ready, Drain" in failures[0].fault.evidence


@pytest.mark.parametrize("found", ["The swarm does not have a leader", "network routed not found"])
def test_a_swarm_that_starts_no_service_is_told_in_its_words_and_tidied(found: str) -> None:
    world = World()
    refused = CommandFailed(where="a1", what="create", found=found, hint="look")
    world.hosts["a1"].first("docker service create", refused)
    report = verify(HOSTS, FACTS, world)
    assert [failure.fault.cause for failure in report.failures] == ["swarm-refuses"]
    assert found in report.message()
    assert world.ran("a1", "docker service rm")


def test_without_a_manager_no_service_is_tried() -> None:
    world = World()
    for name, session in world.hosts.items():
        session.first("== machine", gathered(name, manager=False))
    report = verify(HOSTS, FACTS, world)
    assert [failure.fault.cause for failure in report.failures] == ["swarm-refuses"]
    assert not world.ran("a1", "docker service create")


def test_another_manager_removes_the_service_when_the_first_one_dies() -> None:
    world = World()
    dead = HostUnreachable(where="a1", what="gone", hint="look")
    world.hosts["a1"].first("docker node ls >/dev/null", dead)
    assert verify(HOSTS, FACTS, world).ok
    assert world.ran("a2", "docker service rm")


def test_an_interrupted_verify_removes_its_probes() -> None:
    world = World()

    def interrupt(stdin: bytes) -> str:
        raise KeyboardInterrupt

    world.hosts["a1"].replies.insert(0, ("nsenter --target", interrupt))
    with pytest.raises(KeyboardInterrupt):
        verify(HOSTS, FACTS, world)
    assert world.ran("a1", "docker node ls")
    assert world.ran("b1", CLEAR)


def test_hosts_without_any_busybox_are_an_error_that_names_the_package() -> None:
    world = World()
    for name, session in world.hosts.items():
        session.first("== machine", gathered(name).replace("5a  /bin/busybox", ""))
    with pytest.raises(VerifyFailed, match="busybox-static"):
        verify(HOSTS, FACTS, world)


def test_progress_is_told() -> None:
    said: list[str] = []
    verify(HOSTS, FACTS, World(), None, said.append)
    assert said[0] == "looking at 3 hosts"
    assert said[-1].startswith("asking ")


def test_what_is_done_meanwhile_begins_when_the_probes_are_on_their_way() -> None:
    world = World()
    ran: list[list[str]] = []
    verify(HOSTS, FACTS, world, meanwhile=lambda: ran.append([*world.hosts["a1"].ran]))
    (so_far,) = ran
    assert "docker service create" in so_far[-1]


def test_the_fingerprint_does_not_depend_on_order() -> None:
    parts = {"rules": "1", "routes": "2"}
    turned = dict(reversed(parts.items()))
    assert fingerprint(HOSTS, FACTS, parts) == fingerprint(HOSTS[::-1], FACTS, turned)


def test_the_fingerprint_changes_with_hosts_ranges_and_parts() -> None:
    wider = replace(FACTS, outside=None)
    prints = {
        fingerprint(HOSTS, FACTS),
        fingerprint(HOSTS[:2], FACTS),
        fingerprint(HOSTS, wider),
        fingerprint(HOSTS, replace(FACTS, between_hosts="swarm")),
        fingerprint(HOSTS, FACTS, {"rules": "1"}),
        fingerprint(HOSTS, FACTS, {"rules": "2"}),
    }
    assert len(prints) == 6
