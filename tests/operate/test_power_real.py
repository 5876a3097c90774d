"""Hosts that lose their power and start again by themselves, on real machines of each Docker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pytest

from components.errors import FairwayError
from components.host.comeback import DROP_IN
from components.remote.command import Command
from components.remote.session import Sessions
from components.remote.wait import wait_until
from components.remote.way import endpoint
from lab.lab import Lab
from scripts.cli.state import Deployed
from tests.support.becomes import becomes
from tests.support.checkout import Checkout, lab_checkout
from tests.support.stage import config, with_every_docker

STACK = "t21"
HOSTS = ("a1", "a50", "a55")  # a manager and two workers: Docker 26, 20.10 and 28
# An image of the machine's own programs: no registry.
IMAGE = """
files=$(for program in sleep ping; do
  path=$(readlink -f "$(command -v $program)"); echo "$path"
  ldd "$path" | grep -o '/[^ ]*'
done | sort -u)
tar -ch --hard-dereference -C / $files 2>/dev/null | docker import - probe >/dev/null
"""
SERVICE = """
docker service create --detach --name s --mode global --network routed --endpoint-mode dnsrr \
  --no-resolve-image --restart-delay 1s probe sleep 100000
"""
TASK = "docker ps --quiet --filter label=com.docker.swarm.service.name=s"
ADDRESS = f"docker inspect --format '{{{{.NetworkSettings.Networks.routed.IPAddress}}}}' $({TASK})"
FORGOT = "journalctl -b -u docker | grep -c 'fairway-networks.*forgot networks.*: 1$' || true"
ERRORS = "docker service ps --no-trunc --format '{{.Error}}' s"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    wanted = with_every_docker(
        config("lab", zones="a", managers="a", workers="", ranges=(111, 241))
    )
    with lab_checkout(tmp_path_factory.mktemp("power"), STACK, wanted) as made:
        made.make("up").good()
        on_all(made, IMAGE)
        on_all(made, SERVICE, "a1")
        await_tasks(made)
        yield made


def on_all(checkout: Checkout, text: str, *hosts: str) -> dict[str, str]:
    """What the text prints on these hosts, else on all."""
    names, deployed = hosts or HOSTS, known(checkout)

    def run(name: str) -> str:
        address = str(checkout.plan.slot(name).address)
        host = endpoint(deployed.seed, STACK, name, address, deployed.way)
        return opened.to(host).run(Command.script(text), timeout=600).stdout.strip()

    with Sessions.of(deployed.seed) as opened, ThreadPoolExecutor() as pool:
        return dict(zip(names, pool.map(run, names), strict=True))


@cache
def known(checkout: Checkout) -> Deployed:
    """The state, read once."""
    return checkout.deployed()


def await_tasks(checkout: Checkout) -> None:
    """Wait until the service has a task on each host."""
    wait_until(
        "a task on each host",
        lambda: all(on_all(checkout, TASK).values()) or None,
        where=STACK,
        deadline=600,
        hint="look at `docker service ps`",
        every=1.0,
        retry_on=(FairwayError,),
    )


def test_tasks_on_the_routed_network_come_back_where_the_power_was_cut(checkout: Checkout) -> None:
    lab = Lab.open(STACK)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lab.fail_machine, HOSTS))
        list(pool.map(lab.restore_machine, HOSTS))

    await_tasks(checkout)

    assert on_all(checkout, FORGOT) == dict.fromkeys(HOSTS, "1")
    assert " exists" not in on_all(checkout, ERRORS, "a1")["a1"]
    becomes(lambda: answers(checkout), dict.fromkeys(HOSTS, 3))


def answers(checkout: Checkout) -> dict[str, int]:
    """How many tasks the task on each host reaches by their own addresses."""
    to = " && ".join(
        f"docker exec $({TASK}) ping -q -c 1 -W 60 {address}"
        for address in on_all(checkout, ADDRESS).values()
    )
    return {name: told.count(" 0% packet loss") for name, told in on_all(checkout, to).items()}


def test_they_come_back_where_docker_was_killed_and_a_stop_in_good_order_leaves_nothing(
    checkout: Checkout,
) -> None:
    on_all(checkout, "kill -KILL $(pidof dockerd)", "a55")
    on_all(checkout, "systemctl restart docker", "a50")
    wait_until(
        "Docker to be started again",
        lambda: on_all(checkout, FORGOT, "a55")["a55"] == "2" or None,
        where=STACK,
        deadline=600,
        hint="look at the journal",
        every=1.0,
        retry_on=(FairwayError,),
    )

    await_tasks(checkout)

    assert on_all(checkout, FORGOT, "a50")["a50"] == "1"
    assert " exists" not in on_all(checkout, ERRORS, "a1")["a1"]


def test_what_lets_them_come_back_is_no_drift_and_what_is_gone_of_it_is(checkout: Checkout) -> None:
    assert checkout.fairway("drift", STACK).status == 0
    on_all(checkout, f"rm {DROP_IN}", "a50")
    told = json.loads(checkout.fairway("drift", STACK, "--json").text)
    assert told["drifted"] == ["a50"]
    assert [each["what"] for each in told["hosts"]["a50"]] == [DROP_IN]

    checkout.make("up").good()

    assert checkout.fairway("drift", STACK).status == 0
