"""Real machines of three Docker generations in one Swarm: made, broken, mended, taken apart."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from components.errors import QuorumLost, RemoteError, SwarmError
from components.remote.command import Command
from components.swarm import apply, node
from components.swarm.apply import leave_by_force
from components.swarm.quorum import Quorum, look_at_quorum, quorum_fault
from tests.support.becomes import becomes
from tests.support.machines import eventually
from tests.support.real_swarm import IMAGES, MANAGERS, RealSwarm, real_swarm, slot


@pytest.fixture(scope="module")
def machines() -> Iterator[RealSwarm]:
    with real_swarm() as swarm:
        yield swarm


@pytest.fixture
def swarm(machines: RealSwarm) -> RealSwarm:
    """Every test starts from a whole Swarm and may break it."""
    machines.whole()
    machines.reports.clear()
    return machines


def test_no_second_swarm_is_begun_while_a_planned_manager_is_silent(machines: RealSwarm) -> None:
    machines.cut("c1")
    with pytest.raises(SwarmError, match="no answer from c1"):
        machines.up("a1")
    machines.restore("c1")
    assert {machines.observe(name) for name in IMAGES} == {None}


def test_all_at_once_they_become_one_swarm_with_three_managers(swarm: RealSwarm) -> None:
    states = swarm.whole()
    assert len({state.swarm_id for state in states.values()}) == 1
    assert [state.engine.split(".")[0] for state in states.values()] == ["26", "20", "28", "26"]
    rows = swarm.rows("b1").values()
    assert {row.hostname for row in rows if row.manager} == set(MANAGERS)
    assert {row.hostname for row in rows} == set(IMAGES)
    for name, state in states.items():
        assert state.labels == slot(name).labels
        assert state.containers == str(slot(name).containers)
        assert state.address == str(slot(name).address)
    assert swarm.docker("c1", "network", "ls", "-q", "--filter", "name=routed").count("\n") == 1


def test_a_second_time_no_step_is_taken(swarm: RealSwarm) -> None:
    before = swarm.whole()
    assert [said for said in swarm.reports if "waiting for" not in said] == []
    assert {name: swarm.observe(name) for name in IMAGES} == before


def test_a_node_that_left_is_found_and_joins_again(swarm: RealSwarm) -> None:
    for name in ("c1", "a10"):
        known = swarm.whole()[name].node_id
        leave_by_force(swarm.session(name))
        assert swarm.observe(name, known) is None
        assert swarm.up(name).node_id != known
        assert known not in swarm.rows("a1")
    assert len(swarm.rows("a1")) == 4


def test_a_node_that_was_removed_behind_its_back_joins_again(swarm: RealSwarm) -> None:
    known = swarm.whole()["a10"].node_id
    swarm.docker("b1", "node", "rm", "--force", known)
    assert swarm.observe("a10", known) is None
    assert swarm.up("a10").node_id != known


def test_role_labels_availability_and_networks_are_brought_back(swarm: RealSwarm) -> None:
    known = swarm.whole()["a10"].node_id
    change = ["--label-add", "zone=x", "--label-add", "theirs=1", "--availability", "drain"]
    swarm.docker("a1", "node", "update", *change, "--role", "manager", known)
    swarm.docker("a10", "network", "rm", "routed-config")
    seen = swarm.observe("a10")
    assert seen is not None
    assert "; ".join(seen.drift) == (
        f"make the network routed-config with {slot('a10').containers}; "
        f"make {known} a worker; set zone=a, make it active"
    )
    state = swarm.up("a10")
    assert (state.node_id, state.role, state.drift) == (known, "worker", ())
    labels = swarm.docker("a1", "node", "inspect", "--format", "{{json .Spec.Labels}}", known)
    assert '"theirs":"1"' in labels


def test_a_killed_leader_s_fresh_machine_takes_its_slot(swarm: RealSwarm) -> None:
    leader = swarm.leader()
    dead = swarm.whole()[leader].node_id
    asked = next(name for name in MANAGERS if name != leader)
    swarm.cut(leader)
    swarm.destroy(leader)
    told = swarm.observe(leader, dead)
    assert told is not None
    assert told.node_id == dead
    assert told.drift
    swarm.boot(leader)
    fresh = swarm.up(leader)
    assert fresh.node_id != dead
    rows = swarm.rows(asked)
    assert dead not in rows
    assert sorted(row.hostname for row in rows.values() if row.manager) == sorted(MANAGERS)


def test_the_leader_is_taken_down_in_good_order_and_comes_back(swarm: RealSwarm) -> None:
    leader = swarm.leader()
    known = swarm.whole()[leader].node_id
    swarm.down(leader, known)
    asked = next(name for name in MANAGERS if name != leader)
    assert known not in swarm.rows(asked)
    assert len([row for row in swarm.rows(asked).values() if row.manager]) == 2
    steps = [said for said in swarm.reports if "waiting for" not in said]
    assert steps[:2] == ["moving its tasks away", "stepping down as manager"]
    assert swarm.observe(leader, known) is None
    assert swarm.up(leader).role == "manager"


def test_a_worker_whose_machine_is_gone_is_taken_off_the_list(swarm: RealSwarm) -> None:
    known = swarm.whole()["a10"].node_id
    swarm.cut("a10")
    swarm.down("a10", known)
    assert known not in swarm.rows("a1")
    swarm.restore("a10")


def test_a_machine_in_somebody_s_swarm_is_refused_and_left_there(swarm: RealSwarm) -> None:
    leave_by_force(swarm.session("a10"))
    swarm.session("a10").run(Command.of("rm", "-f", "/etc/fairway/swarm.json"))
    swarm.docker("a10", "swarm", "init", "--advertise-addr", str(slot("a10").address))
    with pytest.raises(SwarmError, match="not this cluster's"):
        swarm.up("a10")
    assert swarm.observe("a10") is None
    assert swarm.docker("a10", "info", "--format", "{{.Swarm.ControlAvailable}}") == "true"
    leave_by_force(swarm.session("a10"))


def test_a_lost_quorum_is_recognised_and_nothing_is_changed(
    swarm: RealSwarm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node, "SETTLES_WITHIN", 1.0)
    monkeypatch.setattr(apply, "BEGINS_WITHIN", 1.0)
    for name in ("a1", "b1"):
        swarm.cut(name)
    endpoints = [swarm.endpoint(name) for name in MANAGERS]
    lost = Quorum(silent=frozenset({"a1", "b1"}), leaderless=frozenset({"c1"}))
    becomes(lambda: look_at_quorum(endpoints, swarm.sessions, "t4swarm", patience=5), lost)
    assert isinstance(quorum_fault(set(MANAGERS), set(MANAGERS), lost), QuorumLost)
    with pytest.raises(QuorumLost, match="c1 says that there is no leader"):
        swarm.up("c1")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(swarm.restore, ("a1", "b1")))
    monkeypatch.undo()
    assert {state.drift for state in swarm.whole().values()} == {()}


def test_a_leader_that_is_cut_off_accepts_no_write_and_comes_back_as_a_follower(
    swarm: RealSwarm,
) -> None:
    leader = swarm.leader()
    others = [name for name in MANAGERS if name != leader]
    with swarm.isolated(leader):
        eventually("another leader", lambda: _leader_among(swarm, others) in others)
        lost = swarm.inside(leader, "echo no | timeout 25 docker config create lost -")
        assert lost.returncode != 0, lost.stdout
        swarm.managers(*others).run(Command.script(KEEP))
    standing = ["leader", "reachable", "reachable itself"]
    eventually("three managers again", lambda: _managers(swarm, leader) == standing)
    told = [swarm.docker(name, "config", "ls", "--format", "{{.Name}}") for name in MANAGERS]
    assert told == ["kept"] * 3
    swarm.docker(others[0], "config", "rm", "kept")


KEEP = "docker config inspect kept >/dev/null 2>&1 || echo yes | docker config create kept -"


def _leader_among(swarm: RealSwarm, asked: list[str]) -> str:
    try:
        rows = swarm.rows(asked[0]).values()
    except RemoteError:  # while they have none
        return ""
    return next((row.hostname for row in rows if row.manager == "leader"), "")


def _managers(swarm: RealSwarm, asked: str) -> list[str]:
    """How the managers stand, as one of them tells, and how it does itself."""
    try:
        rows = [row for row in swarm.rows(asked).values() if row.manager]
        return sorted(row.manager + " itself" * (row.hostname == asked) for row in rows)
    except RemoteError:
        return []


def test_taken_apart_at_once_no_machine_is_in_a_swarm(swarm: RealSwarm) -> None:
    known = {name: state.node_id for name, state in swarm.whole().items()}
    for name in ("a10", "c1", "b1", "a1"):
        swarm.down(name, known[name])
    assert {swarm.observe(name, known[name]) for name in IMAGES} == {None}
