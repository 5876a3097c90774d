"""The arithmetic of managers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.errors import QuorumLost, SwarmError
from components.swarm.quorum import Quorum, classify, look_at_quorum, quorum_fault, tolerance
from tests.support.fake_swarm import world
from tests.support.swarm_scene import alone, idle, manager, silent, worker

NAMES = frozenset(f"{zone}{number}" for zone in "abc" for number in (1, 2, 3))
THREE = frozenset({"a1", "b1", "c1"})
FIVE = THREE | {"a2", "b2"}


def healthy(names: frozenset[str]) -> Quorum:
    return Quorum(standing=names)


@pytest.mark.parametrize(("managers", "lost"), [(0, 0), (1, 0), (2, 0), (3, 1), (5, 2), (7, 3)])
def test_a_minority_may_fail(managers: int, lost: int) -> None:
    assert tolerance(managers) == lost


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (frozenset[str](), THREE),
        (THREE, THREE),
        (THREE, FIVE),
        (FIVE, THREE),
        (frozenset({"a1"}), THREE),
        (THREE, frozenset({"a1", "b1", "c2"})),
    ],
)
def test_a_change_that_keeps_the_majority_is_let_through(
    old: frozenset[str], new: frozenset[str]
) -> None:
    assert quorum_fault(old, new) is None
    assert quorum_fault(old, new, healthy(old)) is None


def test_two_of_three_at_once_are_refused_by_name() -> None:
    fault = quorum_fault(THREE, {"a1", "b2", "c2"})
    assert isinstance(fault, SwarmError)
    assert "2 of 3 managers would be removed at once" in str(fault)
    assert "removing b1, c1 from a1, b1, c1" in str(fault)
    assert "wanted at most 1 at once" in str(fault)
    assert "FAIRWAY_ALLOW_QUORUM_LOSS=1" in str(fault)


WAYS = [
    (NAMES, {"a1"}, "go to 5 first"),
    (FIVE | {"a3", "b3"}, THREE, "go to 5 first"),
    (FIVE, {"a1"}, "go to 3 first"),
    (THREE, {"a1"}, "no step lies between 3 and 1"),
    (THREE, {"a1", "b2", "c2"}, "add the new ones first"),
    ({"a1"}, {"b1"}, "add the new ones first"),
]


@pytest.mark.parametrize(("old", "new", "way"), WAYS)
def test_a_refusal_tells_a_way_whose_steps_are_let_through(
    old: frozenset[str], new: frozenset[str], way: str
) -> None:
    fault = quorum_fault(old, new)
    assert way in str(fault)
    if "go to" in way:
        kept = int(way.split()[2]) - len(new)
        assert quorum_fault(old, new | set(sorted(old - new)[:kept])) is None
    elif "add" in way:
        assert len(old | new) % 2 == 0 or quorum_fault(old, old | new) is None


def test_an_even_number_is_refused() -> None:
    fault = quorum_fault(THREE, {"a1", "b1"})
    assert "found 2 (a1, b1), wanted 1, 3, 5, 7 or 9" in str(fault)
    assert quorum_fault(set(), set()) is not None


def test_the_only_manager_is_not_exchanged_for_another() -> None:
    assert "wanted the only manager to stay" in str(quorum_fault({"a1"}, {"b1"}))


def test_nothing_is_changed_while_the_quorum_is_lost() -> None:
    seen = Quorum(leaderless=frozenset({"c1"}), silent=frozenset({"a1", "b1"}))
    fault = quorum_fault(THREE, THREE, seen)
    assert isinstance(fault, QuorumLost)
    assert "found c1 without a leader; a1, b1 not answering" in str(fault)
    assert "`./fairway recover STACK`, which goes on from c1" in str(fault)


def test_removing_those_that_work_is_refused_while_others_do_not() -> None:
    seen = Quorum(standing=frozenset({"a1", "b1", "c1"}), silent=frozenset({"a2", "b2"}))
    fault = quorum_fault(FIVE, THREE - {"a1", "b1"} | {"a2", "b2"}, seen)
    assert "removing a1, b1 would leave too few managers that work" in str(fault)
    assert "wanted more than half of 3 at work; 1 would be" in str(fault)
    assert quorum_fault(FIVE, THREE, seen) is None


def test_managers_that_all_sleep_are_no_reason_to_refuse() -> None:
    assert quorum_fault(THREE, THREE, Quorum(silent=THREE)) is None


@given(
    old=st.frozensets(st.sampled_from(sorted(NAMES)), max_size=7),
    new=st.frozensets(st.sampled_from(sorted(NAMES)), max_size=9),
    down=st.frozensets(st.sampled_from(sorted(NAMES)), max_size=3),
)
def test_whatever_is_let_through_keeps_a_majority_at_every_moment(
    old: frozenset[str], new: frozenset[str], down: frozenset[str]
) -> None:
    seen = Quorum(standing=old - down, silent=old & down)
    if quorum_fault(old, new, seen) is not None or 2 * len(seen.standing) <= len(old):
        return
    members = set(old)
    for leaver in sorted(old - new, key=lambda name: name in down):  # the worst order
        members.remove(leaver)
        assert 2 * len(members - down) > len(members)


def test_managers_are_sorted_by_what_they_say() -> None:
    machines = [manager("a1"), alone("b1"), idle("c1"), silent("a10")]
    found = classify(machines, "lab")
    assert found == Quorum(
        standing=frozenset({"a1"}),
        leaderless=frozenset({"b1"}),
        outside=frozenset({"c1"}),
        silent=frozenset({"a10"}),
    )
    assert not found.lost
    assert str(found) == (
        "a1 in the Swarm; b1 without a leader; c1 in no Swarm of this cluster; a10 not answering"
    )


def test_managers_of_another_cluster_count_for_nothing() -> None:
    found = classify([manager("a1", cluster="other"), worker("b1")], "lab")
    assert found.outside == {"a1", "b1"}


def test_a_look_finds_the_survivor_without_a_leader() -> None:
    here = world()
    swarm = here.begin("a1")
    for name in ("b1", "c1"):
        here.enter(name, swarm, "manager")
        here.hosts[name].mark("lab", swarm.id)
    endpoints = [here.endpoint(name) for name in ("a1", "b1", "c1")]
    assert look_at_quorum(endpoints, here.sessions, "lab").standing == THREE
    here.hosts["a1"].up = here.hosts["b1"].up = False
    found = look_at_quorum(endpoints, here.sessions, "lab", patience=0)
    assert found.lost
    assert found == Quorum(leaderless=frozenset({"c1"}), silent=frozenset({"a1", "b1"}))
