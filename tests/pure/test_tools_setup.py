"""What `make` does before and around the engine."""

from __future__ import annotations

import io
import json
import os
import re
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from components.errors import ConfigError, SetupError
from scripts import images, locks, pulumi_cli, salt, stack, steps, system, workspace
from scripts.lock import LOCKS
from scripts.progress import Step, span
from scripts.workspace import ROOT


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (12.4, "12 s"), (59.6, "1 min 00 s"), (161, "2 min 41 s")],
)
def test_a_duration_reads_as_a_person_says_it(seconds: float, text: str) -> None:
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v3.220.0\n", (3, 220, 0)),
        ("go version go1.24.4 linux/amd64", (1, 24, 4)),
        ("go version go1.25 linux/arm64", (1, 25, 0)),
        ("", None),
    ],
)
def test_versions_are_read_from_what_programs_say(text: str, version: tuple[int, ...]) -> None:
    assert pulumi_cli.parse_version(text) == version


@pytest.mark.parametrize(
    ("said", "fits"),
    [("v3.220.0", True), ("v3.299.1", True), ("v3.219.9", False), ("v4.0.0", False), ("", False)],
)
def test_an_engine_fits_by_its_version(tmp_path: Path, said: str, fits: bool) -> None:
    pulumi = tmp_path / "pulumi"
    pulumi.write_text(f"#!/bin/sh\necho '{said}'\n")
    pulumi.chmod(0o755)
    assert bool(pulumi_cli.engine_version(pulumi)) is fits


def test_a_user_s_own_backend_and_passphrase_are_left_alone() -> None:
    added = workspace.environment({"PATH": "/bin", "PULUMI_BACKEND_URL": "s3://team"})
    assert not {"PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE_FILE"} & set(added)
    own = workspace.environment({"PATH": "/bin", "PULUMI_CONFIG_PASSPHRASE": "x"})
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in own
    assert own["PULUMI_BACKEND_URL"].startswith("file:///")


def test_activating_twice_changes_nothing() -> None:
    once = {"PATH": "/bin", **workspace.environment({"PATH": "/bin"})}
    assert {**once, **workspace.environment(once)} == once


def test_activate_gives_a_shell_what_make_gives_the_engine() -> None:
    shown = subprocess.run(
        ["sh", "-c", ". ./activate; echo $PULUMI_BACKEND_URL"],
        cwd=ROOT,
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == workspace.STATE.as_uri()


def test_the_passphrase_is_random_for_its_owner_only_and_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "STATE", tmp_path / "state")
    monkeypatch.setattr(workspace, "PASSPHRASE", tmp_path / "passphrase")
    assert workspace.make_backend()
    made = (tmp_path / "passphrase").read_text()
    assert len(made) > 40
    assert stat.S_IMODE((tmp_path / "passphrase").stat().st_mode) == 0o600
    assert not workspace.make_backend()
    assert (tmp_path / "passphrase").read_text() == made


def test_a_stack_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match=r"Pulumi\.lba\.yaml: no such stack: .*wanted .*lab"):
        workspace.stack_file("lba")


def test_the_engine_s_salt_is_kept_and_its_formatting_is_not() -> None:
    ours = "config:\n  a: b    # why\n"
    engine_s = "config:\n  a: b # why\nencryptionsalt: v1:x\n"
    salted = ours + "encryptionsalt: v1:x\n"
    assert salt.of_text(ours, engine_s) == salted
    assert salt.of_text(salted, engine_s) == salted
    assert salt.of_text(ours, ours) == ours


@pytest.mark.parametrize("held", ["config:\n  a: false\n", "config: {}\nsecretsprovider: x\n"])
def test_a_fresh_checkout_takes_the_salt_of_the_state_and_only_where_one_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: str
) -> None:
    file = tmp_path / "Pulumi.lab.yaml"
    file.write_text(held)
    monkeypatch.setattr(workspace, "STACKS", tmp_path)
    secrets = {"type": "passphrase", "state": {"salt": "v1:of the state"}}
    told = json.dumps({"deployment": {"secrets_providers": secrets}})
    monkeypatch.setattr(
        stack, "quietly", lambda _: subprocess.CompletedProcess([], 0, f"a word\n{told}", "")
    )

    stack.give_salt("lab")
    stack.give_salt("lab")

    added = "" if "secretsprovider" in held else "encryptionsalt: v1:of the state\n"
    assert file.read_text() == held + added


@pytest.mark.parametrize("told", ["", '{"deployment": null}', '{"deployment": {}}'])
def test_a_stack_without_a_state_has_no_salt_to_give(tmp_path: Path, told: str) -> None:
    file = tmp_path / "Pulumi.lab.yaml"
    file.write_text("config: {}\n")

    salt.of_state(file, told)

    assert file.read_text() == "config: {}\n"


def test_the_default_stack_is_a_lab_and_boots_the_default_image() -> None:
    assert workspace.cloud_of("lab") == "lab"
    assert images.images_of("lab") == ["trixie"]


def test_a_step_without_a_terminal_writes_one_line_and_no_control_characters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("scripts.progress.QUIET_FOR", 3600.0)
    out = io.StringIO()
    with Step("engine", out=out) as step:
        step.done = "built from its modules"
    assert re.fullmatch(r"engine +built from its modules +(\d+ min )?[\d.]+ s\n", out.getvalue())


def test_a_long_step_gives_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.progress.QUIET_FOR", 0.0)
    monkeypatch.setattr("scripts.progress.EVERY", 0.0)
    monkeypatch.setattr("scripts.progress.BLINK", 0.001)
    out = io.StringIO()
    with Step("image", out=out) as step:
        step.detail = "unpacking"
        _until(lambda: "unpacking" in out.getvalue())


def test_a_step_that_fails_says_so_and_shows_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.progress.LOGS", ROOT / ".fairway" / "test-logs" / tmp_path.name)
    monkeypatch.setattr("scripts.progress.QUIET_FOR", 3600.0)
    out = io.StringIO()
    with pytest.raises(SetupError, match="status 3") as caught, Step("engine", out=out) as step:
        step.run(["sh", "-c", "echo the reason; exit 3"])
    assert "the reason" in str(caught.value)
    assert out.getvalue().startswith("engine        failed")


def test_a_command_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.progress.LOGS", ROOT / ".fairway" / "test-logs")
    with pytest.raises(SetupError, match="failed"), Step("engine", out=io.StringIO()) as step:
        step.run(["sleep", "600"], timeout=0.05)


def test_missing_packages_are_named_by_what_they_bring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "_present", lambda token: token not in {"nft", "iptables"})
    assert system.missing_packages(lab=True) == ["nftables"]
    assert system.missing_packages(lab=False) == []
    assert system.missing_packages(lab=True, tests=True) == ["nftables", "iptables"]


def test_who_cannot_install_packages_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(system, "_present", lambda _: False)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(SetupError, match="sudo apt-get install python3-venv"):
        system.install_packages(lab=False)
    with pytest.raises(SetupError, match="wanted root"):
        system.install_packages(lab=True)
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(SetupError, match="no apt-get"):
        system.install_packages(lab=False)


def test_a_computer_that_has_no_chromium_to_install_is_told_and_gets_the_rest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(system, "_present", lambda token: token not in system.FOR_BROWSER)
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    system.install_packages(lab=False, tests=True)

    assert system.missing_browser() == ["chromium", "chromium-driver"]
    told = capsys.readouterr().err
    assert "tests/browser will not run" in told
    assert "sudo apt-get install chromium chromium-driver" in told


def _lock(folder: Path, **fields: object) -> Path:
    path = folder / ".pulumi" / "locks" / "organization" / "fairway" / "lab" / "1.json"
    path.parent.mkdir(parents=True)
    now = datetime.now(UTC).isoformat()
    told = {"pid": os.getpid(), "username": "me", "hostname": os.uname().nodename}
    path.write_text(json.dumps({**told, "timestamp": now, **fields}))
    return path


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PULUMI_BACKEND_URL", tmp_path.as_uri())
    return tmp_path


def test_the_lock_of_a_living_process_stays_and_is_named(backend: Path) -> None:
    path = _lock(backend)
    with pytest.raises(SetupError, match=rf"another run .*process {os.getpid()} of me"):
        locks.release_stale("lab")
    assert path.exists()


def test_the_lock_of_a_dead_process_is_released(
    backend: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    path = _lock(backend, pid=gone.pid)
    locks.release_stale("lab")
    assert not path.exists()
    assert f"process {gone.pid} of me" in capsys.readouterr().out


def test_a_lock_older_than_the_process_of_its_number_is_stale(backend: Path) -> None:
    path = _lock(backend, timestamp="2001-01-01T00:00:00.123456789Z")
    locks.release_stale("lab")
    assert not path.exists()


def test_the_lock_of_another_computer_is_named_and_stays(backend: Path) -> None:
    path = _lock(backend, hostname="elsewhere", pid=1, timestamp="2033-05-18T03:33:20Z")
    told = r"by process 1 of me on elsewhere, since 2033-05-18 03:33:20 UTC .*`pulumi cancel"
    with pytest.raises(SetupError, match=told):
        locks.release_stale("lab")
    assert path.exists()


def test_a_process_knows_when_it_started() -> None:
    began = locks.started(os.getpid())
    assert began is not None
    assert 0 <= time.time() - began < 86400
    assert locks.started(2**22 + 1) is None


def test_every_direct_dependency_is_locked_with_hashes() -> None:
    for asked, lock in LOCKS.items():
        locked = (ROOT / lock).read_text()
        for line in (ROOT / asked).read_text().splitlines():
            name = re.match(r"[a-z0-9][a-z0-9-]*", line)
            if name:
                assert re.search(rf"^{name[0]}==\S+ \\\n +--hash=sha256:", locked, re.MULTILINE)


def test_make_alone_lists_every_command() -> None:
    told = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert len(targets) > 8
    assert all(f"make {target} " in told for target in targets)


def test_a_command_s_status_is_handed_on() -> None:
    assert stack.run([sys.executable, "-c", "raise SystemExit(7)"]) == 7


def _until(holds: object, patience: float = 120.0) -> None:
    assert callable(holds)
    limit = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.001)


def test_only_a_stack_on_a_cloud_installs_that_clouds_sdk() -> None:
    assert steps.lock_files("lab", tests=False) == ["requirements.txt"]
    assert steps.lock_files("aws", tests=False) == ["requirements.txt", "requirements-aws.txt"]
    assert set(steps.CLOUD_LOCKS.values()) < set(steps.lock_files("lab", tests=True))
    for lock in steps.lock_files("lab", tests=True):
        assert (workspace.ROOT / lock).is_file()
