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
from components.remote.command import Secret
from components.remote.keys import host_key, new_seed
from components.remote.session import Sessions
from components.verify import Report
from scripts import stack as engine
from scripts.cli import __main__ as cli
from scripts.cli import access, check, drawing, state
from scripts.operations import verify as proving
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


BASTION = {"bastion": "203.0.113.7"}
BILLED = {"instances": {"m7i.large": 3}, "spot_instances": {}, "disk_gib": 120, "nat_gateways": 3}


def _on_a_cloud(way: dict[str, str]) -> dict[str, Any]:
    """A state whose last `up` came no further than the first boots."""
    exported = _exported(
        _resource("fairway:swarm:Quorum", "lab", inputs={"way": way}, outputs={}),
        _resource("fairway:host:FirstBoot", "a1", inputs={"way": way}, outputs={}),
    )
    exported["deployment"]["resources"][0]["outputs"] = {"billed": BILLED}
    return exported


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


def _stand(monkeypatch: pytest.MonkeyPatch, folder: Path, way: dict[str, str]) -> None:
    told = subprocess.CompletedProcess([], 0, json.dumps(_on_a_cloud(way)), "")
    monkeypatch.setattr(engine, "quietly", lambda _: told)
    monkeypatch.setattr(access, "FAIRWAY", folder)


def _as_ssh_reads(file: Path, host: str) -> dict[str, str]:
    words = ["ssh", "-G", "-F", str(file), host]
    shown = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return dict(line.split(" ", 1) for line in shown.splitlines() if " " in line)


def test_a_stack_behind_a_bastion_is_entered_through_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _stand(monkeypatch, tmp_path, BASTION)
    assert _run("access").exit_code == 0
    config = tmp_path / "lab" / "ssh_config"

    assert _as_ssh_reads(config, "a1")["proxyjump"] == "bastion.lab"
    gate = _as_ssh_reads(config, "bastion.lab")
    assert (gate["hostname"], gate["user"]) == ("203.0.113.7", "root")
    known = (tmp_path / "lab" / "known_hosts").read_text()
    assert f"203.0.113.7,bastion.lab {host_key(Secret(SEED), 'bastion').public}\n" in known
    led: list[str] = []
    monkeypatch.setattr(os, "execvp", lambda _, words: led.extend(words))
    _run("ssh", "lab", "bastion")
    assert led[-1] == "bastion"


def test_a_stack_behind_session_manager_is_entered_by_our_tunnel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _stand(monkeypatch, tmp_path, {"ssm": "eu-central-1"})
    _run("access")
    command = _as_ssh_reads(tmp_path / "lab" / "ssh_config", "a1")["proxycommand"]
    assert command.endswith("/fairway tunnel eu-central-1 lab %h %p")


def test_what_costs_money_is_told_with_what_stands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _stand(monkeypatch, tmp_path, BASTION)
    told = _run("summary").output
    assert "what costs money: 3 x m7i.large, 120 GiB of disks, 3 NAT gateways, and" in told


def test_verify_goes_by_the_stack_s_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    question = {**QUESTION, "way": BASTION}
    told = _resource("fairway:verify:Report", "lab", inputs=question, outputs={})
    asked: list[Any] = []
    monkeypatch.setattr(check, "verify", lambda *words, **_: asked.extend(words))

    check.check("lab", state.parse("lab", _exported(told)), print)

    hosts, network, sessions, view, _ = asked
    assert [str(host.endpoint.via.address) for host in hosts] == ["203.0.113.7"] * 2
    assert str(network.outside) == "10.76.77.1"
    assert isinstance(sessions, Sessions)
    assert view is None


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
    brief = _run("summary", "--no-report").output
    assert "fine" not in brief
    assert "make down" in brief


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
    monkeypatch.setattr(check, "verify", lambda *_, **__: report)
    monkeypatch.setattr(proving, "deviations", lambda *_: ())
    done = _run("verify", "--json")
    assert done.exit_code == status
    assert json.loads(done.stdout)["ok"] is (status == 0)


@pytest.mark.usefixtures("stands")
def test_an_error_of_ours_is_one_message_and_status_1(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise VerifyFailed(where="a1", what="no busybox", hint="use our image")

    monkeypatch.setattr(check, "verify", fail)
    monkeypatch.setattr(proving, "deviations", lambda *_: ())
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
        assert (f"  {name} " in told.stdout) is not command.hidden
        assert command.get_short_help_str()
