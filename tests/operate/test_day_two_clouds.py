"""Day two on AWS and Alibaba Cloud: what is done with a cluster that stands, by `./fairway`.

The clouds' own resources are made by the stand-ins for their providers, in a lab, and backups go
to a bucket that hosts reach as they would reach the cloud's. One small cluster is built for each
cloud, so the tests are in the order in which things are done to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

from tests.support.becomes import becomes
from tests.support.bucket import Bucket, bucket, settings
from tests.support.checkout import Checkout
from tests.support.cloud_checkout import cloud_checkout
from tests.support.stage import config

STACK = "t22"
LABS = {"aws": "t22aws", "alicloud": "t22ali"}
HUSH = "hush hush hush hush"
BY_HAND = "echo 'vm.swappiness = 1' >/etc/sysctl.d/99-hand.conf"
NODES = "{{.Description.Hostname}} {{.Status.Addr}} {{.Status.State}} {{json .Spec.Labels}}"
HELD = {"what": "restore", "pid": 1, "user": "ops1", "host": "far", "since": 1.7e9, "token": "t"}


@dataclass
class Town:
    """A cluster on a cloud, and its bucket."""

    cloud: str
    checkout: Checkout
    bucket: Bucket

    def fairway(self, command: str, *words: str) -> Any:
        return self.checkout.fairway(command, STACK, *words)

    def manager(self, script: str) -> str:
        return self.checkout.sh("a1", "sh", "-ceu", script)

    def nodes(self) -> list[str]:
        """Each node with its address, state and labels."""
        asked = self.manager(f"docker node inspect -f '{NODES}' $(docker node ls -q)")
        return sorted(asked.splitlines())


everywhere = pytest.mark.parametrize("town", ["aws", "alicloud"], indirect=True)
# The way back is the same on both.
on_one = pytest.mark.parametrize("town", ["alicloud"], indirect=True)


@pytest.fixture(scope="module")
def town(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    cloud = request.param
    folder = tmp_path_factory.mktemp(f"day-two-{cloud}")
    wanted = config(cloud, zones="ab", managers="a", workers="b", ranges=(112, 242))
    wanted["backup"] = {"every": "1d", **settings(cloud, STACK)}
    computer = str(IPv4Network(wanted[cloud]["ssh_from"][0])[1])
    with cloud_checkout(cloud, folder, STACK, wanted, lab=LABS[cloud]) as checkout:
        checkout.make("up").good()
        with bucket(cloud, computer, folder / "bucket") as kept:
            yield Town(cloud, checkout, kept)


@everywhere
def test_a_backup_cannot_be_made_where_the_bucket_is_not_reached_and_that_is_told(
    town: Town,
) -> None:
    refused = town.fairway("backup")

    assert refused.status == 1
    assert "a1: no backup could be made" in refused.text
    assert town.bucket.held() == {}


@everywhere
def test_a_backup_goes_to_the_bucket_closed_to_all_who_have_not_the_stacks_key(
    town: Town, tmp_path: Path
) -> None:
    town.bucket.offer(town.checkout.sh, "a1")
    town.manager(f"printf %s '{HUSH}' | docker secret create token -")

    town.fairway("backup", "--now", "--out", str(tmp_path / "copy")).good()

    ((key, _),) = town.bucket.held().items()
    place, _, name = key.rpartition("/")
    content = town.bucket.content(key)
    assert place == STACK
    assert (tmp_path / "copy").read_bytes() == name.encode() + b"\n" + content
    assert HUSH.encode() not in content
    assert name in town.fairway("backup", "--list").good().text


@on_one
def test_what_the_bucket_holds_becomes_the_swarm_again(town: Town) -> None:
    swarm = town.checkout.deployed().swarm
    town.manager("docker secret rm token")

    town.fairway("restore", "--yes").good()

    assert town.manager("docker secret ls --format '{{.Name}}'").split() == ["token"]
    assert town.checkout.deployed().swarm == swarm
    becomes(lambda: [line.split()[2] for line in town.nodes()], ["ready", "ready"])


@everywhere
def test_fresh_hosts_show_no_drift_and_a_change_by_hand_is_named(town: Town) -> None:
    fresh = town.fairway("drift").good()

    town.checkout.sh("b10", "sh", "-c", BY_HAND)
    found = town.fairway("drift", "--json")

    assert "no drift on 2 hosts" in fresh.text
    assert found.status == 3
    told = json.loads(found.text)
    assert told["drifted"] == ["b10"]
    assert [each["what"] for each in told["hosts"]["b10"]] == ["/etc/sysctl.d/99-hand.conf"]


@everywhere
def test_nothing_is_begun_while_another_operator_holds_the_stack(town: Town) -> None:
    labels = " ".join(f"--label fairway.{key}={text}" for key, text in HELD.items())
    town.manager(f"echo t | docker config create {labels} fairway-operation -")
    before = town.checkout.deployed()

    refused = [town.fairway("roll", "--drifted", "--yes"), town.fairway("restore", "--yes")]
    town.fairway("unlock", "--yes").good()

    for each in refused:
        assert each.status == 1
        assert "found restore by process 1 of ops1 on far, since 2023-11-14 22:13:20" in each.text
    assert town.checkout.deployed().machines == before.machines


@everywhere
def test_just_the_drifted_host_is_replaced_in_its_slot_and_all_reach_each_other(
    town: Town,
) -> None:
    becomes(lambda: [line.split()[2] for line in town.nodes()], ["ready", "ready"])
    before, nodes = town.checkout.deployed(), town.nodes()

    town.fairway("roll", "--drifted", "--yes").good()

    after = town.checkout.deployed()
    assert after.machines["b10"] != before.machines["b10"]
    assert after.machines["a1"] == before.machines["a1"]
    becomes(town.nodes, nodes)
    hosts = {host["name"]: host["containers"] for host in after.question["hosts"]}
    assert hosts == {slot.name: str(slot.containers) for slot in town.checkout.plan.slots}
    assert "no drift on 2 hosts" in town.fairway("drift").good().text
    proven = json.loads(_json(town.fairway("verify", "--json").good().text))
    assert (proven["ok"], proven["failures"]) == (True, [])


@everywhere
def test_afterwards_nothing_is_left_to_change(town: Town) -> None:
    assert "nothing changes" in town.fairway("preview").good().text


def _json(text: str) -> str:
    return text[text.index("\n{\n") :] if not text.startswith("{") else text
