"""Waiting for a host, and reading and repairing its rules, against a scripted session."""

from __future__ import annotations

import json
import time

import pytest

from components.errors import BootFailed, CommandFailed, DeadlineExceeded, HostUnreachable
from components.host.facts import rules_apply, rules_missing
from components.host.ready import wait_ready
from tests.support.scripted import ScriptedSession, failed

# As cloud-init 22.4, 25.1 and 26.2 leave it in /run/cloud-init/result.json.
DONE = '{\n "v1": {\n  "datasource": "DataSourceNoCloud [seed=/x]",\n  "errors": []\n }\n}'
BROKEN = json.dumps({"v1": {"datasource": "x", "errors": ["('scripts_user', RuntimeError())"]}})


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let waits pass without their time."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    def clock() -> float:
        now[0] += 0.01
        return now[0]

    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(time, "monotonic", clock)


def host() -> ScriptedSession:
    """A host on which everything is as it should be."""
    return (
        ScriptedSession()
        .on("/run/cloud-init/result.json", DONE)
        .on("docker version", "28.5.2\n")
        .on("fairway-rules check", "")
        .on("systemctl is-active", "active\n")
        .on("tail -n 20", "Traceback\nE: Unable to locate package docker-ce\n")
    )


def test_a_host_that_is_ready_is_asked_four_things_and_nothing_more() -> None:
    session = host()
    wait_ready(session)
    assert len(session.ran) == 4


def test_a_boot_that_goes_on_is_waited_for() -> None:
    session = host().first("result.json", failed(2), once=True)
    wait_ready(session)
    assert len(session.ran) == 5


def test_a_boot_that_failed_says_with_what_and_shows_the_log_at_once() -> None:
    session = host().first("result.json", BROKEN)
    with pytest.raises(BootFailed) as caught:
        wait_ready(session)
    text = str(caught.value)
    assert text.startswith("a1: its first boot failed: found ('scripts_user'")
    assert "Unable to locate package docker-ce" in text


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"v1": null}'])
def test_a_result_that_cannot_be_read_is_never_taken_for_success(text: str) -> None:
    with pytest.raises(BootFailed, match="cannot be read"):
        wait_ready(host().first("result.json", text))


def test_an_image_without_cloud_init_at_work_fails_at_once() -> None:
    with pytest.raises(BootFailed, match="switched off"):
        wait_ready(host().first("result.json", failed(3)))


def test_a_boot_that_never_ends_is_named_with_the_end_of_its_log() -> None:
    with pytest.raises(DeadlineExceeded, match=r"(?s)first boot.*locate package"):
        wait_ready(host().first("result.json", failed(2)), deadline=5)


def test_a_docker_that_never_answers_is_named_with_what_it_said() -> None:
    session = host().first("docker version", failed(1, "Cannot connect to the Docker daemon"))
    with pytest.raises(DeadlineExceeded, match=r"for Docker to answer.*Cannot connect"):
        wait_ready(session, deadline=60)


def test_a_missing_rule_is_named() -> None:
    missing = failed(1, stdout="nat POSTROUTING: masquerade\nraw OUTPUT: no tracking\n")
    with pytest.raises(DeadlineExceeded, match="nat POSTROUTING: masquerade, raw OUTPUT"):
        wait_ready(host().first("fairway-rules check", missing))


def test_a_bridge_unit_that_failed_is_named() -> None:
    with pytest.raises(DeadlineExceeded, match=r"fairway-gwbridge\.service failed"):
        wait_ready(host().first("is-active", failed(3, stdout="failed\n")))


def test_a_host_that_dies_meanwhile_is_unreachable_at_once() -> None:
    gone = HostUnreachable(where="a1", what="the connection was lost", hint="look")
    with pytest.raises(HostUnreachable):
        wait_ready(host().first("docker version", gone))


def test_missing_rules_are_read_by_name() -> None:
    lines = failed(1, stdout="raw OUTPUT: no tracking\nnat POSTROUTING: masquerade\n")
    session = ScriptedSession().on("fairway-rules check", lines)
    assert rules_missing(session) == ["raw OUTPUT: no tracking", "nat POSTROUTING: masquerade"]


def test_a_host_without_the_script_is_an_error_and_not_a_host_without_missing_rules() -> None:
    session = ScriptedSession().on("fairway-rules check", failed(127, "not found"))
    with pytest.raises(CommandFailed):
        rules_missing(session)


def test_rules_are_repaired_by_their_unit() -> None:
    session = ScriptedSession().on("systemctl")
    rules_apply(session)
    assert session.ran == ["systemctl reload-or-restart fairway-rules.service"]
