"""Backups, restore, recovery and autolock on real machines."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from components.backup.keys import backup_key
from components.backup.names import Backup, read_listing
from components.remote.command import Secret
from components.remote.keys import seeds
from lab.lab import Lab
from lab.model import Machine
from lab.place import LABS
from tests.support.becomes import becomes
from tests.support.checkout import Checkout, lab_checkout
from tests.support.stage import config

STACK = "t12"
MANAGERS = ("a1", "b1", "c1")
HUSH = "hush hush hush hush"
MAKE = """\
printf %s "$1" | docker secret create token -
echo hello | docker config create page -
docker service create --detach --name idle --replicas 0 --secret token --config page none:none
"""
HOLDS = """\
docker info --format '{{.Swarm.Cluster.ID}}'
docker secret ls --format '{{.ID}} {{.Name}}'
docker config inspect --format '{{.ID}} {{printf "%s" .Spec.Data}}' page
docker service ls --format '{{.ID}} {{.Name}} {{.Replicas}}'
"""
STATE = "docker info --format '{{.Swarm.LocalNodeState}}'"
# Until it leaves the Swarm, the host hears of no other manager, and no other of it.
CUT_OFF = """\
systemd-run --quiet sh -c '
  for way in INPUT OUTPUT; do iptables -I $way -p tcp --dport 2377 -j DROP; done
  until docker info --format {{.Swarm.LocalNodeState}} | grep -qx inactive; do sleep 0.1; done
  for way in INPUT OUTPUT; do iptables -D $way -p tcp --dport 2377 -j DROP; done'
until iptables -C OUTPUT -p tcp --dport 2377 -j DROP 2>/dev/null; do sleep 0.1; done
"""
# Its leader may have been the one that was cut off.
LATE = """\
until docker secret inspect late >/dev/null 2>&1; do
  echo late | docker secret create late - || sleep 1
done
"""
PROCESS = "pidof dockerd"
STANDS = "cut -d' ' -f3 /proc/$(pidof dockerd)/stat"
BACKUP = "systemctl start fairway-backup; systemctl show --value -p Result fairway-backup"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    wanted = config("lab", managers="abc", workers="a", ranges=(102, 232))
    wanted |= {"autolock": True, "backup": {"every": "1d"}}
    with lab_checkout(tmp_path_factory.mktemp("backup"), STACK, wanted) as made:
        made.make("up").good()
        made.sh("a1", "sh", "-ceu", MAKE, "sh", HUSH)
        yield made


def kept() -> tuple[Backup, ...]:
    """The backups in the lab's directory."""
    folder = LABS / STACK / "backups"
    return read_listing({path.name: path.stat().st_size for path in folder.iterdir()}, STACK)


def opened(checkout: Checkout, backup: Backup, key: Secret) -> subprocess.CompletedProcess[bytes]:
    """The names in a backup, opened on this computer with this key."""
    words = "openssl cms -decrypt -binary -inform DER -inkey /dev/stdin -in $1 | tar -tzf -"
    file = LABS / STACK / "backups" / backup.name
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", words.replace("$1", str(file))],
        input=key.reveal().encode(),
        capture_output=True,
        check=False,
    )


def power_off(*names: str) -> None:
    """Take machines away with their disks, as a cloud does."""
    lab = Lab.open(STACK)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda name: lab.delete(Machine, name), names))


def test_of_all_managers_whose_timer_fires_one_makes_a_backup(checkout: Checkout) -> None:
    before = {name: checkout.sh(name, "sh", "-c", PROCESS) for name in MANAGERS}
    with ThreadPoolExecutor() as pool:
        ended = pool.map(lambda name: checkout.sh(name, "sh", "-c", BACKUP).strip(), MANAGERS)
    assert list(ended) == ["success"] * 3
    (made,) = kept()
    assert made.swarm == checkout.deployed().swarm
    # The same dockerd, and it does not stand still.
    assert {name: checkout.sh(name, "sh", "-c", PROCESS) for name in MANAGERS} == before
    assert "T" not in {checkout.sh(name, "sh", "-c", STANDS).strip() for name in MANAGERS}


def test_a_backup_is_closed_to_all_but_the_stacks_own_key(checkout: Checkout) -> None:
    (made,) = kept()
    file = LABS / STACK / "backups" / made.name
    assert file.stat().st_mode & 0o077 == 0
    assert HUSH.encode() not in file.read_bytes()
    key = backup_key(seeds(checkout.deployed().seed)[0]).private
    names = opened(checkout, made, key).stdout.decode().splitlines()
    assert {"swarm/docker-state.json", "unlock-key"} <= set(names)
    other = backup_key(Secret("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")).private
    assert opened(checkout, made, other).returncode != 0


def test_a_backup_made_now_is_listed_and_copied_still_encrypted(
    checkout: Checkout, tmp_path: Path
) -> None:
    done = checkout.fairway("backup", STACK, "--now", "--out", str(tmp_path / "copy")).good()
    newest, _ = kept()
    assert newest.name in done.text
    assert (tmp_path / "copy").stat().st_mode & 0o077 == 0
    original = (LABS / STACK / "backups" / newest.name).read_bytes()
    assert (tmp_path / "copy").read_bytes() == newest.name.encode() + b"\n" + original


def test_a_manager_that_restarts_locked_is_unlocked_by_the_next_up(checkout: Checkout) -> None:
    assert checkout.sh("b1", "sh", "-c", f"systemctl restart docker; {STATE}").strip() == "locked"
    checkout.make("up").good()
    becomes(lambda: checkout.sh("b1", "sh", "-c", STATE).strip(), "active")


def test_nothing_is_recovered_while_the_quorum_stands(checkout: Checkout) -> None:
    refused = checkout.fairway("recover", STACK, "--yes")
    assert refused.status == 1
    assert "the Swarm has its quorum" in refused.text


def test_of_two_that_survived_without_a_leader_the_one_that_knows_the_most_goes_on(
    checkout: Checkout,
) -> None:
    checkout.sh("b1", "sh", "-ceu", CUT_OFF)
    checkout.sh("c1", "sh", "-c", LATE)
    held = checkout.sh("c1", "sh", "-c", HOLDS)
    power_off("a1")
    done = checkout.fairway("recover", STACK, "--yes").good()
    assert "c1 survived" in done.text
    assert "b1 survived too: c1 knows the most" in done.text
    becomes(lambda: checkout.sh("a1", "sh", "-c", HOLDS), held)
    nodes = ("docker", "node", "ls", "--format", "{{.Hostname}} {{.Status}}")
    becomes(
        lambda: sorted(checkout.sh("a1", *nodes).splitlines()),
        ["a1 Ready", "a10 Ready", "b1 Ready", "c1 Ready"],
    )


def test_a_swarm_whose_managers_were_all_destroyed_is_back_from_a_backup_s_file(
    checkout: Checkout, tmp_path: Path
) -> None:
    held = checkout.sh("a1", "sh", "-c", HOLDS)
    file = tmp_path / "kept"
    checkout.fairway("backup", STACK, "--now", "--out", str(file)).good()
    power_off(*MANAGERS)
    done = checkout.fairway("recover", STACK, "--from", str(file), "--yes").good()
    assert "no manager is left to go on from" in done.text
    becomes(lambda: checkout.sh("a1", "sh", "-c", HOLDS), held)
    assert checkout.deployed().unlock is not None


def test_what_was_removed_by_mistake_is_restored_into_a_swarm_that_stands(
    checkout: Checkout,
) -> None:
    held = checkout.sh("a1", "sh", "-c", HOLDS)
    name = checkout.fairway("backup", STACK).good().text.split()[0]
    checkout.sh("a1", "docker", "service", "rm", "idle")
    checkout.sh("a1", "docker", "secret", "rm", "token")
    done = checkout.fairway("restore", STACK, name, "--yes").good()
    assert "is given up, with all that it holds" in done.text
    becomes(lambda: checkout.sh("a1", "sh", "-c", HOLDS), held)
