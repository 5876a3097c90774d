"""What `make` asks of the engine on a cloud, and locks on a computer without /proc."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from components.errors import SetupError
from scripts import locks, stack, workspace
from scripts.progress import Step

AWS_FILE = 'config:\n  fairway:cloud: "aws"\n'


class Runs:
    """Every command that would have run; each ends with the status noted for its first words."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.ends: dict[str, int] = {}

    def __call__(self, words: Sequence[str]) -> int:
        line = " ".join(words).replace(f"{workspace.ROOT}/", "")
        self.lines.append(line)
        return next((end for start, end in self.ends.items() if line.startswith(start)), 0)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Runs:
    """A checkout with a stack of each kind, and an engine that only notes what it is told."""
    found = Runs()
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.prod.yaml").write_text(AWS_FILE)
    (tmp_path / "stacks" / "Pulumi.lab.yaml").write_text("config: {}\n")
    monkeypatch.setattr(workspace, "STACKS", tmp_path / "stacks")
    monkeypatch.setattr(stack, "FAIRWAY", tmp_path / ".fairway")
    monkeypatch.setattr(stack, "run", found)
    monkeypatch.setattr(stack, "select", lambda *_, **__: True)
    monkeypatch.setattr(locks, "release_stale", lambda _: None)
    tell(monkeypatch)
    return found


def tell(monkeypatch: pytest.MonkeyPatch, *resources: dict[str, Any]) -> None:
    """Let the engine's state hold these resources."""
    exported = {"version": 3, "deployment": {"resources": list(resources)}}
    told = subprocess.CompletedProcess([], 0, json.dumps(exported), "")
    monkeypatch.setattr(stack, "quietly", lambda _: told)


QUIET = " ".join(stack.QUIET)


def test_a_cloud_is_looked_at_before_and_proven_after_every_up(runs: Runs) -> None:
    assert stack.up("prod") == 0
    assert runs.lines == [
        f"pulumi up --yes --refresh {QUIET} --stack prod",
        "fairway verify prod",
        "fairway summary prod --no-report",
    ]


def test_a_network_that_is_not_as_planned_is_the_up_s_status_and_the_ways_in_are_told(
    runs: Runs,
) -> None:
    runs.ends["fairway verify"] = 3
    assert stack.up("prod") == 3
    assert runs.lines[-1].startswith("fairway summary")


@pytest.mark.parametrize("name", ["prod", "lab"])
def test_after_an_up_that_failed_nothing_is_proven(runs: Runs, name: str) -> None:
    runs.ends["pulumi up"] = 255
    assert stack.up(name) == 255
    assert len(runs.lines) == 1


def test_a_preview_of_a_cloud_looks_too(runs: Runs) -> None:
    stack.preview("prod")
    assert runs.lines == [f"pulumi preview --refresh {QUIET} --stack prod"]


def test_on_the_lab_our_own_plugin_looks_and_proves(runs: Runs) -> None:
    assert stack.up("lab") == 0
    stack.preview("lab")
    assert runs.lines == [
        f"pulumi up --yes {QUIET} --stack lab",
        "fairway summary lab",
        f"pulumi preview {QUIET} --stack lab",
    ]


def resource(name: str, *, protect: bool = False) -> dict[str, Any]:
    urn = f"urn:pulumi:prod::fairway::aws:ec2/vpc:Vpc::{name}"
    return {"urn": urn, "type": "aws:ec2/vpc:Vpc", **({"protect": True} if protect else {})}


def test_a_protected_stack_is_not_destroyed_and_the_way_to_it_is_told(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = [resource(f"kept{number}", protect=True) for number in range(6)]
    tell(monkeypatch, resource("free"), *kept)
    monkeypatch.setattr(stack, "ROOT", workspace.STACKS.parent)
    with pytest.raises(SetupError) as caught:
        stack.down("prod")
    assert str(caught.value) == (
        "stack prod: it is protected against deletion: found kept0, kept1, kept2, kept3 and 2 more"
        " protected, wanted `protect: false` under fairway:aws; write that into"
        " stacks/Pulumi.prod.yaml, run `make up STACK=prod`, then `make down STACK=prod` again"
    )
    assert runs.lines == []


def test_a_stack_that_nothing_protects_is_destroyed(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(monkeypatch, resource("free"))
    assert stack.down("prod") == 0
    assert runs.lines == [f"pulumi destroy --yes {QUIET} --stack prod"]


@pytest.mark.parametrize(
    ("kind", "told"), [("aws:ec2/instance:Instance", True), ("fairway:swarm:Node", False)]
)
def test_what_a_killed_run_may_have_left_in_a_cloud_is_told(
    runs: Runs,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: str,
    told: bool,
) -> None:
    pending = {"resource": {"urn": f"urn:pulumi:prod::fairway::{kind}::a1", "type": kind}}
    exported = {"version": 3, "deployment": {"pending_operations": [pending]}}
    answer = subprocess.CompletedProcess([], 0, json.dumps(exported), "")
    monkeypatch.setattr(stack, "quietly", lambda _: answer)
    monkeypatch.setattr(Step, "run", lambda *_, **__: None)

    stack.up("prod")

    said = capsys.readouterr().out
    assert "killed while making a1" in said
    assert ("fairway:environment=prod" in said) == told
    assert runs.lines[0].startswith("pulumi up")


def test_a_state_that_cannot_be_read_is_the_engine_s_to_tell(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = subprocess.CompletedProcess([], 255, "", "error: passphrase")
    monkeypatch.setattr(stack, "quietly", lambda _: refused)
    runs.ends["pulumi destroy"] = 255
    assert stack.down("prod") == 255


@pytest.fixture
def without_proc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A Mac's file system, with a local backend."""
    monkeypatch.setattr(locks, "PROC", tmp_path / "proc")
    monkeypatch.setenv("PULUMI_BACKEND_URL", tmp_path.as_uri())
    folder = tmp_path / ".pulumi" / "locks" / "organization" / "fairway" / "prod"
    folder.mkdir(parents=True)
    return folder


def locked(folder: Path, pid: int, taken: str = "") -> Path:
    path = folder / "1.json"
    holder = {"pid": pid, "username": "me", "hostname": os.uname().nodename}
    path.write_text(json.dumps({**holder, "timestamp": taken or datetime.now(UTC).isoformat()}))
    return path


def test_without_proc_the_lock_of_a_living_process_stays(without_proc: Path) -> None:
    path = locked(without_proc, os.getpid(), taken="2001-01-01T00:00:00Z")
    with pytest.raises(SetupError, match=r"another run .*pulumi cancel --yes --stack prod"):
        locks.release_stale("prod")
    assert path.exists()


def test_without_proc_the_lock_of_a_dead_process_is_released(without_proc: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    path = locked(without_proc, gone.pid)
    locks.release_stale("prod")
    assert not path.exists()


def test_without_proc_somebody_else_s_process_counts_as_alive(
    without_proc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(pid: int, number: int) -> None:
        raise PermissionError(pid, number)

    monkeypatch.setattr(os, "kill", refuse)
    path = locked(without_proc, 1)
    with pytest.raises(SetupError):
        locks.release_stale("prod")
    assert path.exists()
