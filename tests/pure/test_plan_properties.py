"""What holds for every plan, whatever the environment: hypothesis looks for one that breaks it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv4Network
from itertools import pairwise
from random import Random
from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st

from components.config.model import ROUTINGS, Routing
from components.environment import Environment, LabSettings, Network, Pool, Zone
from components.plan import Plan, Slot, make_plan
from components.plan.slots import prefixes
from tests.support.properties import patiently

T = TypeVar("T")

ZONES = "abcdef"


def _zone(letter: str) -> Zone:
    """A zone whose ranges follow from its letter alone."""
    index = ZONES.index(letter)
    return Zone(
        name=letter,
        zone=letter,
        subnet=IPv4Network(f"10.97.{index * 16}.0/24"),
        containers=IPv4Network(f"10.{220 + index}.0.0/16"),
    )


def _inner_zone(letter: str) -> Zone:
    """The same with containers in its subnet: behind the hosts' addresses, up to its end."""
    index = ZONES.index(letter)
    return Zone(
        name=letter,
        zone=letter,
        subnet=IPv4Network(f"10.{index}.0.0/18"),
        containers=IPv4Network(f"10.{index}.32.0/19"),
    )


def _network(letters: list[str], routing: Routing) -> Network:
    if routing == "prefixes":
        return replace(
            _network(letters, "tables"),
            vpc=IPv4Network("10.0.0.0/13"),
            containers=None,
            host_prefix=26,
            zones=tuple(_inner_zone(letter) for letter in letters),
            routing=routing,
        )
    return Network(
        vpc=IPv4Network("10.97.0.0/16"),
        containers=IPv4Network("10.192.0.0/10"),
        host_prefix=24,
        zones=tuple(_zone(letter) for letter in letters),
        docker0=IPv4Network("172.30.0.0/24"),
        gwbridge=IPv4Network("172.30.16.0/20"),
        overlays=IPv4Network("172.28.0.0/16"),
    )


@st.composite
def environments(draw: st.DrawFn) -> Environment:
    """A sound environment: up to six zones and four pools, an odd number of managers."""
    letters = draw(st.lists(st.sampled_from(ZONES), min_size=1, unique=True))
    pools, first = [], draw(st.integers(1, 5))
    for index in range(draw(st.integers(0, 3))):
        size = draw(st.integers(1, 30))
        counts = st.dictionaries(st.sampled_from(letters), st.integers(0, size))
        hosts = draw(counts)
        pools.append(Pool(name=f"w{index}x", role="worker", first=first, size=size, hosts=hosts))
        first += size + draw(st.integers(0, 5))
    managers = Pool(name="managers", role="manager", first=first, size=3, hosts={letters[0]: 1})
    return Environment(
        name="lab",
        source="stacks/Pulumi.lab.yaml",
        network=_network(letters, draw(st.sampled_from(ROUTINGS))),
        pools=tuple(draw(st.permutations([*pools, managers]))),
        survivable=False,
        batch=1,
        operators=(),
        settings=LabSettings(image="trixie", route_quota=1000, uplink=IPv4Network("10.76.97.0/30")),
    )


def _by_name(plan: Plan) -> dict[str, Slot]:
    return {slot.name: slot for slot in plan.slots}


def _shuffled(items: Iterable[T], random: Random) -> list[T]:
    shuffled = list(items)
    random.shuffle(shuffled)
    return shuffled


def _agree(one: Plan, other: Plan) -> bool:
    """Whether every slot that both plans have is the same in both."""
    first, second = _by_name(one), _by_name(other)
    return all(first[name] == second[name] for name in first.keys() & second.keys())


@patiently
@given(environments())
def test_container_cidrs_are_disjoint(environment: Environment) -> None:
    cidrs = sorted(slot.containers for slot in make_plan(environment).slots)

    assert all(not one.overlaps(other) for one, other in pairwise(cidrs))


@patiently
@given(environments())
def test_names_and_addresses_are_unique(environment: Environment) -> None:
    slots = make_plan(environment).slots

    assert len({slot.name for slot in slots}) == len(slots)
    assert len({slot.address for slot in slots}) == len(slots)


@patiently
@given(environments())
def test_everything_lies_inside_its_owner(environment: Environment) -> None:
    zones = {zone.name: zone for zone in environment.network.zones}
    for slot in make_plan(environment).slots:
        zone = zones[slot.zone]
        assert slot.address in zone.subnet
        assert slot.address in environment.network.vpc
        assert slot.containers.subnet_of(zone.containers)
        assert any(map(slot.containers.subnet_of, environment.network.ranges))


@patiently
@given(environments())
def test_no_host_has_an_address_that_a_cloud_keeps(environment: Environment) -> None:
    zones = {zone.name: zone for zone in environment.network.zones}
    for slot in make_plan(environment).slots:
        subnet = zones[slot.zone].subnet
        assert slot.address not in {subnet[place] for place in (0, 1, 2, 3, -3, -2, -1)}


@patiently
@given(environments())
def test_there_is_one_route_for_each_slot_or_with_prefixes_none(environment: Environment) -> None:
    plan = make_plan(environment)
    by_tables = environment.network.routing == "tables"

    assert [(route.slot, route.destination) for route in plan.routes] == [
        (slot.name, slot.containers) for slot in plan.slots if by_tables
    ]


@patiently
@given(environments())
def test_prefixes_are_parts_of_the_subnet_that_nobody_else_has(environment: Environment) -> None:
    network = environment.network
    if network.routing == "tables":
        return
    slots = make_plan(environment).slots
    kept = {zone.subnet[number] for zone in network.zones for number in (0, 1, 2, 3, -1)}
    taken = {slot.address for slot in slots} | kept
    delivered = [prefix for slot in slots for prefix in prefixes(slot.containers)]

    assert {prefix.prefixlen for prefix in delivered} == {28}
    assert len(set(delivered)) == len(slots) * 4
    assert not any(address in prefix for prefix in delivered for address in taken)


@patiently
@given(environments())
def test_there_are_as_many_slots_as_hosts_asked_for(environment: Environment) -> None:
    plan = make_plan(environment)

    for pool in environment.pools:
        for zone in environment.network.zones:
            found = [
                slot for slot in plan.slots if (slot.pool, slot.zone) == (pool.name, zone.name)
            ]
            assert len(found) == pool.hosts.get(zone.name, 0)
            assert all(slot.number in pool.numbers for slot in found)


@patiently
@given(environments(), st.randoms())
def test_the_order_of_zones_pools_and_hosts_does_not_matter(
    environment: Environment, random: Random
) -> None:
    zones = _shuffled(environment.network.zones, random)
    pools = [
        replace(pool, hosts=dict(_shuffled(pool.hosts.items(), random)))
        for pool in _shuffled(environment.pools, random)
    ]
    network = replace(environment.network, zones=tuple(zones))
    shuffled = replace(environment, pools=tuple(pools), network=network)

    assert make_plan(shuffled).slots == make_plan(environment).slots


@patiently
@given(environments(), st.sampled_from(ZONES))
def test_a_zone_that_comes_or_goes_renumbers_no_slot(environment: Environment, letter: str) -> None:
    letters = [zone.name for zone in environment.network.zones]
    if letter in letters:
        letters.remove(letter)
    else:
        letters.insert(0, letter)
    if not letters:
        return
    pools = [
        replace(pool, hosts={zone: count for zone, count in pool.hosts.items() if zone in letters})
        for pool in environment.pools
    ]
    pools = [
        replace(pool, hosts={letters[-1]: 1}) if pool.role == "manager" else pool for pool in pools
    ]
    changed = replace(
        environment, network=_network(letters, environment.network.routing), pools=tuple(pools)
    )

    assert _agree(make_plan(environment), make_plan(changed))


@patiently
@given(environments(), st.data())
def test_a_pool_that_goes_renumbers_no_slot(environment: Environment, data: st.DataObject) -> None:
    gone = data.draw(st.sampled_from(environment.pools))
    pools = tuple(pool for pool in environment.pools if pool == gone or pool.role == "manager")

    assert _agree(make_plan(environment), make_plan(replace(environment, pools=pools)))


@patiently
@given(environments(), st.data())
def test_hosts_that_come_or_go_renumber_no_slot(
    environment: Environment, data: st.DataObject
) -> None:
    letters = [zone.name for zone in environment.network.zones]
    pools = tuple(
        pool
        if pool.role == "manager"
        else replace(
            pool,
            hosts=data.draw(st.dictionaries(st.sampled_from(letters), st.integers(0, pool.size))),
        )
        for pool in environment.pools
    )

    assert _agree(make_plan(environment), make_plan(replace(environment, pools=pools)))
