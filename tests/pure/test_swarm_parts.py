"""What the steps say to Docker, and how managers stand in for one another."""

from __future__ import annotations

import json

import pytest

from components.errors import CommandFailed, HostUnreachable
from components.remote.command import Command, Secret
from components.remote.endpoint import Endpoint, Session
from components.remote.session import Keys, Sessions
from components.swarm import apply, engine_api, steps
from components.swarm.managers import Managers
from tests.support.scripted import ScriptedSession, failed, scripted

LS = Command.of("docker", "node", "ls")
NO_LEADER = failed(stderr="rpc error: code = Unknown desc = The swarm does not have a leader.")
NOT_MANAGER = failed(stderr="Error response from daemon: This node is not a swarm manager.")
OUT_OF_STEP = failed(stderr="rpc error: code = Unknown desc = update out of sequence")


def managers(hosts: dict[str, ScriptedSession], patience: float = 30.0) -> Managers:
    def opener(endpoint: Endpoint, key: Keys, **_: object) -> Session:
        if not hosts[endpoint.name].alive:
            raise HostUnreachable(where=endpoint.name, what="is silent", hint="start it")
        return hosts[endpoint.name]

    endpoints = [host.endpoint for host in hosts.values()]
    return Managers(endpoints, Sessions(Secret("key"), opener=opener), patience=patience)


def test_the_next_manager_is_asked_when_one_is_silent() -> None:
    hosts = scripted(["a1", "b1"])
    hosts["a1"].alive = False
    hosts["b1"].on("node ls", "yes")
    assert managers(hosts).run(LS).stdout == "yes"


@pytest.mark.parametrize("trouble", [NO_LEADER, NOT_MANAGER])
def test_the_next_manager_is_asked_when_one_cannot(trouble: object) -> None:
    hosts = scripted(["a1", "b1"])
    hosts["a1"].on("node ls", trouble)  # type: ignore[arg-type]
    hosts["b1"].on("node ls", "yes")
    asked = managers(hosts)
    assert asked.run(LS).stdout == "yes"
    assert asked.run(LS).stdout == "yes"
    assert len(hosts["a1"].ran) == 1  # the one that could is asked first from then on


@pytest.mark.parametrize("trouble", [NO_LEADER, OUT_OF_STEP])
def test_what_passes_is_tried_again(trouble: object) -> None:
    hosts = scripted(["a1"])
    hosts["a1"].on("node ls", trouble, once=True).on("node ls", "yes")  # type: ignore[arg-type]
    assert managers(hosts).run(LS).stdout == "yes"


def test_a_refusal_that_does_not_pass_is_told_at_once() -> None:
    hosts = scripted(["a1", "b1"])
    hosts["a1"].on("node ls", failed(stderr="Error: no such node"))
    with pytest.raises(CommandFailed, match="no such node"):
        managers(hosts).run(LS)
    assert hosts["b1"].ran == []


def test_machines_that_are_all_no_managers_any_more_are_not_waited_for() -> None:
    hosts = scripted(["a1", "b1"])
    for host in hosts.values():
        host.on("node ls", NOT_MANAGER)
    with pytest.raises(CommandFailed, match="not a swarm manager"):
        managers(hosts).run(LS)
    assert [len(host.ran) for host in hosts.values()] == [1, 1]


def test_no_leader_in_time_is_told_as_docker_told_it() -> None:
    hosts = scripted(["a1"])
    hosts["a1"].on("node ls", NO_LEADER)
    with pytest.raises(CommandFailed, match="does not have a leader"):
        managers(hosts, patience=0).run(LS)


def test_without_any_manager_the_error_says_so() -> None:
    with pytest.raises(HostUnreachable, match="no manager is left to ask"):
        managers({}).run(LS)


def test_a_join_carries_its_token_on_standard_input() -> None:
    session = ScriptedSession().on("/swarm/join")
    step = steps.Join("worker", "10.0.1.20", ("10.0.1.11:2377",), "s1", "lab")
    engine_api.join(session, step, Secret("SWMTKN-1"))
    (given,) = session.inputs
    assert json.loads(given or b"") == {
        "ListenAddr": "10.0.1.20:2377",
        "AdvertiseAddr": "10.0.1.20",
        "DataPathAddr": "10.0.1.20",
        "RemoteAddrs": ["10.0.1.11:2377"],
        "JoinToken": "SWMTKN-1",
    }
    assert "SWMTKN" not in session.ran[0]


def test_a_refused_join_says_what_docker_said_and_no_token() -> None:
    words = '{"message":"rpc error: could not find local IP address"}'
    session = ScriptedSession().on("/swarm/join", failed(stderr=words))
    step = steps.Join("worker", "10.0.1.20", ("10.0.1.11:2377",), "s1", "lab")
    with pytest.raises(CommandFailed) as refused:
        engine_api.join(session, step, Secret("SWMTKN-1"))
    assert "Docker refused /swarm/join: found rpc error: could not find" in str(refused.value)
    assert "SWMTKN" not in str(refused.value)


def test_a_new_swarm_has_its_pool_and_its_owner_from_the_start() -> None:
    session = ScriptedSession().on("/swarm/init")
    engine_api.initialise(session, steps.Initialise("10.0.1.11", "10.201.0.0/16", "lab"))
    body = json.loads(session.inputs[0] or b"")
    assert body["DefaultAddrPool"] == ["10.201.0.0/16"]
    assert body["SubnetSize"] == 24
    assert body["Spec"] == {"Labels": {"fairway.cluster": "lab"}}
    assert body["AdvertiseAddr"] == body["DataPathAddr"] == "10.0.1.11"


@pytest.mark.parametrize(
    ("pool", "size"), [("10.0.0.0/8", 24), ("10.1.0.0/20", 24), ("10.1.0.0/22", 26)]
)
def test_an_overlay_network_is_small_enough_for_several(pool: str, size: int) -> None:
    assert engine_api.subnet_size(pool) == size


def test_an_entry_that_raft_still_holds_is_removed_a_moment_later() -> None:
    hosts = scripted(["a1"])
    held = failed(stderr="node is a member of the raft cluster. It must be demoted to worker")
    hosts["a1"].on("node demote").on("node rm", held, once=True).on("node rm")
    apply.drop_entry(managers(hosts), "id", demote=True)
    assert [line.split()[2] for line in hosts["a1"].ran] == ["demote", "rm", "rm"]


@pytest.mark.parametrize("word", ["demote", "rm"])
def test_an_entry_that_is_gone_meanwhile_is_fine(word: str) -> None:
    hosts = scripted(["a1"])
    hosts["a1"].on(f"node {word}", failed(stderr="Error: No such node: id")).on("node")
    apply.drop_entry(managers(hosts), "id", demote=True)


def test_a_manager_that_never_came_into_raft_is_removed_all_the_same() -> None:
    hosts = scripted(["a1"])
    never = failed(stderr="rpc error: code = NotFound desc = can't find manager in raft memberlist")
    hosts["a1"].on("node demote", never).on("node rm")
    apply.drop_entry(managers(hosts), "id", demote=True)
    assert hosts["a1"].ran[-1] == "docker node rm --force id"


def test_two_managers_that_make_the_routed_network_at_once_are_both_content() -> None:
    exists = failed(stderr="Error response from daemon: network with name routed already exists")
    apply.make_routed_network(ScriptedSession().on("network create", exists))
    with pytest.raises(CommandFailed):
        apply.make_routed_network(ScriptedSession().on("network create", failed(stderr="full")))


def test_labels_and_availability_are_one_change() -> None:
    step = steps.Update("id", (("zone", "a"),), ("disk",), activate=True)
    words = apply.update_command(step).words
    assert " ".join(map(str, words)) == (
        "docker node update --label-add zone=a --label-rm disk --availability active id"
    )
    assert str(step) == "set zone=a, remove disk, make it active"
