"""`./fairway roll` on real machines while a client asks ten times a second."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.answerer import answering
from bench.load import Load
from tests.support.becomes import becomes
from tests.support.checkout import Checkout, lab_checkout
from tests.support.stage import config

STACK = "t10"
HOSTS = {"a1", "b1", "c1", "a10", "b10"}
NODE = "{{.Description.Hostname}} {{.Status.Addr}} {{.Spec.Role}} {{json .Spec.Labels}}"
LEADER = "docker node ls --format '{{.Hostname}} {{.ManagerStatus}}' | grep Leader"
HELD = {"what": "restore", "pid": 1, "user": "ops1", "host": "far", "since": 1.7e9, "token": "t"}
# Of an image that a new machine has not: the only task of this service does not start again there.
IMPORT = "tar -cC / bin/busybox | docker import -"
PINNED = (
    "docker service create --detach --quiet --no-resolve-image --name pinned"
    " --constraint node.hostname==a10 {} /bin/busybox sleep 9999"
)
RUNS = "docker service ls --filter name=pinned --format '{{.Replicas}}'"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    wanted = config("lab", managers="abc", workers="ab", ranges=(101, 231))
    with lab_checkout(tmp_path_factory.mktemp("roll"), STACK, wanted) as made:
        made.make("up").good()
        yield made


def manager(cluster: Checkout, script: str) -> str:
    return cluster.sh("a1", "sh", "-c", script)


def nodes(cluster: Checkout) -> list[str]:
    """Each node with its address, role and labels."""
    return sorted(
        manager(cluster, f"docker node inspect -f '{NODE}' $(docker node ls -q)").split("\n")
    )


def test_all_hosts_become_new_while_every_request_is_answered(cluster: Checkout) -> None:
    before, were = cluster.deployed(), nodes(cluster)
    led = manager(cluster, LEADER).split()[0]
    hosts = {slot.name: str(slot.address) for slot in cluster.plan.slots}

    with answering(cluster.plan, before, replicas=3), Load(hosts, patience=5) as load:
        done = cluster.fairway("roll", STACK, "--all", "--yes", "--json").good()

    assert load.result.failed == 0, load.result.told()
    assert load.result.asked > 200
    turns = done.told["turns"]
    assert [turn["kind"] for turn in turns] == ["canary", "workers", "manager", "manager", "leader"]
    assert turns[-1]["hosts"] == [led]
    after = cluster.deployed()
    assert {name for name in HOSTS if after.machines[name] != before.machines[name]} == HOSTS
    becomes(lambda: nodes(cluster), were)
    assert "every container reaches every other" in after.report
    assert "fairway-operation" not in manager(cluster, "docker config ls")


def test_a_roll_is_refused_while_another_operator_holds_the_stack(cluster: Checkout) -> None:
    labels = " ".join(f"--label fairway.{key}={text}" for key, text in HELD.items())
    manager(cluster, f"echo t | docker config create {labels} fairway-operation -")
    before = cluster.deployed()

    refused = cluster.fairway("roll", STACK, "--all", "--yes")
    shown = cluster.fairway("unlock", STACK, "--yes").good()

    assert refused.status == 1
    assert (
        "found restore by process 1 of ops1 on far, since 2023-11-14 22:13:20 UTC" in refused.text
    )
    assert "held: restore by process 1 of ops1 on far" in shown.text
    assert cluster.deployed().machines == before.machines
    assert "fairway-operation" not in manager(cluster, "docker config ls")


def test_a_canary_that_does_not_come_back_whole_stops_the_roll_and_the_rest_stands(
    cluster: Checkout,
) -> None:
    before = cluster.deployed()
    rest = sorted(HOSTS - {"a10"})

    image = cluster.sh("a10", "sh", "-c", IMPORT).strip()
    manager(cluster, PINNED.format(image))
    becomes(lambda: manager(cluster, RUNS).strip(), "1/1")
    # It never comes back whole, and nobody waits three minutes for that.
    health = cluster.folder / "components" / "swarm" / "health.py"
    told = health.read_text()
    assert told.count("WITHIN: Final = 180.0") == 1
    health.write_text(told.replace("WITHIN: Final = 180.0", "WITHIN: Final = 60.0"))
    stopped = cluster.fairway("roll", STACK, "--host", "a10", "--host", "b10", "--yes")

    assert stopped.status == 3, stopped.text
    assert "a10 came back, but service pinned runs 0 of 1 tasks" in stopped.text
    after = cluster.deployed()
    assert [name for name in rest if after.machines[name] == before.machines[name]] == rest
    assert after.machines["a10"] != before.machines["a10"]
