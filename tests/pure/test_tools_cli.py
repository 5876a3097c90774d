"""The fairway command, against a recorded state."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from components.environment import read_stack_file
from components.errors import SetupError, VerifyFailed
from components.plan import Plan, make_plan
from components.remote.keys import new_seed
from components.verify import Report
from scripts import stack as engine
from scripts.cli import __main__ as cli
from scripts.cli import access, check, drawing, state
from scripts.workspace import ROOT, stack_file

SEED = new_seed().reveal()
SECRET = {state.SECRET_MARK: "1b47061264138c4ac30d75fd1eb44270", "plaintext": json.dumps(SEED)}
QUESTION = {
    "cluster": "lab",
    "hosts": [
        {"name": "a1", "zone": "a", "address": "10.77.0.11", "containers": "10.200.1.0/24"},
        {"name": "b1", "zone": "b", "address": "10.77.16.11", "containers": "10.200.65.0/24"},
    ],
    "network": {"vpc": "10.77.0.0/16", "containers": "10.200.0.0/16", "outside": "10.76.77.1"},
    "view": {},
    "seed": SECRET,
}
ANSWER: dict[str, Any] = {
    "environment": "lab",
    "hosts": [{"name": name, "zone": name[0], "container": ""} for name in ("a1", "b1")],
    "checks": 2,
    "failures": [],
    "notes": [],
    "timings": {"total": 1.0},
    "ok": True,
}


def _resource(kind: str, name: str, **parts: Any) -> dict[str, Any]:
    return {"urn": f"urn:pulumi:lab::fairway::{kind}::{name}", "type": kind, **parts}


def _exported(*more: dict[str, Any]) -> dict[str, Any]:
    node = {"name": "a1", "machine": "a1-3f2a9c10", "node": "n0de", "swarm": "sw4rm"}
    resources = [
        _resource("pulumi:pulumi:Stack", "fairway-lab"),
        _resource("fairway:host:Identity", "lab", outputs={"seed": SECRET}),
        _resource("fairway:swarm:Node", "a1", outputs=node),
        _resource("fairway:swarm:Node", "z9", outputs={**node, "name": "z9"}, delete=True),
        *more,
    ]
    return {"version": 3, "deployment": {"resources": resources}}


REPORT = _resource(
    "fairway:verify:Report", "lab", inputs=QUESTION, outputs={"report": ANSWER, "summary": "fine"}
)


@pytest.fixture
def plan() -> Plan:
    return make_plan(read_stack_file(stack_file("lab")))


@pytest.fixture
def stands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = subprocess.CompletedProcess([], 0, json.dumps(_exported(REPORT)), "")
    monkeypatch.setattr(engine, "quietly", lambda _: told)
    monkeypatch.setattr(access, "FAIRWAY", tmp_path)


def _run(*words: str) -> Result:
    return CliRunner().invoke(cli.main, words)


def test_the_parts_of_a_state_are_found_and_its_secrets_opened_but_not_shown() -> None:
    found = state.parse("lab", _exported(REPORT))
    assert found.seed.reveal() == SEED
    assert found.machines == {"a1": "a1-3f2a9c10"}
    assert (found.nodes, found.swarm, found.report) == ({"a1": "n0de"}, "sw4rm", "fine")
    assert SEED not in repr(found.seed)


def test_a_state_whose_last_up_failed_still_leads_in() -> None:
    found = state.parse("lab", _exported())
    assert found.question == {}
    with pytest.raises(SetupError, match="did not come to the network's proof"):
        check.check("lab", found, print)


def test_a_stack_of_which_nothing_stands_says_so() -> None:
    with pytest.raises(SetupError, match="nothing stands yet; run: make up STACK=lab"):
        state.parse("lab", {"version": 3, "deployment": {"resources": []}})


@pytest.mark.usefixtures("stands")
def test_access_is_for_the_owner_alone_and_ssh_reads_it(tmp_path: Path) -> None:
    assert _run("access").exit_code == 0
    folder = tmp_path / "lab"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "operator_key").stat().st_mode) == 0o600
    shown = subprocess.run(
        ["ssh", "-G", "-F", folder / "ssh_config", "a1"], capture_output=True, text=True, check=True
    ).stdout
    assert "hostname 10.77.0.11\n" in shown
    assert "stricthostkeychecking true\n" in shown


@pytest.mark.usefixtures("stands")
def test_docker_is_led_to_the_first_manager_by_the_pinned_ssh(tmp_path: Path) -> None:
    told = _run("access", "--shell").output
    assert f"export DOCKER_CONFIG={tmp_path / 'lab' / 'docker'}" in told
    (meta,) = (tmp_path / "lab" / "docker" / "contexts" / "meta").glob("*/meta.json")
    assert json.loads(meta.read_text())["Endpoints"]["docker"]["Host"] == "ssh://root@a1.lab"


@pytest.mark.usefixtures("stands")
def test_the_ssh_that_docker_finds_adds_our_settings_and_is_not_itself(tmp_path: Path) -> None:
    _run("access")
    real = tmp_path / "real"
    real.mkdir()
    (real / "ssh").write_text('#!/bin/sh\necho "$@"\n')
    (real / "ssh").chmod(0o755)
    wrapper = tmp_path / "lab" / "bin"
    told = subprocess.run(
        ["ssh", "-l", "root", "a1.lab", "two words"],
        env={"PATH": f"{wrapper}:{real}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert told == f"-F {tmp_path / 'lab' / 'ssh_config'} -l root a1.lab two words\n"


@pytest.mark.usefixtures("stands")
def test_the_inventory_holds_ids_and_no_secret() -> None:
    told = _run("inventory").output
    assert json.loads(told)["hosts"]["a1"]["machine"] == "a1-3f2a9c10"
    assert SEED not in told


@pytest.mark.usefixtures("stands")
def test_the_summary_ends_with_the_ways_on() -> None:
    told = _run("summary").output
    assert "fine" in told
    assert "make down" in told


@pytest.mark.usefixtures("stands")
@pytest.mark.parametrize(("failures", "status"), [([], 0), (["one"], 3)])
def test_verify_s_exit_status_tells_whether_the_network_is_as_planned(
    monkeypatch: pytest.MonkeyPatch, failures: list[str], status: int
) -> None:
    fault = {
        "cause": "route-missing",
        "where": "table main",
        "what": "no entry",
        "hint": "up",
        "evidence": "",
    }
    broken = [{"fault": fault, "pairs": [["a1", "b1"]], "checks": ["tcp"]} for _ in failures]
    report = Report.from_dict({**ANSWER, "failures": broken})
    monkeypatch.setattr(check, "verify", lambda *_: report)
    done = _run("verify", "--json")
    assert done.exit_code == status
    assert json.loads(done.stdout)["ok"] is (status == 0)


@pytest.mark.usefixtures("stands")
def test_an_error_of_ours_is_one_message_and_status_1(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise VerifyFailed(where="a1", what="no busybox", hint="use our image")

    monkeypatch.setattr(check, "verify", fail)
    done = _run("verify")
    assert done.exit_code == 1
    assert done.stderr == "error: a1: no busybox; use our image\n"


@pytest.mark.usefixtures("stands")
def test_a_host_that_is_not_there_is_answered_with_those_that_are() -> None:
    done = _run("ssh", "lab", "a2")
    assert done.exit_code == 1
    assert "no such host: found a2, wanted a1, b1" in done.stderr


@pytest.mark.parametrize("name", ["lab.svg", "lab.html"])
def test_the_picture_takes_its_form_from_the_name(plan: Plan, name: str) -> None:
    drawn = drawing.draw(read_stack_file(stack_file("lab")), {}, Path(name))
    assert all(slot.name in drawn for slot in plan.slots)


def test_a_picture_of_another_form_is_refused() -> None:
    done = _run("graph", "--out", "lab.png")
    assert done.exit_code == 1
    assert "wanted .html or .svg" in done.stderr


def test_every_command_says_what_it_does() -> None:
    told = subprocess.run([ROOT / "fairway", "--help"], capture_output=True, text=True, check=True)
    for name, command in cli.main.commands.items():
        assert f"  {name} " in told.stdout
        assert command.get_short_help_str()
