"""The host's own scripts, run in a real shell with stand-ins for what they call."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

import components.host

FILES = Path(components.host.__file__).parent / "files"
KEY_OF_DOCKER = "9DC858229FC7DD38854AE2D88D81803C0EBFCD88"
FACTS = "GWBRIDGE=192.168.214.0/24\nDOCKER_VERSION=28.5.2\n"
RELEASE = "ID=debian\nVERSION_ID=13\nVERSION_CODENAME=trixie\n"


@dataclass
class Bench:
    """A PATH of stand-ins that write down how they were called."""

    place: Path

    def stand_in(self, name: str, script: str = "") -> None:
        path = self.place / "bin" / name
        path.write_text(f'#!/bin/sh\necho {name} "$@" >>"{self.place}/calls"\n{script}\n')
        path.chmod(0o755)

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", str(FILES / script)],
            env={
                "PATH": f"{self.place}/bin:{self.place}/tools",
                "FAIRWAY_FACTS": str(self.place / "host.env"),
                "FAIRWAY_ETC": str(self.place / "etc"),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def calls(self) -> list[str]:
        path = self.place / "calls"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    for name in ("bin", "tools", "etc/apt/sources.list.d"):
        (tmp_path / name).mkdir(parents=True)
    for tool in ("mkdir", "awk", "cat"):  # nothing else of this computer is in reach
        (tmp_path / "tools" / tool).symlink_to(_which(tool))
    (tmp_path / "host.env").write_text(FACTS)
    (tmp_path / "etc/os-release").write_text(RELEASE)
    made = Bench(tmp_path)
    made.stand_in("systemctl")
    made.stand_in("apt-get")
    made.stand_in("apt-mark")
    made.stand_in("curl")
    made.stand_in("gpg", f"echo pub:-:4096:1:8D81803C0EBFCD88:\necho fpr:::::::::{KEY_OF_DOCKER}:")
    return made


def _which(tool: str) -> Path:
    found = [Path(p) / tool for p in os.environ["PATH"].split(":") if (Path(p) / tool).exists()]
    return found[0].resolve()


@pytest.mark.parametrize("script", sorted(path.name for path in FILES.glob("fairway-*[!e]")))
def test_every_script_is_one_that_a_posix_shell_understands(script: str) -> None:
    subprocess.run(["sh", "-n", str(FILES / script)], check=True)


def test_an_image_with_docker_installs_nothing_and_asks_no_network(bench: Bench) -> None:
    bench.stand_in("dockerd")
    run = bench.run("fairway-setup")
    assert run.returncode == 0, run.stderr
    assert bench.calls == [
        "systemctl daemon-reload",
        "systemctl enable --quiet fairway-rules.service fairway-gwbridge.service",
        "systemctl restart fairway-rules.service",
        "systemctl restart fairway-gwbridge.service",
    ]


def test_an_image_without_docker_gets_dockers_own_pinned_and_held_after_the_rules(
    bench: Bench,
) -> None:
    run = bench.run("fairway-setup")
    assert run.returncode == 0, run.stderr
    release = "5:28.5.2-1~debian.13~trixie"
    install = f"apt-get -qy install docker-ce={release} docker-ce-cli={release} containerd.io"
    rules = "systemctl restart fairway-rules.service"
    assert bench.calls.index(rules) < bench.calls.index(install)
    assert "apt-mark hold docker-ce docker-ce-cli containerd.io" in bench.calls
    source = (bench.place / "etc/apt/sources.list.d/docker.list").read_text()
    assert source.startswith("deb [signed-by=")
    assert source.endswith("/linux/debian trixie stable\n")


@pytest.mark.parametrize(
    "gpg", ["echo fpr:::::::::0000:", f"echo pub:::\necho fpr:::::::::{KEY_OF_DOCKER[:-1]}9:", ""]
)
def test_another_key_than_dockers_is_not_trusted(bench: Bench, gpg: str) -> None:
    bench.stand_in("gpg", gpg)
    run = bench.run("fairway-setup")
    assert run.returncode == 1
    assert "Docker is not installed" in run.stderr
    assert not any("docker-ce" in call for call in bench.calls)
    assert not (bench.place / "etc/apt/sources.list.d/docker.list").exists()


def test_two_keys_where_docker_has_one_are_not_trusted(bench: Bench) -> None:
    more = f"echo pub:::\necho fpr:::::::::{KEY_OF_DOCKER}:\necho pub:::\necho fpr:::::::::0123:"
    bench.stand_in("gpg", more)
    assert bench.run("fairway-setup").returncode == 1


def test_a_unit_that_fails_makes_the_first_boot_fail(bench: Bench) -> None:
    bench.stand_in("dockerd")
    bench.stand_in("systemctl", 'case "$*" in *restart*) exit 1 ;; esac')
    assert bench.run("fairway-setup").returncode == 1


def test_swarms_bridge_is_made_in_its_planned_range(bench: Bench) -> None:
    bench.stand_in("docker", '[ "$2" != inspect ]')
    run = bench.run("fairway-gwbridge")
    assert run.returncode == 0, run.stderr
    assert "--subnet 192.168.214.0/24" in bench.calls[-1]
    assert "com.docker.network.bridge.name=docker_gwbridge" in bench.calls[-1]


def test_swarms_bridge_in_its_range_is_left_alone(bench: Bench) -> None:
    bench.stand_in("docker", "echo 192.168.214.0/24")
    assert bench.run("fairway-gwbridge").returncode == 0
    assert [call.split()[2] for call in bench.calls] == ["inspect"]


def test_swarms_bridge_elsewhere_is_made_anew_while_nothing_uses_it(bench: Bench) -> None:
    bench.stand_in("docker", '[ "$2" != inspect ] || echo 172.17.0.0/16')
    assert bench.run("fairway-gwbridge").returncode == 0
    assert [call.split()[2] for call in bench.calls] == ["inspect", "rm", "create"]


def test_swarms_bridge_elsewhere_and_in_use_is_an_error_that_names_both(bench: Bench) -> None:
    script = "case $2 in inspect) echo 172.17.0.0/16 ;; rm) exit 1 ;; esac"
    bench.stand_in("docker", script)
    run = bench.run("fairway-gwbridge")
    assert run.returncode == 1
    assert "has 172.17.0.0/16, planned is 192.168.214.0/24" in run.stderr


def test_an_unknown_mode_of_the_rules_is_refused(bench: Bench) -> None:
    assert bench.run("fairway-rules").returncode == 64
