"""A lab whose containers have addresses of the VPC: prefixes lead to them, and no entry does."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest

from components.plan.slots import prefixes
from lab import names, tables
from lab.lab import Lab
from lab.model import Machine, Prefixes, RouteTable
from tests.support.checkout import Checkout, lab_checkout
from tests.support.environments import by_prefixes
from tests.support.machines import traces
from tests.support.stage import config, with_every_docker

STACK = "t27"
FAR = "b10"  # in the other zone than all others


def wanted() -> dict[str, Any]:
    made = config("lab", zones="ab", managers="a", workers="b", ranges=(117, 247))
    by_prefixes(made)
    return with_every_docker(made)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    with lab_checkout(tmp_path_factory.mktemp("prefixes"), STACK, wanted()) as made:
        made.make("up").good()
        yield made


@pytest.fixture
def lab(checkout: Checkout) -> Lab:
    return Lab.open(STACK)


def planned(checkout: Checkout, slot: str) -> tuple[IPv4Network, ...]:
    return prefixes(checkout.plan.slot(slot).containers)


def test_up_proves_containers_of_every_docker_and_no_table_has_an_entry(
    checkout: Checkout, lab: Lab
) -> None:
    assert "every container reaches every other" in checkout.fairway("verify", STACK).good().text
    found = lab.all(RouteTable)
    assert len(found) == 2
    assert all(lab.entries(table.spec.name) == () for table in found)
    assert lab.prefixes() == {
        slot.name: planned(checkout, slot.name) for slot in checkout.plan.slots
    }


def test_a_container_pings_one_of_the_other_zone_by_its_own_address(checkout: Checkout) -> None:
    image = ("docker", "images", "--no-trunc", "--format", "{{.ID}}", "fairway-probe")
    probe = checkout.sh("a1", *image).split()[0]
    service = ("--mode", "global", "--endpoint-mode", "dnsrr", "--network", "routed", "--quiet")
    own = ("--name", "pair", "--no-resolve-image", "--entrypoint", "/bin/busybox", probe)
    checkout.sh("a1", "docker", "service", "create", *service, *own, "sleep", "600")
    try:
        near, far = container(checkout, "a1"), container(checkout, FAR)
        show = '{{(index .NetworkSettings.Networks "routed").IPAddress}}'
        address = checkout.sh(FAR, "docker", "inspect", "-f", show, far).strip()
        assert IPv4Address(address) in checkout.plan.slot(FAR).containers
        asked = ("docker", "exec", near, "/bin/busybox", "ping", "-c1", "-W60", address)
        assert " 0% packet loss" in checkout.sh("a1", *asked)
    finally:
        checkout.sh("a1", "docker", "service", "rm", "pair")


def container(checkout: Checkout, slot: str) -> str:
    """The id of the service's container on a host."""
    label = "label=com.docker.swarm.service.name=pair"
    return checkout.sh(slot, "docker", "ps", "-q", "--filter", label).strip()


def test_the_source_destination_check_is_on_everywhere(lab: Lab) -> None:
    machines = lab.all(Machine)
    assert machines
    assert all(machine.spec.source_dest_check for machine in machines)


def test_where_nothing_changes_nothing_is_previewed(checkout: Checkout) -> None:
    assert checkout.pulumi("preview", "--expect-no-changes").status == 0


def test_prefixes_taken_away_are_the_first_wrong_entry_and_up_puts_them_back(
    checkout: Checkout, lab: Lab
) -> None:
    address, one_and_other = checkout.plan.slot(FAR).address, planned(checkout, FAR)
    lab.put(Prefixes(address=address, prefixes=()))

    told = checkout.fairway("verify", STACK)

    assert told.status == 3
    range_ = checkout.plan.slot(FAR).containers
    said = " ".join(told.text.split())
    lacking = f"lacks prefixes {', '.join(map(str, one_and_other))}"
    assert f"{FAR} ({range_}): interface of {FAR} {lacking}; {FAR} reaches it, a1, a50" in said
    checkout.make("up").good()
    assert lab.prefixes()[FAR] == one_and_other


def test_one_prefix_that_is_lost_is_named_whether_or_not_a_probe_felt_it(
    checkout: Checkout, lab: Lab
) -> None:
    *_, last = planned(checkout, FAR)
    router = ["ip", "-n", names.router(STACK), "route", "del", str(last)]
    subprocess.run([*router, "table", str(tables.LOCAL)], check=True)

    told = checkout.fairway("verify", STACK)

    assert told.status == 3
    assert f"lacks prefix {last}" in " ".join(told.text.split())
    checkout.make("up").good()
    assert lab.prefixes()[FAR] == planned(checkout, FAR)


def test_a_check_switched_off_by_hand_is_named_and_mended(checkout: Checkout, lab: Lab) -> None:
    held = lab.get(Machine, FAR)
    assert held is not None
    lab.put(replace(held.spec, source_dest_check=False))

    told = checkout.fairway("verify", STACK)

    assert told.status == 3
    assert "the source/destination check is off" in told.text
    checkout.make("up").good()
    checkout.fairway("verify", STACK).good()


def test_a_host_that_is_replaced_has_its_prefixes_again(checkout: Checkout, lab: Lab) -> None:
    before = checkout.deployed().machines

    checkout.fairway("roll", STACK, "--host", FAR, "--yes").good()

    assert checkout.deployed().machines[FAR] != before[FAR]
    assert lab.prefixes()[FAR] == planned(checkout, FAR)
    checkout.fairway("verify", STACK).good()


def test_nothing_is_left_when_it_is_destroyed(checkout: Checkout) -> None:
    checkout.make("down").good()

    assert STACK not in Lab.names()
    assert {kind: left for kind, left in traces(STACK).items() if left} == {}
