"""The plan of one environment, and the arithmetic under it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.environment import Pool
from components.errors import ConfigFaults
from components.plan import make_plan, slots
from components.plan.claims import Claim, claim_faults
from components.plan.make import claims_of
from components.plan.rules import entries_needed, quota_of
from components.plan.safety import deadly_zones, quorum
from tests.support.aws_blocks import apart
from tests.support.environments import aws_environment, by_prefixes, environment
from tests.support.properties import patiently


def test_a_slot_is_told_by_its_number() -> None:
    slot = make_plan(environment()).slot("b10")

    assert (slot.zone, slot.pool, slot.role, slot.number) == ("b", "workers", "worker", 10)
    assert str(slot.address) == "10.97.16.20"
    assert str(slot.containers) == "10.227.74.0/24"
    assert slot.labels == {"zone": "b", "pool": "workers"}


def test_slots_stand_by_number_and_then_by_zone() -> None:
    plan = make_plan(environment())

    assert [slot.name for slot in plan.slots] == ["a1", "b1", "c1", "a10", "b10", "c10"]
    assert [slot.name for slot in plan.managers] == ["a1", "b1", "c1"]
    assert [slot.name for slot in plan.workers] == ["a10", "b10", "c10"]


def test_a_pools_own_image_and_labels_reach_its_slots_alone() -> None:
    plan = make_plan(
        environment(lambda wanted: wanted["pools"][1].update(image="sid", labels={"disk": "fast"}))
    )

    assert {slot.image for slot in plan.workers} == {"sid"}
    assert {slot.image for slot in plan.managers} == {"trixie"}
    assert plan.slot("a10").labels == {"disk": "fast", "zone": "a", "pool": "workers"}
    assert plan.slot("a1").labels == {"zone": "a", "pool": "managers"}


def test_with_prefixes_the_last_part_of_a_hosts_address_is_the_same_as_ever() -> None:
    plan = make_plan(environment(by_prefixes))

    slot = plan.slot("b10")
    assert str(slot.address) == "10.97.16.20"
    assert str(slot.containers) == "10.97.25.64/27"
    assert plan.routes == ()
    assert plan.network.ranges_text == "10.97.8.0/21 10.97.24.0/21 10.97.40.0/21"


def test_prefixes_are_the_28s_of_a_cidr_in_order() -> None:
    given = [str(each) for each in slots.prefixes(IPv4Network("10.1.18.0/26"))]

    assert given == ["10.1.18.0/28", "10.1.18.16/28", "10.1.18.32/28", "10.1.18.48/28"]
    assert slots.prefixes(IPv4Network("10.1.18.16/28")) == (IPv4Network("10.1.18.16/28"),)


def test_where_no_host_needs_an_entry_there_is_no_quota_and_no_entry_but_the_cloud_s_own() -> None:
    inside, outside = environment(by_prefixes), environment()

    assert (quota_of(outside), quota_of(inside)) == (200, None)
    assert entries_needed(len(make_plan(inside).routes), inside.network, inside.settings) == 0
    on_aws = aws_environment()
    assert entries_needed(len(make_plan(inside).routes), on_aws.network, on_aws.settings) == 2


def test_each_block_of_a_vpc_has_an_entry_in_every_table() -> None:
    wide, narrow = aws_environment(apart("10.92.0.0/14")), aws_environment()

    assert entries_needed(6, narrow.network, narrow.settings) == 6 + 1 + 1
    assert entries_needed(6, wide.network, wide.settings) == 6 + 1 + 3


def test_a_slot_that_is_not_planned_is_not_found() -> None:
    with pytest.raises(KeyError):
        make_plan(environment()).slot("z1")


def test_an_environment_made_by_hand_is_checked_too() -> None:
    sound = environment()
    crowded = replace(
        sound,
        pools=(*sound.pools, Pool(name="more", role="worker", first=1, size=1, hosts={"q": 1})),
    )

    with pytest.raises(ConfigFaults, match="is no zone of") as caught:
        make_plan(crowded)
    assert len(caught.value.faults) == 2


def test_every_range_of_a_plan_has_an_owner() -> None:
    seen = environment()
    owners = Counter(claim.owner for claim in claims_of(seen, make_plan(seen).slots))

    assert set(owners.values()) == {1}
    assert owners.keys() >= {"the VPC", "docker0", "docker_gwbridge", "the uplink", "host a1"}
    assert len(owners) == 6 + 3 * 2 + 6


def test_a_range_that_is_all_of_its_owners_is_no_overlap_in_whatever_order() -> None:
    whole = IPv4Network("10.227.0.0/24")
    claims = [
        Claim(owner="the container range", path="n.containers", network=whole),
        Claim(owner="zone a", path="n.zones.a.containers", network=whole, inside="n.containers"),
        Claim(owner="host a1", path="p.a", network=whole, inside="n.zones.a.containers"),
    ]

    assert claim_faults(claims) == []
    assert claim_faults(reversed(claims)) == []


@pytest.mark.parametrize("number", [1, 2, 3, 49, 50, 242, 243, 1000])
def test_the_length_told_for_a_vswitch_is_the_longest_that_fits(number: int) -> None:
    length = slots.subnet_length_for(number)

    assert slots.highest_address(IPv4Network((0, length))) >= number
    assert slots.highest_address(IPv4Network((0, length + 1))) < number


@pytest.mark.parametrize("number", [1, 2, 31, 32, 63, 64, 255])
def test_the_length_told_for_a_container_range_is_the_longest_that_fits(number: int) -> None:
    length = slots.containers_length_for(number, 24)

    assert slots.highest_block(IPv4Network((0, length)), 24) >= number
    assert slots.highest_block(IPv4Network((0, length + 1)), 24) < number


@pytest.mark.parametrize(("managers", "needed"), [(1, 1), (2, 2), (3, 2), (5, 3), (7, 4)])
def test_a_quorum_is_more_than_half(managers: int, needed: int) -> None:
    assert quorum(managers) == needed


def test_two_zones_never_survive_each_other() -> None:
    for first in range(5):
        for second in range(5):
            by_zone = {zone: n for zone, n in (("a", first), ("b", second)) if n}
            if by_zone:
                assert deadly_zones(by_zone)


@st.composite
def _claims(draw: st.DrawFn) -> list[Claim]:
    networks = st.builds(
        lambda value, length: IPv4Network((value >> (32 - length) << (32 - length), length)),
        st.integers(0x0A000000, 0x0A0000FF),
        st.integers(26, 32),
    )
    return [
        Claim(owner=str(index), path=str(index), network=network)
        for index, network in enumerate(draw(st.lists(networks, max_size=8)))
    ]


@patiently
@given(_claims())
def test_the_sweep_finds_an_overlap_exactly_where_a_comparison_of_all_pairs_does(
    claims: list[Claim],
) -> None:
    touching = {
        claim.path
        for pair in combinations(claims, 2)
        if pair[0].network.overlaps(pair[1].network)
        for claim in pair
    }
    told = {fault.path for fault in claim_faults(claims)}

    assert bool(told) == bool(touching)
    assert told <= touching
    # Each is either told itself or holds one that is told.
    by_path = {claim.path: claim.network for claim in claims}
    assert all(any(by_path[path].overlaps(by_path[other]) for other in told) for path in touching)
