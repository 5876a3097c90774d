"""Rules between the values of a stack file: ranges, room, numbers, quorum, quota."""

from __future__ import annotations

from typing import Any

import pytest

from components.errors import ConfigFaults
from tests.support.environments import alicloud_environment, by_prefixes, fault, faults

Config = dict[str, Any]


def _network(**changes: object) -> Any:
    return lambda wanted: wanted["network"].update(changes)


def _zone(index: int, **changes: object) -> Any:
    return lambda wanted: wanted["network"]["zones"][index].update(changes)


def _pool(index: int, **changes: object) -> Any:
    return lambda wanted: wanted["pools"][index].update(changes)


@pytest.mark.parametrize(
    ("key", "given", "other"),
    [
        ("docker0", "10.97.200.0/24", "the VPC (fairway:network.vpc)"),
        ("gwbridge", "10.227.200.0/24", "the container range (fairway:network.containers)"),
        ("overlays", "172.30.0.0/23", "docker0"),
        ("docker0", "10.76.97.0/24", "the uplink overlaps docker0"),
        ("peers", ["10.97.240.0/24"], "the VPC"),
        ("peers", ["172.28.1.0/24"], "the overlays' pool"),
        ("docker0", "10.97.16.0/24", "the vSwitch of zone b"),
        ("docker0", "10.227.64.0/24", "the container block of zone b"),
    ],
)
def test_two_owners_of_one_address_are_both_named(key: str, given: object, other: str) -> None:
    message = fault(_network(**{key: given}))

    assert " overlaps " in message
    assert other in message
    assert "wanted ranges that share no address; move one of the two" in message


def test_the_container_range_lies_outside_the_vpc() -> None:
    def change(wanted: Config) -> None:
        wanted["network"]["vpc"] = "10.96.0.0/15"
        wanted["network"]["containers"] = "10.96.0.0/16"
        for index, zone in enumerate(wanted["network"]["zones"]):
            zone["containers"] = f"10.96.{index * 64}.0/18"

    assert fault(change).startswith(
        "fairway:network.containers: the container range overlaps the VPC (fairway:network.vpc):"
        " found 10.96.0.0/16 and 10.96.0.0/15"
    )


def test_a_container_range_that_swallows_the_vpc_is_refused() -> None:
    def change(wanted: Config) -> None:
        wanted["network"]["containers"] = "10.0.0.0/8"

    told = faults(change)

    assert any("the VPC overlaps the container range" in message for message in told)
    assert any("the uplink overlaps the container range" in message for message in told)


def test_a_vswitch_lies_inside_the_vpc() -> None:
    message = fault(_zone(1, subnet="10.98.0.0/20"))

    assert message == (
        "fairway:network.zones.b.subnet: the vSwitch of zone b lies outside its owner's range:"
        " found 10.98.0.0/20, wanted a part of fairway:network.vpc;"
        " move it inside, or widen the outer range"
    )


def test_vswitches_of_two_zones_are_disjoint() -> None:
    message = fault(_zone(1, subnet="10.97.8.0/21"))

    assert "the vSwitch of zone b overlaps the vSwitch of zone a" in message


def test_a_zones_containers_lie_inside_the_container_range() -> None:
    assert "the container block of zone c lies outside" in fault(
        _zone(2, containers="10.228.0.0/18")
    )


def test_container_blocks_of_two_zones_are_disjoint() -> None:
    message = fault(_zone(2, containers="10.227.64.0/18"))

    assert "the container block of zone c overlaps the container block of zone b" in message


def test_one_zone_may_have_the_whole_container_range() -> None:
    def change(wanted: Config) -> None:
        wanted["network"]["zones"] = wanted["network"]["zones"][:1]
        wanted["network"]["zones"][0] |= {"containers": "10.227.0.0/16", "subnet": "10.97.0.0/16"}
        for pool in wanted["pools"]:
            pool["hosts"] = {"a": 1}

    assert faults(change) == []


def test_a_vswitch_too_small_for_the_slots_tells_the_length_that_fits() -> None:
    assert fault(_zone(1, subnet="10.97.16.0/28")) == (
        "fairway:network.zones.b.subnet: 10.97.16.0/28 is too small for the slots:"
        " found room for slots up to number 2, wanted number 49, the last of pool workers;"
        " use /26 or wider, or make the pool's size smaller"
    )


def test_the_length_that_a_small_vswitch_is_told_is_just_enough() -> None:
    assert faults(_zone(1, subnet="10.97.16.0/26")) == []
    assert "use /26" in fault(_zone(1, subnet="10.97.16.0/27"))


def test_a_container_range_too_small_for_the_slots_tells_the_length_that_fits() -> None:
    assert "found room for slots up to number 31" in fault(_zone(1, containers="10.227.64.0/19"))
    assert "use /18 or wider" in fault(_zone(1, containers="10.227.64.0/19"))


def test_a_host_prefix_that_leaves_a_zone_one_host_is_refused() -> None:
    told = faults(_network(host_prefix=18))

    assert len(told) == 3
    assert all("found room for no slot" in message for message in told)


def test_pools_that_keep_the_same_numbers_are_refused() -> None:
    assert fault(_pool(0, size=10)) == (
        "fairway:pools.workers.first: keeps numbers that pool managers keeps too:"
        " found 10 to 49 and 1 to 10, wanted numbers of its own;"
        " start at 11, or make pool managers smaller"
    )


def test_more_hosts_than_a_pool_has_numbers_are_refused() -> None:
    message = fault(_pool(1, hosts={"a": 41, "b": 1, "c": 1}))

    assert message.startswith(
        "fairway:pools.workers.hosts.a: asks for more hosts than the pool has numbers:"
        " found 41, wanted at most 40"
    )


def test_hosts_in_an_unknown_zone_are_refused() -> None:
    assert fault(_pool(1, hosts={"a": 1, "bb": 1})) == (
        'fairway:pools.workers.hosts.bb: is no zone of fairway:network.zones: found "bb",'
        " wanted a zone's name; did you mean b?"
    )


def test_two_pools_of_one_name_are_refused() -> None:
    assert fault(_pool(1, name="managers")).startswith(
        "fairway:pools.managers: is the name of two pools: found 2 times, wanted once"
    )


def test_two_zones_of_one_name_are_refused() -> None:
    assert "fairway:network.zones.b: is the name of two zones" in fault(_zone(2, name="b"))


def test_two_zones_that_would_fail_together_are_refused() -> None:
    message = fault(_zone(2, zone="b"))

    assert "fairway:network.zones.b: is the cloud's zone behind two zones" in message


def test_no_hosts_at_all_are_told_once() -> None:
    def empty(wanted: Config) -> None:
        for pool in wanted["pools"]:
            pool["hosts"] = {"a": 0}

    assert fault(empty).startswith("fairway:pools: there is no host: found 0 hosts")
    assert fault(lambda wanted: wanted.update(pools=[])).startswith("fairway:pools: there is no ")


def test_no_zone_is_refused() -> None:
    assert fault(_network(zones=[])).startswith(
        "fairway:network.zones: names no zone: found a list of 0, wanted one zone at least"
    )


def test_workers_alone_are_no_swarm() -> None:
    assert "there is no manager: found 0 managers" in fault(_pool(0, hosts={"a": 0}))


@pytest.mark.parametrize("hosts", [{"a": 1, "b": 1}, {"a": 2, "b": 1, "c": 1}])
def test_an_even_number_of_managers_is_refused(hosts: dict[str, int]) -> None:
    message = fault(_pool(0, hosts=hosts))

    total = sum(hosts.values())
    assert "an even number of managers" in message
    assert f"found {total} managers, wanted {total - 1} or {total + 1}" in message


@pytest.mark.parametrize(
    ("hosts", "zone"),
    [({"a": 1}, "a"), ({"a": 2, "b": 1}, "a"), ({"a": 1, "b": 3, "c": 1}, "b")],
)
def test_managers_that_one_zone_can_take_along_are_refused(
    hosts: dict[str, int], zone: str
) -> None:
    message = fault(_pool(0, hosts=hosts))

    assert f"fairway:pools: the loss of zone {zone} ends the quorum" in message
    assert "fairway:survivable" in message


@pytest.mark.parametrize(
    "hosts", [{"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 2, "c": 1}, {"a": 3, "b": 2, "c": 2}]
)
def test_managers_spread_so_that_any_zone_may_fail_are_taken(hosts: dict[str, int]) -> None:
    assert faults(_pool(0, hosts=hosts)) == []


def test_one_manager_is_taken_when_nobody_asks_to_survive() -> None:
    def change(wanted: Config) -> None:
        wanted["survivable"] = False
        wanted["pools"][0]["hosts"] = {"a": 1}

    assert faults(change) == []


def test_more_hosts_than_a_table_takes_routes_are_refused() -> None:
    def change(wanted: Config) -> None:
        wanted["lab"]["route_quota"] = 5

    assert fault(change) == (
        "fairway:lab.route_quota: every route table needs an entry for each host:"
        " found 6 hosts, wanted at most 5, the quota of one table;"
        " raise the quota to 6 (docs/limits.md), or plan 1 fewer hosts"
    )


# -- containers inside the subnets


def _inside(*changes: Any) -> Any:
    def change(wanted: Config) -> None:
        by_prefixes(wanted)
        for each in changes:
            each(wanted)

    return change


def test_containers_in_the_second_half_of_their_subnets_are_taken() -> None:
    assert faults(_inside()) == []


def test_prefixes_and_a_container_range_exclude_each_other() -> None:
    assert fault(_inside(_network(containers="10.227.0.0/16"))) == (
        "fairway:network.containers: means nothing with prefixes, which are parts of the zones'"
        " subnets: found the key containers, wanted a key `containers` in each zone, inside the"
        " zone's subnet, and no other; take it away, or take routing: prefixes away"
    )


def test_without_prefixes_the_container_range_is_still_asked_for() -> None:
    message = fault(lambda wanted: wanted["network"].pop("containers"))

    assert message.startswith("fairway:network.containers: is missing")


def test_another_way_of_routing_is_answered_with_the_two() -> None:
    assert "wanted one of tables, prefixes" in fault(_network(routing="overlay"))


def test_on_alibaba_cloud_prefixes_are_refused_with_the_reason() -> None:
    with pytest.raises(ConfigFaults, match=r"routing: is not built for Alibaba Cloud.*10 prefixes"):
        alicloud_environment(by_prefixes)


def test_containers_outside_of_their_own_zones_subnet_are_refused() -> None:
    assert fault(_inside(_zone(0, containers="10.97.56.0/21"))) == (
        "fairway:network.zones.a.containers: the container block of zone a lies outside its"
        " owner's range: found 10.97.56.0/21, wanted a part of fairway:network.zones.a.subnet;"
        " move it inside, or widen the outer range"
    )
    assert any(
        "overlaps the vSwitch of zone b (fairway:network.zones.b.subnet)" in message
        for message in faults(_inside(_zone(0, containers="10.97.24.0/21")))
    )


@pytest.mark.parametrize("prefix", [23, 29])
def test_a_host_has_between_one_prefix_and_sixteen(prefix: int) -> None:
    message = fault(_inside(_network(host_prefix=prefix)))

    assert message.startswith("fairway:network.host_prefix: is out of range")
    assert "from 24 to 28" in message


def test_hosts_have_their_addresses_before_the_containers() -> None:
    # 10.97.0.32 is the address of number 22.
    change = _inside(
        _network(host_prefix=28),
        _zone(0, subnet="10.97.0.0/21", containers="10.97.0.32/27"),
    )

    assert any(
        message.startswith("fairway:network.zones.a.containers: 10.97.0.32/27 leaves too few")
        and "room for slots up to number 21, wanted number 49" in message
        and "begin behind 10.97.0.59" in message
        for message in faults(change)
    )


def test_no_host_has_the_block_with_the_subnets_last_address() -> None:
    tight = _inside(
        _network(host_prefix=28),
        _pool(1, size=6),
        _zone(0, containers="10.97.15.0/24"),
    )
    roomy = _inside(
        _network(host_prefix=28),
        _pool(1, size=6),
        _zone(0, containers="10.97.14.0/24"),
    )

    assert faults(roomy) == []
    assert fault(tight) == (
        "fairway:network.zones.a.containers: 10.97.15.0/24 is too small for the slots:"
        " found room for slots up to number 14, wanted number 15, the last of pool workers;"
        " use /23 or wider, or make the pool's size smaller"
    )


def test_with_prefixes_no_number_of_entries_is_asked_of_a_table() -> None:
    def change(wanted: Config) -> None:
        wanted["lab"]["route_quota"] = 1

    assert faults(_inside(change)) == []
