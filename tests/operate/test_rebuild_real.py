"""`./fairway rebuild`: everything is destroyed and built again, and it is the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.checkout import Checkout, lab_checkout
from tests.support.stage import config

STACK = "t18"
SERVICE = "docker service create --detach --name idle --replicas 0 --label kept=yes none:none"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    wanted = config("lab", zones="ab", managers="a", workers="b", ranges=(109, 239))
    with lab_checkout(tmp_path_factory.mktemp("rebuild"), STACK, wanted) as made:
        made.make("up").good()
        made.sh("a1", "sh", "-c", "echo hush | docker secret create token -")
        made.sh("a1", "sh", "-c", "echo hello | docker config create page -")
        made.sh("a1", "sh", "-c", SERVICE)
        yield made


def test_a_rebuilt_cluster_is_the_same_in_every_fact(checkout: Checkout) -> None:
    before = checkout.deployed()

    done = checkout.fairway("rebuild", STACK, "--yes", "--json")

    told = done.told
    assert told["same"], told["differences"]
    assert done.status == 0
    assert list(told["seconds"]) == ["look", "backup", "destroy", "build", "restore", "compare"]
    after = checkout.deployed()
    assert after.seed == before.seed
    assert set(after.machines.values()).isdisjoint(before.machines.values())
    assert after.swarm == before.swarm


def test_what_the_swarm_held_is_back_and_the_network_works(checkout: Checkout) -> None:
    assert checkout.sh("a1", "docker", "secret", "ls", "-q").strip()
    page = checkout.sh("a1", "docker", "config", "inspect", "--pretty", "page")
    assert "hello" in page
    assert "idle" in checkout.sh("a1", "docker", "service", "ls", "--format", "{{.Name}}")
    assert checkout.fairway("verify", STACK).status == 0
