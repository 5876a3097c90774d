"""New secrets, a lost quorum and a rebuild on AWS and Alibaba Cloud, by `./fairway`.

Three managers in three zones stand on the stand-in for the cloud's provider, and the tests are in
the order in which things are done to them. What differs by cloud is done on both: machines that
are replaced, key pairs, the way in through the bastion. What is between managers alone is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from ipaddress import IPv4Network
from typing import Any

import pytest

from components.errors import HostKeyMismatch, LoginRefused
from components.remote import way
from components.remote.keys import operator_key
from components.remote.session import Sessions
from scripts.cli.state import Deployed
from tests.support.becomes import becomes
from tests.support.bucket import Bucket, bucket, settings
from tests.support.checkout import Checkout
from tests.support.cloud_checkout import cloud_checkout
from tests.support.stage import config

STACK = "t29"
LABS = {"aws": "t29aws", "alicloud": "t29ali"}
KEY_PAIRS = {"aws": {f"{STACK}-operator-2"}, "alicloud": set()}  # takes no keys of this kind
MANAGERS = ("a1", "b1", "c1")
MAKE = """\
echo hush | docker secret create token -
docker service create --detach --name idle --replicas 0 --secret token none:none
"""
HOLDS = """\
docker info --format '{{.Swarm.Cluster.ID}}'
docker secret ls --format '{{.ID}} {{.Name}}'
docker service ls --format '{{.ID}} {{.Name}} {{.Replicas}}'
"""
# A leader notices only after some seconds that nobody follows it.
LEADERLESS = "while docker node ls >/dev/null 2>&1; do sleep 1; done"
TOKENS = "docker swarm join-token -q worker; docker swarm join-token -q manager"


@dataclass
class Town:
    """Three managers on a cloud, and their bucket."""

    cloud: str
    checkout: Checkout
    bucket: Bucket

    def fairway(self, command: str, *words: str) -> Any:
        return self.checkout.fairway(command, STACK, *words)

    def on(self, host: str, script: str) -> str:
        return self.checkout.sh(host, "sh", "-ceu", script)

    def nodes(self, host: str = "c1", field: str = "Status") -> dict[str, str]:
        """A field of `docker node ls`, as this host tells it, by node."""
        listed = self.on(host, f"docker node ls --format '{{{{.Hostname}}}} {{{{.{field}}}}}'")
        return dict(line.split() for line in listed.splitlines())


everywhere = pytest.mark.parametrize("town", ["aws", "alicloud"], indirect=True)
# Nothing of a cloud takes part in the first; all that the second does is proven on both elsewhere.
on_alicloud = pytest.mark.parametrize("town", ["alicloud"], indirect=True)
on_aws = pytest.mark.parametrize("town", ["aws"], indirect=True)
READY = dict.fromkeys(MANAGERS, "Ready")


@pytest.fixture(scope="module")
def town(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    cloud = request.param
    folder = tmp_path_factory.mktemp(f"rescue-{cloud}")
    wanted = config(cloud, managers="abc", workers="", ranges=(119, 249))
    wanted["backup"] = {"every": "1d", **settings(cloud, STACK)}
    computer = str(IPv4Network(wanted[cloud]["ssh_from"][0])[1])
    with cloud_checkout(cloud, folder, STACK, wanted, lab=LABS[cloud]) as checkout:
        checkout.make("up").good()
        with bucket(cloud, computer, folder / "bucket") as kept:
            made = Town(cloud, checkout, kept)
            made.on("a1", MAKE)
            yield made


@on_alicloud
def test_new_tokens_and_a_new_authority_keep_the_nodes(town: Town) -> None:
    tokens, nodes = town.on("a1", TOKENS).split(), town.nodes(field="ID")
    authority = town.on("a1", "docker swarm ca")

    told = [town.fairway("rotate", what, "--yes").good().text for what in ("tokens", "ca")]

    assert not set(tokens) & set(town.on("a1", TOKENS).split())
    assert town.on("a1", "docker swarm ca") != authority
    becomes(lambda: town.nodes(field="ID"), nodes)
    becomes(town.nodes, READY)
    assert not any("SWMTKN" in text for text in told)


@everywhere
def test_new_keys_come_to_all_hosts_and_the_bastion_and_no_other_is_accepted(town: Town) -> None:
    before = town.checkout.deployed()

    told = town.fairway("rotate", "keys", "--yes").good().text

    after = town.checkout.deployed()
    assert "3 hosts show their new keys and refuse the operator's former one" in told
    assert "PRIVATE KEY" not in told
    assert town.checkout.config["keys"] == {"generation": 2, "accept": []}
    assert set(after.machines.values()).isdisjoint(before.machines.values())
    becomes(town.nodes, READY)
    assert town.checkout.project.key_pairs() == KEY_PAIRS[town.cloud]
    _former_keys_open_nothing(town, before, after)
    _former_host_keys_are_nobodys(town, before, after)


def _former_keys_open_nothing(town: Town, before: Deployed, after: Deployed) -> None:
    door = way.bastion(after.seed, after.way)
    assert door is not None
    with Sessions(operator_key(before.seed).private) as former, pytest.raises(LoginRefused):
        former.to(door)


def _former_host_keys_are_nobodys(town: Town, before: Deployed, after: Deployed) -> None:
    """Whoever knows the former keys alone is not led to what stands now, bastion or host."""
    door = way.bastion(before.seed, after.way)
    assert door is not None
    with Sessions.of(after.seed) as opened, pytest.raises(HostKeyMismatch):
        opened.to(door)
    slot = town.checkout.plan.slot("b1")
    old = way.endpoint(before.seed, STACK, "b1", str(slot.address), {})
    new = way.endpoint(after.seed, STACK, "b1", str(slot.address), after.way)
    stranger = replace(new, host_key=old.host_key)
    with Sessions.of(after.seed) as opened, pytest.raises(HostKeyMismatch):
        opened.to(stranger)


@everywhere
def test_a_lost_quorum_is_told_and_one_manager_brings_all_back_with_what_they_held(
    town: Town,
) -> None:
    held, before = town.on("c1", HOLDS), town.checkout.deployed()
    with ThreadPoolExecutor() as pool:
        list(pool.map(town.checkout.project.terminate, ("a1", "b1")))
    town.on("c1", LEADERLESS)

    shown = town.fairway("preview")
    proven = town.fairway("verify")
    done = town.fairway("recover", "--yes").good()

    assert shown.status == proven.status == 3
    assert shown.text.startswith("!! quorum: lost, no leader for c1"), shown.text
    assert "`./fairway recover STACK`" in proven.text
    assert "c1 survived" in done.text
    becomes(lambda: town.on("a1", HOLDS), held)
    becomes(lambda: town.nodes("a1"), READY)
    after = town.checkout.deployed()
    assert after.machines["c1"] == before.machines["c1"]
    assert {after.machines[name] for name in ("a1", "b1")}.isdisjoint(before.machines.values())


@on_aws
def test_a_rebuilt_cluster_is_the_same_in_every_fact(town: Town) -> None:
    before = town.checkout.deployed()
    for host in MANAGERS:
        town.bucket.offer(town.checkout.sh, host)

    done = town.fairway("rebuild", "--yes").good()

    after = town.checkout.deployed()
    assert "the same in all " in done.text
    assert set(after.machines.values()).isdisjoint(before.machines.values())
    assert (after.seed, after.swarm) == (before.seed, before.swarm)
    becomes(lambda: town.nodes("a1"), READY)
