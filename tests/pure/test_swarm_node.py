"""A node's life over sessions, in Swarms that exist in memory."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.errors import (
    FairwayError,
    HostKeyMismatch,
    HostUnreachable,
    QuorumLost,
    SwarmError,
)
from components.remote.command import Secret
from components.remote.endpoint import Session
from components.remote.session import Sessions
from components.swarm import engine_api, node, steps
from components.swarm.founding import await_managers
from components.swarm.model import KEYS_LABEL, MARKER_FILE, NodeState
from components.swarm.node import bring_up, observe, take_down
from tests.support.fake_swarm import world
from tests.support.fake_world import Swarm, World, network
from tests.support.patience import LONG

MANAGERS = ("a1", "b1", "c1")


def up(here: World, name: str) -> NodeState:
    return bring_up(here.plan(name), here.sessions, here.reports.append)


def down(here: World, name: str, node_id: str = "") -> None:
    plan = here.plan(name)
    take_down(plan, node_id or here.hosts[name].node_id, here.sessions, here.reports.append)


def complete() -> tuple[World, Swarm]:
    here = world()
    for name in here.hosts:
        up(here, name)
    here.changes.clear()
    here.reports.clear()
    (swarm,) = here.swarms.values()
    return here, swarm


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "SETTLES_WITHIN", 0.0)


def test_machines_become_one_swarm_with_roles_labels_and_networks() -> None:
    here, swarm = complete()
    assert here.roles(swarm) == {
        "a1": "manager",
        "b1": "manager",
        "c1": "manager",
        "a10": "worker",
    }
    for entry in swarm.nodes.values():
        zone = entry.hostname[0]
        assert entry.labels == {"zone": zone, "pool": "p", KEYS_LABEL: "pool,zone"}
    assert swarm.routed is not None
    for number, host in enumerate(here.hosts.values(), start=1):
        ranges = host.networks["routed-config"]["IPAM"]["Config"]
        assert ranges == [{"Subnet": f"10.200.{number}.0/24"}]
        assert host.files[MARKER_FILE] == f'{{"cluster": "lab", "swarm": "{swarm.id}"}}\n'.encode()


def test_all_at_once_they_become_the_same_swarm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "SETTLES_WITHIN", LONG)
    here = world()
    with ThreadPoolExecutor(4) as pool:
        states = list(pool.map(lambda name: up(here, name), reversed(here.hosts)))
    assert len(here.swarms) == 1
    assert {state.swarm_id for state in states} == set(here.swarms)
    assert len({state.node_id for state in states}) == 4


def test_a_connection_that_breaks_in_the_middle_of_a_join_is_not_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = world()
    up(here, "a1")
    joins = engine_api.join

    def join_and_break(session: Session, *rest: Any) -> None:
        joins(session, *rest)
        monkeypatch.setattr(engine_api, "join", joins)
        raise HostUnreachable(where="b1", what="the connection was lost", hint="try again")

    monkeypatch.setattr(engine_api, "join", join_and_break)
    assert up(here, "b1").role == "manager"


def test_a_host_that_dies_in_the_middle_of_a_join_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    here = world()
    up(here, "a1")

    def die(*_: object) -> None:
        here.hosts["b1"].up = False
        raise HostUnreachable(where="b1", what="the connection was lost", hint="try again")

    monkeypatch.setattr(engine_api, "join", die)
    with pytest.raises(HostUnreachable, match="does not answer"):
        up(here, "b1")


def test_a_second_time_nothing_is_done() -> None:
    here, _ = complete()
    for name in here.hosts:
        state = up(here, name)
        assert state.drift == ()
    assert here.changes == []
    assert here.reports == []


def test_what_is_done_is_told_in_short_phrases() -> None:
    here = world()
    up(here, "a1")
    assert here.reports == [
        "making its container network",
        "beginning the Swarm",
        "setting its labels",
        "making the routed network",
    ]


def test_the_join_token_is_on_no_command_line_and_in_no_report() -> None:
    here, _ = complete()
    said = [line for host in here.hosts.values() for line in host.ran] + here.reports
    assert any("join-token" in line for line in said)
    assert not any("SWMTKN" in line for line in said)


def test_a_node_that_left_is_absent_and_joins_again_under_a_new_id() -> None:
    here, swarm = complete()
    before = here.hosts["c1"].node_id
    here.hosts["c1"].forget()
    swarm.nodes[before].status = "down"
    assert observe(here.plan("c1"), here.sessions, before) is None
    assert up(here, "c1").node_id != before
    assert here.roles(swarm)["c1"] == "manager"
    assert len(swarm.nodes) == 4


def test_a_fresh_machine_takes_its_slot_and_the_dead_entry_is_gone_before_it_joins() -> None:
    here, swarm = complete()
    dead = here.hosts["b1"].node_id
    here.fresh("b1")
    up(here, "b1")
    assert dead not in swarm.nodes
    assert len(swarm.nodes) == 4
    changes = [what for _, what in here.changes]
    joined = changes.index("/swarm/join")
    assert changes.index("make b1 a worker") < changes.index(f"remove {dead}") < joined


def test_the_first_manager_s_successor_joins_and_begins_nothing() -> None:
    here, swarm = complete()
    here.fresh("a1")
    assert up(here, "a1").swarm_id == swarm.id
    assert len(here.swarms) == 1


def test_a_second_swarm_is_never_begun_while_a_manager_is_silent() -> None:
    here = world()
    here.hosts["c1"].up = False
    with pytest.raises(SwarmError, match="no answer from c1"):
        up(here, "a1")
    assert here.swarms == {}


def test_a_machine_in_another_cluster_s_swarm_is_left_there() -> None:
    here, _ = complete()
    theirs = here.begin("a10", "other")
    with pytest.raises(SwarmError, match="found a Swarm of other"):
        up(here, "a10")
    assert here.hosts["a10"].swarm == theirs.id
    assert observe(here.plan("a10"), here.sessions) is None
    down(here, "a10", "some-id")
    assert here.hosts["a10"].swarm == theirs.id


def test_drift_is_told_in_sentences_and_mended() -> None:
    here, swarm = complete()
    entry = swarm.nodes[here.hosts["a10"].node_id]
    entry.labels["zone"], entry.labels["theirs"], entry.availability = "x", "1", "drain"
    seen = observe(here.plan("a10"), here.sessions)
    assert seen is not None
    assert seen.drift == ("set zone=a, make it active",)
    assert seen.labels == {"zone": "x", "pool": "p"}
    assert up(here, "a10").drift == ()
    assert entry.labels["theirs"] == "1"


def test_a_container_network_in_use_is_not_changed() -> None:
    here, _ = complete()
    wrong = network("routed-config", "10.9.0.0/24", ConfigOnly=True, used=True)
    here.hosts["a10"].networks["routed-config"] = wrong
    with pytest.raises(SwarmError, match=r"found 10\.9\.0\.0/24 .*wanted 10\.200\.4\.0/24"):
        up(here, "a10")
    wrong["used"] = False
    assert up(here, "a10").containers == "10.200.4.0/24"


def test_the_usual_mtu_is_not_written_and_another_one_is_mended_once() -> None:
    here, _ = complete()
    options = here.hosts["a10"].networks["routed-config"]["Options"]
    assert options == steps.ROUTED_OPTIONS
    jumbo = replace(here.plan("a10"), mtu=9001)

    bring_up(jumbo, here.sessions)
    bring_up(jumbo, here.sessions)

    options = here.hosts["a10"].networks["routed-config"]["Options"]
    assert options == {**steps.ROUTED_OPTIONS, "com.docker.network.driver.mtu": "9001"}
    assert here.changes == [("a10", "remove routed-config"), ("a10", "create routed-config")]


def test_a_silent_machine_is_told_of_by_the_managers() -> None:
    here, _ = complete()
    known = here.hosts["a10"].node_id
    here.hosts["a10"].up = False
    seen = observe(here.plan("a10"), here.sessions, known)
    assert seen is not None
    assert (seen.node_id, seen.role, seen.containers) == (known, "worker", "")
    assert "does not answer" in seen.drift[0]


def test_a_machine_that_misses_one_look_is_not_called_silent() -> None:
    here, _ = complete()
    for name in ("a1", "a10"):
        here.hosts[name].misses = 1
        seen = observe(here.plan(name), here.sessions)
        assert seen is not None
        assert seen.drift == ()


def test_silence_of_everyone_is_not_absence() -> None:
    here, _ = complete()
    for host in here.hosts.values():
        host.up = False
    seen = observe(here.plan("a10"), here.sessions, "known")
    assert seen is not None
    assert seen.node_id == "known"
    assert seen.drift[0].startswith("no manager can tell: a10 does not answer")


def test_a_swarm_without_quorum_is_not_changed() -> None:
    here, _ = complete()
    here.hosts["a1"].up = here.hosts["b1"].up = False
    with pytest.raises(QuorumLost, match="c1 says that there is no leader"):
        up(here, "c1")
    assert here.changes == []


def test_another_host_key_is_an_error_and_not_silence() -> None:
    def opener(*_: object, **__: object) -> None:
        raise HostKeyMismatch(where="b1", what="shows another key", hint="stop")

    here = world()
    sessions = Sessions(Secret("key"), opener=opener)  # type: ignore[arg-type]
    for look in (observe, bring_up):
        with pytest.raises(HostKeyMismatch):
            look(here.plan("b1"), sessions)


@pytest.mark.parametrize("name", ["a1", "b1", "a10"])
def test_a_node_that_is_taken_down_drains_leaves_and_is_off_the_list(name: str) -> None:
    here, swarm = complete()
    known = here.hosts[name].node_id
    swarm.tasks[known] = 2
    down(here, name)
    assert known not in swarm.nodes
    assert here.hosts[name].state == "inactive"
    assert MARKER_FILE not in here.hosts[name].files
    changes = [what for _, what in here.changes]
    assert changes[0] == f"--availability drain {known}"
    assert changes[-2:] == ["leave", f"remove {known}"]
    assert swarm.tasks[known] < 1


def test_a_node_whose_tasks_never_stop_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.swarm.departure.DRAINS_WITHIN", 2.0)
    here, swarm = complete()
    known = here.hosts["a10"].node_id
    swarm.tasks[known] = 1_000_000
    down(here, "a10")
    assert known not in swarm.nodes
    assert "waited 2 s for its tasks to stop; going on without" in here.reports


@pytest.mark.parametrize("name", ["a1", "a10"])
def test_a_machine_that_is_gone_is_only_taken_off_the_list(name: str) -> None:
    here, swarm = complete()
    known = here.hosts[name].node_id
    here.hosts[name].up = False
    down(here, name, known)
    assert known not in swarm.nodes
    assert not any("drain" in what for _, what in here.changes)


def test_a_docker_that_is_slow_to_stop_its_swarm_part_is_asked_again() -> None:
    here, swarm = complete()
    known = here.hosts["a1"].node_id
    here.hosts["a1"].slow_leaves = 2
    down(here, "a1")
    assert known not in swarm.nodes
    assert here.hosts["a1"].state == "inactive"
    assert [what for name, what in here.changes if name == "a1"].count("leave") == 1


def test_taken_down_twice_is_fine() -> None:
    here, _ = complete()
    known = here.hosts["b1"].node_id
    down(here, "b1", known)
    here.changes.clear()
    down(here, "b1", known)
    assert here.changes == []


@pytest.mark.parametrize("order", [("a10", "c1", "b1", "a1"), ("a1", "b1", "c1", "a10")])
def test_all_taken_down_nobody_is_in_a_swarm(order: tuple[str, ...]) -> None:
    here, _ = complete()
    for name in order:
        down(here, name)
    assert {host.state for host in here.hosts.values()} == {"inactive"}


def test_all_taken_down_at_once_nobody_is_in_a_swarm() -> None:
    here, _ = complete()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: down(here, name), here.hosts))
    assert {host.state for host in here.hosts.values()} == {"inactive"}


def test_the_last_node_drains_nothing() -> None:
    here = world()
    up(here, "a1")
    here.changes.clear()
    down(here, "a1")
    assert here.changes == [("a1", "leave")]


def test_without_a_quorum_a_node_still_leaves() -> None:
    here, _ = complete()
    here.hosts["a1"].up = here.hosts["b1"].up = False
    down(here, "a10")
    assert here.hosts["a10"].state == "inactive"


def test_machines_that_are_all_gone_keep_nobody_waiting() -> None:
    here, _ = complete()
    for host in here.hosts.values():
        host.up = False
    down(here, "b1", "known")
    assert here.changes == []


def _left(here: World, swarm: Swarm, name: str) -> None:
    if entry := swarm.nodes.get(here.hosts[name].node_id):
        entry.status = "down"
    here.hosts[name].forget()


def _removed(here: World, swarm: Swarm, name: str) -> None:
    entry = swarm.nodes.get(here.hosts[name].node_id)
    if entry and entry.role == "worker":
        del swarm.nodes[entry.id]


def _changed(here: World, swarm: Swarm, name: str) -> None:
    if entry := swarm.nodes.get(here.hosts[name].node_id):
        entry.labels.clear()
        entry.availability = "drain"


def _other_role(here: World, swarm: Swarm, name: str) -> None:
    if entry := swarm.nodes.get(here.hosts[name].node_id):
        entry.role = "worker" if entry.role == "manager" else "manager"


def _no_network(here: World, swarm: Swarm, name: str) -> None:
    here.hosts[name].networks.pop("routed-config", None)
    swarm.routed = None


# Any number of these happen to a complete cluster, to any nodes of it.
MISHAPS: dict[str, Callable[[World, Swarm, str], object]] = {
    "left": _left,
    "fresh": lambda here, _, name: here.fresh(name),
    "removed": _removed,
    "changed": _changed,
    "role": _other_role,
    "network": _no_network,
    "marker": lambda here, _, name: here.hosts[name].files.clear(),
}


def _up_all(here: World) -> FairwayError | None:
    try:
        for name in here.hosts:
            up(here, name)
    except FairwayError as refusal:
        return refusal
    return None


@settings(deadline=None, max_examples=60)
@given(
    happened=st.lists(
        st.tuples(st.sampled_from(["b1", "c1", "a10"]), st.sampled_from(sorted(MISHAPS))),
        max_size=5,
    )
)
def test_from_any_half_way_state_up_repairs_or_refuses_and_never_makes_a_second_swarm(
    happened: list[tuple[str, str]],
) -> None:
    here, swarm = complete()
    for name, mishap in happened:
        MISHAPS[mishap](here, swarm, name)
    refusal = _up_all(here)
    assert list(here.swarms) == [swarm.id]
    if refusal is not None:
        unmarked = any(h.swarm and MARKER_FILE not in h.files for h in here.hosts.values())
        assert unmarked or not here.leads(swarm), refusal
        return
    assert here.roles(swarm) == {name: here.plan(name).role for name in here.hosts}
    here.changes.clear()
    assert _up_all(here) is None
    assert here.changes == []


def test_the_first_manager_waits_until_all_others_answer_before_a_swarm_begins() -> None:
    here = world()
    here.hosts["c1"].up = False
    said: list[str] = []

    def report(news: str) -> None:
        said.append(news)
        here.hosts["c1"].up = True

    await_managers(here.plan("a1"), here.sessions, report, patience=600)

    assert "waiting for c1 before a Swarm begins" in said[0]


def test_nobody_waits_for_silent_managers_where_a_swarm_stands_or_another_begins_it() -> None:
    here, _ = complete()
    here.hosts["c1"].up = False
    here.fresh("a1")

    for name in ("a1", "b1", "a10"):
        await_managers(here.plan(name), here.sessions, here.reports.append, patience=3600)

    assert here.reports == []


def test_the_wait_for_silent_managers_ends_and_the_refusal_is_told_by_the_next_step() -> None:
    here = world()
    here.hosts["c1"].up = False

    await_managers(here.plan("a1"), here.sessions, here.reports.append, patience=0)

    with pytest.raises(SwarmError, match="no answer from c1"):
        up(here, "a1")
