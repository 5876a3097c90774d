"""`./fairway drift` on real machines: nothing on fresh ones, each kind of change by its name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lab.lab import Lab
from tests.support.checkout import Checkout, lab_checkout
from tests.support.stage import config, with_every_docker

STACK = "t15"
PET = "a10"
# One change of each kind: what is done on the host, and the lines that must name it.
BY_HAND = {
    'sed -i \'s/"mtu"/"debug": false, "mtu"/\' /etc/docker/daemon.json': (
        "/etc/docker/daemon.json: debug | false | not set"
    ),
    "echo '# hello' >>/etc/ssh/sshd_config.d/00-fairway.conf": (
        "/etc/ssh/sshd_config.d/00-fairway.conf: line 7 | # hello | the file's end"
    ),
    "chmod 777 /usr/local/sbin/fairway-setup": "mode of /usr/local/sbin/fairway-setup | 777 | 755",
    "chown daemon /etc/fairway/host.env": "owner of /etc/fairway/host.env | daemon:root",
    "rm /usr/local/sbin/fairway-gwbridge": "/usr/local/sbin/fairway-gwbridge | missing | there",
    "echo 'vm.swappiness = 1' >/etc/sysctl.d/99-hand.conf": "/etc/sysctl.d/99-hand.conf",
    "mkdir -p /etc/systemd/system/docker.service.d;"
    " echo '[Service]' >/etc/systemd/system/docker.service.d/hand.conf": (
        "/etc/systemd/system/docker.service.d/hand.conf"
    ),
    "systemctl disable -q fairway-gwbridge": "fairway-gwbridge.service | disabled | enabled",
    "sysctl -qw net.ipv4.conf.all.accept_redirects=1": (
        "sysctl net.ipv4.conf.all.accept_redirects | 1 | 0"
    ),
    "iptables -t raw -F OUTPUT": (
        "packet rule raw OUTPUT: no tracking of container range to container range | missing"
    ),
    "iptables -I DOCKER-USER -p tcp --dport 9999 -j DROP": (
        "packet rule filter: -A DOCKER-USER -p tcp -m tcp --dport 9999 -j DROP | there | nothing"
    ),
    "iptables -t raw -A PREROUTING -s 192.0.2.0/24 -j DROP": (
        "packet rule raw: -A PREROUTING -s 192.0.2.0/24 -j DROP | there | nothing"
    ),
    "mkdir -p /tmp/p/DEBIAN; cd /tmp; printf '%s\\n' 'Package: handmade' 'Version: 1.0'"
    " 'Architecture: all' 'Maintainer: me <me@example.org>' 'Description: x' >p/DEBIAN/control;"
    " dpkg-deb --build p p.deb; dpkg -i p.deb": "package handmade | 1.0 | not installed",
    "dpkg -r iputils-ping": "package iputils-ping | removed",
    "docker create --name pet $(docker images -q | head -n 1)": "container pet |",
    "echo ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKT1yVD/t0CIX2DKR/LXOjd2WvhToSrtznLWv2aTCBQ2 me@home"
    " >>/root/.ssh/authorized_keys": (
        "a key that logs in as root | ...znLWv2aTCBQ2 me@home | nothing"
    ),
    "docker network create --subnet 10.235.200.0/24 hand": (
        "network hand | 10.235.200.0/24, which overlaps 10.235.0.0/16 | nothing"
    ),
}
# What `drift` exits with and says when no host has any.
NONE = (
    0,
    {
        "drifted": [],
        "hosts": {name: [] for name in ("a1", PET, "a50", "a55")},
        "silent": {},
        "outdated": [],
    },
)
HARMLESS = "docker network create mine; docker volume create mine; touch /root/notes"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    wanted = with_every_docker(
        config("lab", zones="a", managers="a", workers="a", ranges=(105, 235))
    )
    with lab_checkout(tmp_path_factory.mktemp("drift"), STACK, wanted) as made:
        made.make("up").good()
        yield made


def told(checkout: Checkout, *words: str) -> tuple[int, dict[str, Any]]:
    done = checkout.fairway("drift", STACK, "--json", *words)
    answer: dict[str, Any] = json.loads(done.text)
    return done.status, answer


def test_fresh_hosts_of_every_image_show_no_drift(checkout: Checkout) -> None:
    assert told(checkout) == NONE


def test_a_host_that_restarted_or_was_repaired_by_up_shows_none(checkout: Checkout) -> None:
    checkout.sh("a50", "iptables", "-t", "raw", "-F", "OUTPUT")
    lab = Lab.open(STACK)
    lab.fail_machine("a55")
    lab.restore_machine("a55")
    assert told(checkout, "--host", "a50")[0] == 3

    checkout.make("up").good()

    assert told(checkout) == NONE


def test_what_hurts_nobody_is_no_drift(checkout: Checkout) -> None:
    checkout.sh(PET, "sh", "-c", HARMLESS)

    assert told(checkout) == NONE


def test_every_kind_of_change_is_named_and_nothing_else(checkout: Checkout) -> None:
    checkout.sh(PET, "sh", "-c", "\n".join(BY_HAND))

    status, answer = told(checkout)

    assert status == 3
    assert answer["drifted"] == [PET]
    found = [
        f"{each['what']} | {each['found']} | {each['planned']}" for each in answer["hosts"][PET]
    ]
    unnamed = [line for line in BY_HAND.values() if not any(f.startswith(line) for f in found)]
    assert unnamed == [], found
    assert len(found) == len(BY_HAND), found


def test_one_host_can_be_asked_alone(checkout: Checkout) -> None:
    assert told(checkout, "--host", "a1") == (0, NONE[1] | {"hosts": {"a1": []}})


def test_only_the_drifted_host_is_replaced_and_no_drift_is_left(checkout: Checkout) -> None:
    before = checkout.deployed().machines

    checkout.fairway("roll", STACK, "--drifted", "--yes").good()

    after = checkout.deployed().machines
    assert {name for name in before if after[name] != before[name]} == {PET}
    assert told(checkout) == NONE


def test_a_silent_host_is_told_and_does_not_stop_the_others(checkout: Checkout) -> None:
    checkout.sh(PET, "systemctl", "stop", "ssh.service")

    status, answer = told(checkout)

    assert status == 1
    assert list(answer["silent"]) == [PET]
    assert answer["hosts"] == {"a1": [], "a50": [], "a55": []}
