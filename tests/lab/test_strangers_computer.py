"""A stranger's computer: a machine with systemd as its init, a clone, and the README's commands.

The computer that these tests run on may have another init and another cgroup hierarchy than most
users have. So a machine of the lab plays a user's computer, and builds a lab inside itself. It
fetches packages as a user would; engine and image are brought along, for they take minutes.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from components.remote.wait import Deadline
from lab import machine
from lab.image import ensure_image
from lab.lab import Lab
from lab.model import Machine, RouteTable, Rule, SecurityGroup, Vpc, VSwitch
from lab.place import Place
from scripts.workspace import ROOT, TOOLS
from tests.support.machines import eventually

LAB = "tstranger"
ME = "me"
CACHE = Path("/var/lib/fairway/cache")  # a real disk: the computer's root is an overlay
CLONE = "/root/fairway"
TRUSTED = "/etc/ssl/certs/ca-certificates.crt"
LOOK = """
ip -o link | cut -d' ' -f2; ip route show table all | grep -v '^broadcast\\|^local' | sort
ip rule; ls /run/netns 2>/dev/null; nft list tables
sysctl -a 2>/dev/null | grep -e '\\.forwarding =' -e inotify
cut -d' ' -f5 /proc/self/mountinfo | grep fairway/labs; systemctl list-units --plain 'fairway-*'
ls /var/lib/fairway/labs /sys/fs/cgroup/machine.slice 2>/dev/null
ps -eo args | grep -e 'lab[.]keeper' -e 'systemd-nspaw[n]' -e 'pulum[i]'
true
"""


class Stranger:
    """The computer, and a shell on it."""

    def run(self, script: str, *, minutes: float = 60) -> str:
        home = f"export HOME=/root SSL_CERT_FILE={TRUSTED} PIP_CERT={TRUSTED}"
        words = machine.shell_command(LAB, ME, "bash", "-lc", f"{home}\n{script}")
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=minutes * 60,
        )
        assert done.returncode == 0, f"{script}: status {done.returncode}\n{done.stdout}"
        return done.stdout

    def make(self, target: str) -> str:
        return self.run(f"cd {CLONE} && make {target}")


@pytest.fixture(scope="module")
def stranger() -> Iterator[Stranger]:
    lab = Lab.open(LAB)
    try:
        _build(lab)
        _bring_along(Place(LAB, ME))
        computer = Stranger()
        computer.run("apt-get update -q && apt-get install -qy git make python3")
        yield computer
    finally:
        lab.sweep()


def _build(lab: Lab) -> None:
    anywhere = Rule(direction="in", source=IPv4Network("0.0.0.0/0"))
    lab.put(
        Vpc(
            cidr=IPv4Network("10.99.0.0/16"),
            containers=IPv4Network("10.229.0.0/16"),
            uplink=IPv4Network("10.76.99.0/30"),
        )
    )
    lab.put(SecurityGroup(name="home", rules=(anywhere,)))
    lab.put(RouteTable(name="home"))
    lab.put(VSwitch(name="home", zone="a", cidr=IPv4Network("10.99.1.0/24"), table="home"))
    address = IPv4Address("10.99.1.11")
    lab.put(
        Machine(
            name=ME,
            vswitch="home",
            address=address,
            image="trixie",
            groups=("home",),
            user_data="#cloud-config\n{}\n",
        )
    )


def _bring_along(place: Place) -> None:
    """Put a clone, the engine, the machine image and whom we trust on the computer's disks."""
    shutil.copyfile(TRUSTED, place.root / TRUSTED.removeprefix("/"))
    clone = place.root / CLONE.removeprefix("/")
    subprocess.run(["git", "clone", "-q", "--no-local", ROOT, clone], check=True)
    shutil.copytree(TOOLS, clone / TOOLS.name, symlinks=True)
    image = ensure_image("trixie", report=print).resolve()
    cache = place.data(str(CACHE.parent)) / CACHE.name / "images"
    cache.mkdir(parents=True)
    # Not by hard links: each would change the image's own files' change times, by which `drift` of
    # any other lab on this computer tells what was written since a machine's first boot.
    for name in (image.parent / "trixie", image):
        subprocess.run(["cp", "-a", name, cache / name.name], check=True)
    (place.root / "var/cache/fairway").symlink_to(CACHE)


def test_make_up_builds_the_default_lab_and_make_down_leaves_the_computer_as_it_was(
    stranger: Stranger,
) -> None:
    assert stranger.run("cat /proc/1/comm; stat -fc %T /sys/fs/cgroup").split() == [
        "systemd",
        "cgroup2fs",
    ]
    stranger.make("setup")
    before = stranger.run(LOOK)

    built = stranger.make("up")
    assert "6 hosts in 3 zones: every container reaches every other" in built
    assert "29 unchanged" not in built
    verified = stranger.make("verify")
    assert "every container reaches every other" in verified
    nodes = f"cd {CLONE} && ssh -F .fairway/lab/ssh_config a1 docker node ls || true"
    eventually("six nodes are ready", lambda: stranger.run(nodes).count("Ready") == 6)
    assert "unchanged" in stranger.make("up")

    stranger.make("down")
    limit = Deadline(300)  # for processes of the engine that are about to end
    while (after := stranger.run(LOOK)) != before and not limit.passed:
        time.sleep(1)
    assert after == before
