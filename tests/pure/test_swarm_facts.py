"""Recorded answers of Docker 20.10, 26 and 28, read."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.errors import CommandFailed, SwarmError
from components.swarm import facts
from components.swarm.look import missing
from components.swarm.managers import not_here, passes

SAMPLES = Path(__file__).parents[1] / "data" / "swarm"
RECORDED = {"20.10": ("b1", "10.94.2.11", "b"), "26": ("a1", "10.94.1.11", "a")}
RECORDED["28"] = ("c1", "10.94.3.11", "c")

each = pytest.mark.parametrize("release", sorted(RECORDED))


def sample(release: str, name: str) -> str:
    return (SAMPLES / release / name).read_text()


def engine(release: str, name: str) -> facts.Engine:
    return facts.read_engine(sample(release, f"info-{name}.json"))


def refusal(release: str, name: str) -> CommandFailed:
    said = sample(release, f"{name}.err")
    return CommandFailed(where="x", what="failed", hint="look", status=1, stderr=said)


@each
def test_an_engine_outside_any_swarm_is_not_joined(release: str) -> None:
    found = engine(release, "inactive")
    assert found.version.startswith(release)
    assert (found.joined, found.stands, found.leaderless) == (False, False, False)


@each
def test_a_manager_stands_and_tells_whose_its_swarm_is(release: str) -> None:
    found = engine(release, "manager")
    name, address, _ = RECORDED[release]
    assert (found.hostname, found.address, found.state) == (name, address, "active")
    assert found.stands
    assert not found.leaderless
    assert found.cluster == "t4"
    assert len(found.swarm_id) == len(found.node_id) == 25


@each
def test_a_worker_knows_its_node_id_and_not_its_swarm(release: str) -> None:
    found = engine(release, "worker")
    assert found.joined
    assert found.node_id == engine(release, "manager").node_id
    assert (found.control, found.swarm_id, found.cluster) == (False, "", "")


@each
@pytest.mark.parametrize("state", ["leaderless", "pending"])
def test_a_manager_cut_off_from_the_others_is_leaderless(release: str, state: str) -> None:
    found = engine(release, state)
    assert found.leaderless
    assert not found.stands
    assert found.swarm_id == ""
    assert found.state == ("pending" if state == "pending" else "active")


@each
def test_the_list_of_nodes_has_every_manager_and_worker(release: str) -> None:
    rows = facts.read_rows(sample(release, "nodes.json"))
    assert sorted(row.hostname for row in rows) == ["a1", "a10", "b1", "c1"]
    assert sorted(row.manager for row in rows) == ["", "leader", "reachable", "reachable"]
    assert {(row.status, row.availability) for row in rows} == {("ready", "active")}
    assert len({row.id for row in rows}) == 4


@each
def test_an_entry_has_role_labels_and_address(release: str) -> None:
    (own,) = facts.read_entries(sample(release, "node.json"))
    name, address, zone = RECORDED[release]
    assert (own.hostname, own.address, own.role) == (name, address, "manager")
    assert (own.status, own.availability) == ("ready", "active")
    assert own.labels == {"zone": zone, "pool": "managers", "fairway.labels": "pool,zone"}
    (other,) = facts.read_entries(sample(release, "node-other.json"))
    assert (other.hostname, other.role) == ("a10", "worker")


@each
def test_the_machine_s_own_networks_are_read_with_ranges_and_options(release: str) -> None:
    networks = facts.read_networks(sample(release, "networks.json"))
    assert networks["docker_gwbridge"].subnets == ("172.30.0.0/24",)
    config = networks["routed-config"]
    assert config.config_only
    assert config.subnets[0].startswith("10.224.")
    assert config.options["com.docker.network.bridge.gateway_mode_ipv4"] == "nat-unprotected"


@each
def test_the_routed_network_is_a_swarm_s_bridge_from_the_config(release: str) -> None:
    (network,) = facts.read_networks(sample(release, "routed.json")).values()
    assert (network.name, network.scope, network.driver) == ("routed", "swarm", "bridge")
    assert network.config_from == "routed-config"


@each
def test_running_tasks_are_alive(release: str) -> None:
    names = facts.read_live_tasks(sample(release, "tasks.json"))
    assert names
    assert all(name.startswith("s.") for name in names)


def test_tasks_that_ended_are_not_alive() -> None:
    lines = '{"Name":"s.1","CurrentState":"Shutdown 2 seconds ago"}\n' * 2
    assert facts.read_live_tasks(lines) == ()


@each
def test_what_is_missing_is_told_from_what_failed(release: str) -> None:
    assert missing(refusal(release, "network-missing"))
    assert missing(refusal(release, "node-missing"))
    assert not missing(refusal(release, "nodes-leaderless"))


@each
def test_a_missing_leader_passes_and_a_worker_is_the_wrong_one_to_ask(release: str) -> None:
    leaderless, worker = refusal(release, "nodes-leaderless"), refusal(release, "nodes-on-worker")
    assert passes(leaderless)
    assert not not_here(leaderless)
    assert not_here(worker)
    assert not passes(worker)


def test_a_marker_comes_back_as_it_was_written() -> None:
    marker = facts.Marker("lab", "s1")
    assert facts.read_marker(marker.text()) == marker


@pytest.mark.parametrize("text", ["", "{}", "[]", "no", '{"cluster": "lab"}', "null"])
def test_what_is_no_marker_proves_nothing(text: str) -> None:
    assert facts.read_marker(text) is None


@pytest.mark.parametrize("text", ["", "Cannot connect to the Docker daemon", "[]"])
def test_an_answer_that_is_none_is_told_with_what_was_said(text: str) -> None:
    with pytest.raises(SwarmError, match="docker info: the answer cannot be read") as refused:
        facts.read_engine(text)
    assert (text or "nothing") in str(refused.value)
