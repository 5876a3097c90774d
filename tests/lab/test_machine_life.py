"""Real machines: they boot, reboot, stop, lose power, and leave nothing behind."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from components.errors import LabConflict, LabError
from lab import cgroup, locks, machine
from lab.image import ensure_image
from lab.place import LABS, Place
from tests.support.machines import LAB, eventually, inside, spec, traces

NOTHING: dict[str, list[str]] = {
    "mounts": [],
    "namespaces": [],
    "processes": [],
    "cgroups": [],
    "nspawn": [],
    "disks": [],
}


def remove_all() -> None:
    for name in machine.present(LAB):
        machine.destroy(LAB, name)
    locks.forget(LAB)
    shutil.rmtree(LABS / LAB, ignore_errors=True)


@pytest.fixture(autouse=True)
def nothing_stays(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(machine, "BOOT_LIMIT", 600.0)
    remove_all()
    yield
    remove_all()
    assert traces() == NOTHING


def without_disk(seen: dict[str, list[str]]) -> dict[str, list[str]]:
    return seen | {"disks": []}


@pytest.mark.parametrize(
    ("image", "engine"), [("bookworm", "20.10"), ("trixie", "26.1"), ("sid", "28.")]
)
def test_a_machine_of_each_release_boots_to_its_docker_and_nothing_failed(
    image: str, engine: str
) -> None:
    heard: list[str] = []
    now = machine.start(spec("a1", image=image), report=heard.append)
    assert (now.state, now.docker, now.id) == ("running", True, "a1-00000001")
    assert heard[-2:] == ["booting", "Docker answers"]
    assert inside("a1", "docker", "version", "--format", "{{.Server.Version}}").startswith(engine)
    assert inside("a1", "hostname") == "a1"
    assert inside("a1", "cloud-init", "status", "--wait").endswith("status: done")
    eventually(
        "the machine's boot is over",
        lambda: inside("a1", "sh", "-c", "systemctl is-system-running || true") == "running",
    )


def test_a_machine_reads_its_user_data_and_nobody_else_can() -> None:
    text = "#cloud-config\nwrite_files:\n- {path: /root/told, content: secret}\n"
    machine.start(spec("a1", user_data=text))
    eventually("cloud-init writes the file", lambda: "told" in inside("a1", "ls", "/root"))
    assert inside("a1", "cat", "/root/told") == "secret"
    here = Place(LAB, "a1")
    seed = here.root / "var/lib/cloud/seed/nocloud/user-data"
    for private in (here.path / "spec.json", seed, here.console):
        assert private.stat().st_mode & 0o077 == 0
    assert here.path.stat().st_mode & 0o077 == 0


def test_a_machine_can_change_settings_of_its_own_network_only() -> None:
    before = Path("/proc/sys/kernel/pid_max").read_text()
    machine.start(spec("a1"))
    assert inside("a1", "sysctl", "-n", "-w", "net.ipv4.ip_forward=1") == "1"
    refused = inside("a1", "sh", "-c", "sysctl -w kernel.pid_max=99999 2>&1 || true")
    assert "permission denied" in refused
    assert Path("/proc/sys/kernel/pid_max").read_text() == before


def test_a_reboot_inside_comes_back_with_its_disk_but_in_a_fresh_namespace() -> None:
    first = machine.start(spec("a1"))
    namespace = Path("/run/netns", Place(LAB, "a1").netns)
    before = namespace.stat().st_ino
    inside("a1", "sh", "-c", "echo kept > /root/mark; iptables -t raw -N FAIRWAY-MARK; sync")
    inside("a1", "systemctl", "--no-block", "reboot")
    eventually("a second boot", lambda: machine.status(LAB, "a1").boots == 2)
    eventually("Docker in the second boot", lambda: machine.status(LAB, "a1").docker)
    assert machine.status(LAB, "a1").init != first.init
    assert namespace.stat().st_ino != before
    assert inside("a1", "cat", "/root/mark") == "kept"
    assert "FAIRWAY-MARK" not in inside("a1", "iptables", "-t", "raw", "-S")


def test_a_machine_without_power_leaves_only_its_disk_and_boots_from_it_again() -> None:
    machine.start(spec("a1"))
    inside("a1", "sh", "-c", "echo kept > /root/mark")
    assert machine.kill(LAB, "a1").state == "stopped"
    assert without_disk(traces()) == NOTHING
    assert machine.start_again(LAB, "a1").docker
    assert inside("a1", "cat", "/root/mark") == "kept"


def test_a_clean_stop_ends_with_status_0_and_leaves_only_the_disk() -> None:
    machine.start(replace(spec("a1"), grace=300.0))
    now = machine.stop(LAB, "a1")
    assert (now.state, now.exit) == ("stopped", 0)
    assert without_disk(traces()) == NOTHING
    assert machine.stop(LAB, "a1").state == "stopped"


def test_a_machine_that_powers_itself_off_is_tidied_by_its_keeper_alone() -> None:
    machine.start(spec("a1"))
    inside("a1", "systemctl", "--no-block", "poweroff")
    eventually("the keeper has ended", lambda: machine.status(LAB, "a1").state == "stopped")
    assert without_disk(traces()) == NOTHING


def test_starting_what_runs_changes_nothing_and_another_id_is_refused() -> None:
    first = machine.start(spec("a1"))
    again = machine.start(spec("a1"))
    assert (again.init, again.boots) == (first.init, 1)
    with pytest.raises(LabConflict, match="a1-00000002"):
        machine.start(replace(spec("a1"), id="a1-00000002"))


def test_a_machine_whose_keeper_was_killed_still_runs_or_boots_again_and_can_be_removed() -> None:
    first = machine.start(spec("a1"))
    kept_by = Place(LAB, "a1").record().keeper
    assert kept_by is not None
    kept_by.signal(signal.SIGKILL)
    assert kept_by.wait(300)
    again = machine.start(spec("a1"))
    assert again.docker
    # Where systemd is in charge it ends the machine with its keeper, and this is a new boot.
    assert (again.init == first.init) is not cgroup.uses_units()
    machine.destroy(LAB, "a1")
    assert traces() == NOTHING


def test_a_machine_whose_record_is_lost_is_found_by_its_label_and_removed() -> None:
    machine.start(spec("a1"))
    here = Place(LAB, "a1")
    kept_by = here.record().keeper
    assert kept_by is not None
    kept_by.signal(signal.SIGKILL)
    assert kept_by.wait(300)
    here.forget()
    assert machine.present(LAB) == ["a1"]
    machine.destroy(LAB, "a1")
    assert traces() == NOTHING


def test_a_service_killed_in_one_machine_lives_on_in_another() -> None:
    with ThreadPoolExecutor() as pool:
        list(pool.map(machine.start, [spec("a1"), spec("b1")]))
    inside("a1", "systemctl", "kill", "--signal=KILL", "docker")

    def restarts(name: str) -> str:
        return inside(name, "systemctl", "show", "--property=NRestarts", "--value", "docker")

    eventually("the killed one is restarted", lambda: restarts("a1") == "1")
    assert restarts("b1") == "0"
    eventually("the other's Docker answers", lambda: machine.status(LAB, "b1").docker)


def test_a_machine_that_cannot_boot_is_named_with_its_last_words_and_leaves_its_disk_only() -> None:
    here = Place(LAB, "a1")
    here.prepare(spec("a1"), ensure_image("trixie", report=lambda _: None))
    broken = here.path / "upper/usr/lib/systemd/systemd"
    broken.parent.mkdir(parents=True)
    broken.write_text("no program")
    broken.chmod(0o755)
    with pytest.raises(LabError, match="machine a1 of lab t1machines") as caught:
        machine.start(spec("a1"))
    assert "Exec format error" in str(caught.value)
    assert "console.log" in str(caught.value)
    eventually("the keeper has tidied", lambda: without_disk(traces()) == NOTHING)


def test_a_network_that_cannot_be_made_is_the_reason_given() -> None:
    with pytest.raises(LabError, match="attach failed: OSError: no cable"):
        machine.start(replace(spec("a1"), wiring="tests.support.no_cable"))


def test_a_command_for_a_machine_that_is_off_is_refused() -> None:
    with pytest.raises(LabError, match="it is not running: found absent"):
        machine.shell_command(LAB, "a1")


def test_a_machine_that_does_not_end_is_cut_off_after_the_grace() -> None:
    machine.start(replace(spec("a1"), grace=2.0))
    slow = "[Service]\\nExecStop=/bin/sleep 60\\nTimeoutStopSec=60\\n"
    drop_in = "/run/systemd/system/ssh.service.d"
    inside("a1", "sh", "-c", f"mkdir {drop_in} && printf '{slow}' > {drop_in}/slow.conf")
    inside("a1", "systemctl", "daemon-reload")
    now = machine.stop(LAB, "a1")
    assert now.state == "stopped"
    assert now.exit != 0
    assert without_disk(traces()) == NOTHING
