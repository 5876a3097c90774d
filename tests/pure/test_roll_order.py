"""The order of a roll, and whether a Swarm is whole, as decisions on values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.change.order import batch, next_turn, turns
from components.errors import DeadlineExceeded
from components.swarm.facts import Row
from components.swarm.health import Health, Trouble, judge, wait_whole
from components.swarm.replicas import Replicas, read_replicas
from tests.support.swarm_scene import ADDRESS, alone, manager, row, silent

ROLES = {"a1": "manager", "b1": "manager", "c1": "manager", "a10": "worker", "b10": "worker"}
FOUR = {name: "manager" if name in {"a1", "b1", "c1"} else "worker" for name in ADDRESS}


def whole(leader: str = "b1", *services: Replicas, broken: Sequence[str] = ()) -> Health:
    troubles = tuple(Trouble(name, f"{name} is down") for name in broken)
    return Health(leader=leader, troubles=troubles, services=services)


def service(running: Mapping[str, int], wanted: int = 2, **more: Any) -> Replicas:
    base = {"name": "web", "everywhere": False, "wanted": wanted, "running": running}
    return Replicas(**{**base, **more})


def order(health: Health, *, most: int = 2, canary: bool = True) -> list[str]:
    found = turns(list(ROLES), ROLES, health, most=most, canary=canary)
    return [f"{turn.kind} {' '.join(turn.hosts)}" for turn in found]


def test_a_worker_is_the_canary_and_the_leader_is_last() -> None:
    assert order(whole("a1")) == [
        "canary a10",
        "workers b10",
        "manager b1",
        "manager c1",
        "leader a1",
    ]
    assert order(whole("b1"), canary=False)[0] == "workers a10 b10"


def test_hosts_that_are_not_whole_come_first_managers_before_workers() -> None:
    assert order(whole("a1", broken=["a10", "c1"]))[:3] == ["mend c1", "mend a10", "canary b10"]


def test_without_a_worker_the_canary_is_a_manager_that_does_not_lead() -> None:
    turn = next_turn(["a1", "b1"], ROLES, whole("a1"), most=1, canary=True)
    assert (turn.kind, turn.hosts) == ("canary", ("b1",))
    alone = next_turn(["a1"], ROLES, whole("a1"), most=1, canary=True)
    assert (alone.kind, alone.hosts) == ("leader", ("a1",))


@given(
    left=st.lists(st.sampled_from(sorted(ROLES)), unique=True),
    leader=st.sampled_from(["a1", "b1", "c1"]),
    broken=st.frozensets(st.sampled_from(sorted(ROLES))),
    most=st.integers(1, 3),
    canary=st.booleans(),
)
def test_every_host_has_one_turn_and_no_manager_shares_it(
    left: list[str], leader: str, broken: frozenset[str], most: int, canary: bool
) -> None:
    health = whole(leader, broken=sorted(broken))
    found = list(turns(left, ROLES, health, most=most, canary=canary))
    assert sorted(name for turn in found for name in turn.hosts) == sorted(left)
    for turn in found:
        managers = [name for name in turn.hosts if ROLES[name] == "manager"]
        assert len(turn.hosts) <= (1 if managers or turn.kind != "workers" else most)
    if leader in left and leader not in broken:
        assert found[-1].hosts == (leader,)


WORKERS = ["a10", "b10", "c10"]
BATCHES = [
    (service({"a10": 1, "b10": 1}), ("a10", "c10")),
    (service({"a10": 1, "b10": 1, "a1": 1}, 3), ("a10", "b10")),
    (service({"a10": 2}), ("a10", "b10")),  # it is silent anyhow: its tasks move before the host
    (service({"a10": 1, "b10": 1}, everywhere=True), ("a10", "b10")),
    (service({"a10": 1}, 1), ("a10", "b10")),
]


@pytest.mark.parametrize(("running", "expected"), BATCHES)
def test_no_batch_takes_all_tasks_of_a_service_at_once(
    running: Replicas, expected: tuple[str, ...]
) -> None:
    assert batch(WORKERS, [running], 2) == expected


# -- health


def judged(
    rows: Sequence[Row] | None = None, services: Sequence[Replicas] = (), **machines: Any
) -> Health:
    found = {name: manager(name) for name in ("a1", "b1", "c1")} | machines
    listed = [row(name, manager="leader" if name == "a1" else row(name).manager) for name in FOUR]
    return judge(FOUR, "lab", list(found.values()), listed if rows is None else rows, services)


def changed(name: str, **parts: Any) -> list[Row]:
    """The list of nodes of a whole Swarm, but for one."""
    kept = [row(each, manager="leader" if each == "a1" else row(each).manager) for each in FOUR]
    return [row(name, **parts) if each.hostname == name else each for each in kept]


def test_a_swarm_with_all_that_is_planned_is_whole() -> None:
    found = judged(services=[service({"id-a10": 1, "x": 1})])
    assert found.ok
    assert (found.leader, str(found)) == ("a1", "whole, a1 leads")
    assert found.services[0].running == {"a10": 1, "x": 1}


TROUBLES: list[tuple[dict[str, Any], str]] = [
    ({"b1": silent("b1")}, "b1 does not answer"),
    ({"b1": alone("b1")}, "b1 says that there is no leader"),
    ({"rows": changed("a10", status="down")}, "a10 is down"),
    ({"rows": changed("a10", availability="drain")}, "a10 takes no tasks (drain)"),
    ({"rows": changed("c1", manager="")}, "c1 is no manager of the Swarm"),
    ({"rows": changed("a10")[:3]}, "a10 is not in the Swarm"),
    ({"rows": changed("a1", manager="reachable")}, "no manager leads the Swarm"),
    ({"services": [service({"id-a10": 1})]}, "service web runs 1 of 2 tasks"),
]


@pytest.mark.parametrize(("parts", "says"), TROUBLES, ids=[says for _, says in TROUBLES])
def test_everything_that_is_not_as_planned_is_said(parts: dict[str, Any], says: str) -> None:
    found = judged(**parts)
    assert not found.ok
    assert says in str(found)


def test_a_dead_entry_of_a_manager_still_counts_and_is_said_though_its_slot_is_whole() -> None:
    dead = row("c1", id="old", status="down", manager="unreachable")
    assert "manager c1 is not reachable" in str(judged([*changed("a10"), dead]))
    gone = row("a10", id="old", status="down")
    assert judged([*changed("b1"), gone]).ok


def test_what_is_said_of_some_hosts_can_be_left_out() -> None:
    found = judged(changed("a10", status="down"), [service({"id-a10": 1})])
    assert found.broken == {"a10"}
    assert str(found.but({"a10"})) == "service web runs 1 of 2 tasks"


def test_the_wait_for_a_whole_swarm_ends_and_says_what_is_missing() -> None:
    looks = iter([whole(broken=["a10"]), whole()])
    assert wait_whole(lambda: next(looks), where="lab", within=600).ok
    with pytest.raises(DeadlineExceeded, match="a10 is down"):
        wait_whole(lambda: whole(broken=["a10"]), where="lab", within=0)


def task(service: str, state: str, node: str = "n1", **status: str) -> dict[str, Any]:
    return {"ServiceID": service, "NodeID": node, "Status": {"State": state, **status}}


def told(name: str, **mode: Any) -> dict[str, Any]:
    return {"ID": name, "Spec": {"Name": name, "Mode": mode}}


def test_services_are_read_with_what_they_want_and_jobs_are_left_out() -> None:
    services = [
        told("web", Replicated={"Replicas": 3}),
        told("every", Global={}),
        told("one", Replicated={}),
        told("none", Replicated={"Replicas": 0}),
        told("job", ReplicatedJob={"TotalCompletions": 1}),
    ]
    tasks = [
        task("web", "running"),
        task("web", "running"),
        task("web", "pending", "", Err="no suitable node (1 node not available for new tasks)"),
        task("every", "running"),
        task("every", "starting", "n2"),
        task("one", "running"),
    ]
    found = {each.name: each for each in read_replicas(services, tasks)}
    assert sorted(found) == ["every", "none", "one", "web"]
    assert {name: (each.wanted, each.whole) for name, each in found.items()} == {
        "web": (3, False),
        "every": (2, False),
        "one": (1, True),
        "none": (0, True),
    }
    assert found["web"].unplaceable
    assert found["web"].run_off({"n1"}) == 0
