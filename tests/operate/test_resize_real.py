"""A real cluster grown and shrunk under load, then hit: in the order in which it happens."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from bench.answerer import Service, answering
from bench.load import Load
from tests.support.becomes import becomes
from tests.support.checkout import Checkout, lab_checkout
from tests.support.stage import config

STACK = "t16"
RANGES = (106, 236)


def asked(*, zones: str, managers: str, workers: str) -> dict[str, Any]:
    wanted = config("lab", zones=zones, managers=managers, workers=workers, ranges=RANGES)
    return {**wanted, "survivable": False}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    small = asked(zones="abcd", managers="a", workers="ad")
    with lab_checkout(tmp_path_factory.mktemp("resize"), STACK, small) as made:
        made.make("up").good()
        yield made


def nodes(cluster: Checkout) -> tuple[dict[str, str], list[str]]:
    """Each node's status by its name and role, and how many lead and follow, whoever does."""
    told = [
        line.split()
        for line in cluster.sh("a1", "docker", "node", "ls", "--format", NODE).splitlines()
    ]
    status = {
        " ".join([name, *("manager" for _ in manager)]): ready for name, ready, *manager in told
    }
    return status, sorted(each for _, _, *manager in told for each in manager)


NODE = "{{.Hostname}} {{.Status}} {{.ManagerStatus}}"
KEPT = ("a1", "a10")
WHOLE = (
    dict.fromkeys(("a1 manager", "b1 manager", "c1 manager", "a10", "b10"), "Ready"),
    ["Leader", "Reachable", "Reachable"],
)


def test_a_cluster_grows_by_managers_and_a_worker_and_loses_a_zone_under_load(
    cluster: Checkout,
) -> None:
    before = cluster.deployed()
    small = cluster.plan
    cluster.configure(asked(zones="abc", managers="abc", workers="ab"))
    hosts = {slot.name: str(slot.address) for slot in (*small.slots, *cluster.plan.slots)}

    with (
        answering(small, before, replicas=3, then=cluster.plan) as service,
        Load(hosts, patience=5) as load,
    ):
        service.docker(*IDLE, service.image)
        becomes(lambda: busy(service).total(), TASKS)
        crowded = busy(service)
        cluster.make("up").good()
        becomes(lambda: busy(service).total(), TASKS)
        moved = busy(service)
        becomes(lambda: "a1" in service.running(), wanted=True)

    assert load.result.failed == 0, load.result.told()
    assert load.result.asked > 100
    assert crowded["d10"]
    assert {name: moved[name] for name in KEPT} == {name: crowded[name] for name in KEPT}
    after = cluster.deployed()
    for name in KEPT:
        assert (after.machines[name], after.nodes[name]) == (
            before.machines[name],
            before.nodes[name],
        )
    becomes(lambda: nodes(cluster), WHOLE)
    assert "every container reaches every other" in after.report


def test_hosts_that_came_get_tasks_when_that_is_asked_for(cluster: Checkout) -> None:
    done = cluster.fairway("rebalance", STACK, "idle", "--yes", "--json").good()

    (told,) = json.loads(done.text[done.text.index("[") :])
    assert sum(told["before"].values()) == sum(told["after"].values()) == TASKS
    assert max(told["before"][name] for name in KEPT) > 1
    assert sorted(told["after"].values()) == [1, 1, 1, 1, 2]


TASKS = 6
IDLE = (
    *("service", "create", "--detach", "--quiet", "--no-resolve-image", "--name", "idle"),
    *("--replicas", str(TASKS)),
)


def busy(service: Service) -> Counter[str]:
    """How many tasks of the idle service each host has."""
    return Counter(service.running("idle"))
