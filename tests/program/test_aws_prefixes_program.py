"""AWS as the program asks for it where containers are delivered by prefixes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from components.plan.slots import prefixes
from tests.support.aws_program import Change, built, existing, planned
from tests.support.environments import by_eight_prefixes
from tests.support.mock_engine import Resources, behind, named, of_kind

PLAN = planned(by_eight_prefixes)
CONTAINERS = {zone.name: str(zone.containers) for zone in PLAN.network.zones}


@pytest.fixture(scope="module")
def founding() -> Resources:
    return built(by_eight_prefixes)


def both(one: Change, other: Change) -> Change:
    def change(config: dict[str, Any]) -> None:
        one(config)
        other(config)

    return change


def reservations(resources: Resources) -> dict[str, Mapping[str, Any]]:
    return {n: each.inputs for n, each in of_kind(resources, "SubnetCidrReservation").items()}


def test_each_hosts_interface_is_given_the_28s_of_its_containers(founding: Resources) -> None:
    given = {
        name: (each.inputs["interface"], each.inputs["prefixes"])
        for name, each in of_kind(founding, "Prefixes").items()
    }

    assert given == {
        slot.name: (f"eni-{slot.name}", list(map(str, prefixes(slot.containers))))
        for slot in PLAN.slots
    }
    assert {each.inputs["region"] for each in of_kind(founding, "Prefixes").values()} == {
        "eu-central-1"
    }


def test_no_table_has_an_entry_towards_a_host(founding: Resources) -> None:
    routes = of_kind(founding, "Route").values()
    assert {each.inputs["destinationCidrBlock"] for each in routes} == {"0.0.0.0/0"}


def test_hosts_keep_the_source_destination_check(founding: Resources) -> None:
    instances = of_kind(founding, "Instance")
    assert {slot.name for slot in PLAN.slots} < set(instances)
    assert {instances[slot.name].inputs["sourceDestCheck"] for slot in PLAN.slots} == {True}


def test_with_tables_hosts_have_no_prefixes_and_no_check_as_ever() -> None:
    resources = built()
    assert of_kind(resources, "Prefixes") == of_kind(resources, "SubnetCidrReservation") == {}
    instances = of_kind(resources, "Instance")
    assert {instances[slot.name].inputs["sourceDestCheck"] for slot in PLAN.slots} == {False}


def test_the_containers_part_of_each_subnet_is_kept_for_those_who_name_addresses(
    founding: Resources,
) -> None:
    kept = reservations(founding)
    assert {n: each["cidrBlock"] for n, each in kept.items()} == CONTAINERS
    assert {n: each["subnetId"] for n, each in kept.items()} == {z: f"{z}-id" for z in CONTAINERS}
    assert {each["reservationType"] for each in kept.values()} == {"explicit"}


def test_it_is_kept_before_a_machine_starts_and_while_one_stands(founding: Resources) -> None:
    first = behind(founding, of_kind(founding, "Instance")["a10"])
    assert named(first, "SubnetCidrReservation") == set(CONTAINERS)


def test_a_node_joins_when_its_containers_are_delivered(founding: Resources) -> None:
    assert "a10" in named(behind(founding, of_kind(founding, "Node")["a10"]), "Prefixes")


def test_everything_of_a_host_ends_with_its_name_so_that_one_target_takes_it(
    founding: Resources,
) -> None:
    ours = {each.kind for each in founding.values() if each.urn.endswith("::a10")}
    assert ours == {"Instance", "FirstBoot", "Node", "Prefixes"}


def test_hosts_let_in_the_containers_of_every_zone(founding: Resources) -> None:
    rules = of_kind(founding, "SecurityGroupIngressRule").values()
    assert set(CONTAINERS.values()) <= {each.inputs.get("cidrIpv4") for each in rules}


def test_in_a_vpc_of_others_the_named_subnets_parts_are_kept() -> None:
    kept = reservations(built(both(by_eight_prefixes, existing)))
    assert {n: each["subnetId"] for n, each in kept.items()} == {
        zone: f"subnet-{zone}" for zone in CONTAINERS
    }
