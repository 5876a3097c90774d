"""What the program asks of the lab where containers are reached by prefixes."""

from __future__ import annotations

from typing import Any

import pytest

from components.clouds.base import open_cloud
from components.cluster import Cluster
from components.plan import make_plan
from components.plan.slots import prefixes
from tests.support.environments import environment
from tests.support.mock_engine import Registered, registered

Resources = dict[tuple[str, str], Registered]


def by_prefixes(config: dict[str, Any]) -> None:
    network = config["network"]
    network |= {"routing": "prefixes", "host_prefix": 25}
    del network["containers"]
    for index, zone in enumerate(network["zones"]):
        zone["subnet"] = f"10.97.{64 * index}.0/18"
        zone["containers"] = f"10.97.{64 * index + 16}.0/20"
    config["pools"][1]["size"] = 10


def build() -> None:
    wanted = environment(by_prefixes)
    Cluster(wanted, make_plan(wanted), open_cloud(wanted)).export()


@pytest.fixture(scope="module")
def built() -> Resources:
    return registered(build)


def test_each_host_has_its_prefixes_and_no_table_an_entry(built: Resources) -> None:
    kinds = [each.kind for each in built.values()]
    assert "Route" not in kinds
    for slot in make_plan(environment(by_prefixes)).slots:
        asked = built["Prefixes", slot.name].inputs
        assert asked["address"] == str(slot.address)
        assert asked["prefixes"] == [str(each) for each in prefixes(slot.containers)]
        assert asked["vswitch"] == slot.zone


def test_the_source_destination_check_stays_on(built: Resources) -> None:
    machines = [each for each in built.values() if each.kind == "Machine"]
    assert machines
    assert all(machine.inputs["sourceDestCheck"] is True for machine in machines)


def test_a_vpc_has_no_container_range(built: Resources) -> None:
    assert built["Vpc", "lab"].inputs.get("containers") is None


def test_prefixes_come_between_a_machine_and_its_node(built: Resources) -> None:
    assert built["Machine", "a1"].urn in built["Prefixes", "a1"].after
    assert built["Prefixes", "a1"].urn in built["Node", "a1"].after
    assert built["Prefixes", "a1"].replaced_first
