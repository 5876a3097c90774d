"""What nodes have beside being in the Swarm, as the plugin sees and mends it."""

from __future__ import annotations

from typing import Any

import pytest

from components.host import comeback
from components.remote.endpoint import Session
from components.remote.session import Sessions
from components.swarm.model import NodePlan
from provider.duties import UNLOCK, do_duties, missing_duties, unlock
from provider.swarm import COMEBACK, NodeType, mend_host, missing_on_host
from tests.support.scripted import ScriptedSession, failed, scripted

SEED = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
BACKUP = {"every": "6h", "keep": "12", "to": ""}
CHECK = "sha256sum"
IS_ON = "AutoLockManagers"
KEY = "unlock-key"
LOCKED = '{"engine":"26","hostname":"x","swarm":{"LocalNodeState":"locked"}}'
STANDS = (
    '{"engine":"26","hostname":"x","swarm":{"LocalNodeState":"active","NodeID":"n",'
    '"ControlAvailable":true,"Cluster":{"ID":"s"}}}'
)


class Opened(Sessions):
    """Sessions that are there already."""

    def __init__(self, by_name: dict[str, ScriptedSession]) -> None:
        self._by_name = by_name

    def to(self, endpoint: Any, **_: object) -> Session:
        return self._by_name[endpoint.name]


@pytest.fixture
def hosts() -> dict[str, ScriptedSession]:
    return scripted(("a1", "b1", "a10"))


def plan(hosts: dict[str, ScriptedSession], name: str = "a1", role: str = "manager") -> NodePlan:
    return NodePlan(
        name=name,
        role=role,
        address="10.0.0.11",
        labels={},
        containers="10.200.1.0/24",
        endpoint=hosts[name].endpoint,
        managers=(hosts["a1"].endpoint, hosts["b1"].endpoint),
        overlays="172.28.0.0/16",
        cluster="prod",
    )


def inputs(name: str = "a1", role: str = "manager", **more: object) -> dict[str, Any]:
    return {"name": name, "role": role, "cluster": "prod", "seed": SEED, **more}


def quiet(message: str) -> None:
    """A report that nobody reads."""


def test_a_manager_whose_backups_are_set_up_lacks_nothing(hosts: dict[str, Any]) -> None:
    hosts["a1"].on(CHECK).on(IS_ON, "false\n")
    assert missing_duties(plan(hosts), Opened(hosts), inputs(backup=BACKUP), {}) == []


def test_backups_that_are_not_as_planned_are_named_and_set_up(hosts: dict[str, Any]) -> None:
    host = hosts["a1"].on(CHECK, failed()).on(IS_ON, "false\n").on("daemon-reload")
    told = inputs(backup=BACKUP)
    assert missing_duties(plan(hosts), Opened(hosts), told, {}) == ["set up its backups"]
    assert do_duties(plan(hosts), Opened(hosts), told, {}, quiet) == {}
    assert host.files["/usr/local/sbin/fairway-backup"][1] == 0o755
    assert "/etc/systemd/system/fairway-backup.timer" in host.files


def test_backups_that_are_not_wanted_any_more_are_taken_away(hosts: dict[str, Any]) -> None:
    host = hosts["a1"].on("systemctl disable").on(IS_ON, "false\n")
    do_duties(plan(hosts), Opened(hosts), inputs(), {"backup": BACKUP}, quiet)
    assert any("systemctl disable" in command for command in host.ran)


def test_a_worker_has_no_duties_and_is_not_asked(hosts: dict[str, Any]) -> None:
    node, told = plan(hosts, "a10", "worker"), inputs("a10", "worker", backup=BACKUP)
    assert missing_duties(node, Opened(hosts), told, {}) == []
    assert do_duties(node, Opened(hosts), told, {}, quiet) == {}
    assert hosts["a10"].ran == []


def test_the_first_manager_switches_autolock_and_keeps_the_key(hosts: dict[str, Any]) -> None:
    host = hosts["a1"].on(IS_ON, "false\n").on("swarm update").on(KEY, "SWMKEY-1-abc\n")
    told = inputs(autolock=True)
    assert missing_duties(plan(hosts), Opened(hosts), told, {}) == ["switch autolock on"]
    assert do_duties(plan(hosts), Opened(hosts), told, {}, quiet) == {UNLOCK: "SWMKEY-1-abc"}
    assert any("--autolock" in command and "true" in command for command in host.ran)


def test_autolock_is_switched_off_again_and_its_key_forgotten(hosts: dict[str, Any]) -> None:
    host = hosts["a1"].on(IS_ON, "true\n").on("swarm update")
    known = {UNLOCK: "SWMKEY-1-abc"}
    assert missing_duties(plan(hosts), Opened(hosts), inputs(), known) == ["switch autolock off"]
    assert do_duties(plan(hosts), Opened(hosts), inputs(), known, quiet) == {}
    assert any("--autolock" in command and "false" in command for command in host.ran)


def test_another_manager_keeps_a_key_that_became_new(hosts: dict[str, Any]) -> None:
    hosts["b1"].on(KEY, "SWMKEY-1-new\n")
    node, told = plan(hosts, "b1"), inputs("b1", autolock=True)
    known = {UNLOCK: "SWMKEY-1-old"}
    assert missing_duties(node, Opened(hosts), told, known) == ["keep the new unlock key"]
    assert do_duties(node, Opened(hosts), told, known, quiet) == {UNLOCK: "SWMKEY-1-new"}


def test_all_that_are_locked_are_unlocked_with_the_key_of_the_state(hosts: dict[str, Any]) -> None:
    for name in ("a1", "b1"):
        hosts[name].on("docker info", LOCKED).on("swarm.json", failed()).on("/swarm/unlock")
    known = {UNLOCK: "SWMKEY-1-abc"}
    unlock(plan(hosts), Opened(hosts), inputs(autolock=True), known, quiet)
    for name in ("a1", "b1"):
        assert b"SWMKEY-1-abc" in hosts[name].inputs[-1]
        assert not any("SWMKEY" in command for command in hosts[name].ran)


def test_a_manager_that_stands_tells_the_key_of_now(hosts: dict[str, Any]) -> None:
    hosts["a1"].on("docker info", STANDS).on("swarm.json", failed()).on(KEY, "SWMKEY-1-new\n")
    hosts["b1"].on("docker info", LOCKED).on("swarm.json", failed()).on("/swarm/unlock")
    known = {UNLOCK: "SWMKEY-1-old"}
    unlock(plan(hosts, "b1"), Opened(hosts), inputs("b1", autolock=True), known, quiet)
    assert b"SWMKEY-1-new" in hosts["b1"].inputs[-1]


def test_where_autolock_never_was_on_nobody_is_asked(hosts: dict[str, Any]) -> None:
    unlock(plan(hosts), Opened(hosts), inputs(), {}, quiet)
    assert not any(host.ran for host in hosts.values())


def test_a_host_that_lacks_nothing_is_left_alone(hosts: dict[str, Any]) -> None:
    host = hosts["a10"].on("fairway-rules").on("sha256sum")
    node = plan(hosts, "a10", "worker")
    assert missing_on_host(node, Opened(hosts)) == []
    mend_host(node, Opened(hosts), quiet)
    assert host.files == {}


def test_what_a_host_lacks_is_named_and_put_there(hosts: dict[str, Any]) -> None:
    host = hosts["a10"].on("fairway-rules check", failed(stdout="raw OUTPUT: no tracking\n"))
    host.on("sha256sum", failed()).on("reload").on("mkdir")
    node = plan(hosts, "a10", "worker")
    assert missing_on_host(node, Opened(hosts)) == [
        "packet rule missing: raw OUTPUT: no tracking",
        "set up how its networks come back",
    ]
    mend_host(node, Opened(hosts), quiet)
    assert host.files.keys() == comeback.kit().keys()
    assert any("reload-or-restart" in command for command in host.ran)


def test_a_node_of_a_version_that_put_other_files_there_is_updated() -> None:
    ready = {"state": "ready", COMEBACK: comeback.fingerprint()}
    assert NodeType().changes(inputs(), ready, inputs()) == {}
    for before in ({"state": "ready"}, {**ready, COMEBACK: "other"}):
        assert NodeType().changes(inputs(), before, inputs()) == {COMEBACK: "update"}
