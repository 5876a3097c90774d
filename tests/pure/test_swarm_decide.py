"""Decisions about a node, from every half-way state that was met or can be thought of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from components.errors import HostUnreachable, QuorumLost, SwarmError
from components.host.names import GWBRIDGE, ROUTED_CONFIG
from components.swarm import steps
from components.swarm.decide import decide, our_labels, settled
from components.swarm.facts import Marker
from components.swarm.model import KEYS_LABEL
from components.swarm.seen import Seen
from components.swarm.steps import Step
from tests.support.swarm_scene import (
    CONFIG,
    MARK,
    NETWORKS,
    ROUTED,
    alone,
    entry,
    idle,
    manager,
    network,
    plan,
    row,
    seen,
    silent,
    swarm,
    worker,
)

JOIN_B1 = steps.Join("manager", "10.0.2.11", ("10.0.1.11:2377",), "s1", "lab")
JOIN_A10 = steps.Join("worker", "10.0.1.20", ("10.0.1.11:2377",), "s1", "lab")
BEGIN = steps.Initialise("10.0.1.11", "10.201.0.0/16", "lab")

Case = tuple[str, Seen, list[Step]]

MANAGER_CASES: list[Case] = [
    ("it is as planned", seen(manager("b1"), swarm(entry("b1")), manager("a1")), []),
    ("it is in no Swarm", seen(idle("b1"), swarm(), manager("a1")), [JOIN_B1]),
    (
        "it is in no Swarm and one manager is silent",
        seen(idle("b1"), swarm(), manager("a1"), silent("c1")),
        [JOIN_B1],
    ),
    (
        "nothing stands yet",
        seen(idle("b1"), None, idle("a1"), idle("c1")),
        [steps.AwaitSwarm("a1")],
    ),
    (
        "it joined and has no labels",
        seen(manager("b1"), swarm(entry("b1", labels={})), manager("a1")),
        [
            steps.Update(
                "id-b1", ((KEYS_LABEL, "pool,zone"), ("pool", "p"), ("zone", "b")), (), False
            )
        ],
    ),
    (
        "a label has another value, one of ours is too many, a foreign one is there",
        seen(
            manager("b1"),
            swarm(
                entry(
                    "b1",
                    labels={
                        "zone": "x",
                        "pool": "p",
                        "disk": "ssd",
                        "theirs": "1",
                        KEYS_LABEL: "disk,pool,zone",
                    },
                )
            ),
        ),
        [steps.Update("id-b1", ((KEYS_LABEL, "pool,zone"), ("zone", "b")), ("disk",), False)],
    ),
    (
        "it is drained",
        seen(manager("b1"), swarm(entry("b1", availability="drain"))),
        [steps.Update("id-b1", (), (), True)],
    ),
    (
        "it is a worker",
        seen(worker("b1"), swarm(entry("b1", role="worker")), manager("a1")),
        [steps.ChangeRole("id-b1", "manager")],
    ),
    (
        "its predecessor's entry is still on the list",
        seen(idle("b1"), swarm(entry("b1", id="old", status="down")), manager("a1")),
        [steps.DropEntry("old", "b1", True), JOIN_B1],
    ),
    (
        "its predecessor died so lately that it is still called ready",
        seen(idle("b1"), swarm(entry("b1", id="old")), manager("a1")),
        [steps.DropEntry("old", "b1", True), JOIN_B1],
    ),
    (
        "it joined before its predecessor was removed",
        seen(manager("b1"), swarm(entry("b1"), entry("b1", id="old", role="worker"))),
        [steps.DropEntry("old", "b1", False)],
    ),
    (
        "its promotion never reached it",
        seen(worker("b1"), swarm(entry("b1")), manager("a1")),
        [
            steps.LeaveByForce("its engine is active and does not recover"),
            steps.DropEntry("id-b1", "b1", True),
            JOIN_B1,
        ],
    ),
    (
        "its engine gave up",
        seen(worker("b1", state="error", node_id=""), swarm(), manager("a1")),
        [steps.LeaveByForce("the managers do not know it any more"), JOIN_B1],
    ),
    (
        "its marker names another Swarm of this cluster",
        seen(manager("b1", marker=Marker("lab", "s0")), swarm(entry("b1"))),
        [steps.MarkBelonging("lab", "s1")],
    ),
    (
        "it has no marker, but the Swarm is labelled as ours",
        seen(manager("b1", marker=None), swarm(entry("b1"))),
        [steps.MarkBelonging("lab", "s1")],
    ),
    (
        "the routed network is missing",
        seen(manager("b1"), swarm(entry("b1"), routed=None)),
        [steps.MakeRoutedNetwork()],
    ),
    (
        "its own container network is missing",
        seen(manager("b1"), swarm(entry("b1")), networks={GWBRIDGE: NETWORKS[GWBRIDGE]}),
        [steps.MakeConfigNetwork("10.200.1.0/24")],
    ),
    (
        "its own container network has another range",
        seen(
            manager("b1"),
            swarm(entry("b1")),
            networks={
                **NETWORKS,
                ROUTED_CONFIG: network(ROUTED_CONFIG, "10.9.0.0/24", config_only=True),
            },
        ),
        [steps.RemakeConfigNetwork("10.200.1.0/24", "10.9.0.0/24")],
    ),
    (
        "its own container network lost its options",
        seen(
            manager("b1"),
            swarm(entry("b1")),
            networks={
                **NETWORKS,
                ROUTED_CONFIG: network(ROUTED_CONFIG, "10.200.1.0/24", config_only=True),
            },
        ),
        [steps.RemakeConfigNetwork("10.200.1.0/24", "with other options")],
    ),
    (
        "someone took its name for an ordinary network",
        seen(
            manager("b1"),
            swarm(entry("b1")),
            networks={**NETWORKS, ROUTED_CONFIG: network(ROUTED_CONFIG, *CONFIG.subnets)},
        ),
        [steps.RemakeConfigNetwork("10.200.1.0/24", "not a config-only network")],
    ),
]

FIRST_CASES: list[Case] = [
    ("all answer and none is in a Swarm", seen(idle("a1"), None, idle("b1"), idle("c1")), [BEGIN]),
    (
        "it was left by a dead Swarm of this cluster",
        seen(worker("a1"), None, idle("b1"), idle("c1")),
        [steps.LeaveByForce("its Swarm has no manager any more"), BEGIN],
    ),
    (
        "another manager stands",
        seen(idle("a1"), swarm(), manager("b1"), silent("c1")),
        [steps.Join("manager", "10.0.1.11", ("10.0.1.11:2377",), "s1", "lab")],
    ),
    ("it began the Swarm a moment ago", seen(manager("a1"), swarm(entry("a1")), idle("b1")), []),
]

WORKER_CASES: list[Case] = [
    ("it is as planned", seen(worker("a10"), swarm(entry("a10")), manager("a1")), []),
    ("it is in no Swarm", seen(idle("a10"), swarm(), manager("a1")), [JOIN_A10]),
    (
        "it was removed behind its back, which it does not notice",
        seen(worker("a10"), swarm(), manager("a1")),
        [steps.LeaveByForce("the managers do not know it any more"), JOIN_A10],
    ),
    (
        "it is left from a dead Swarm of this cluster",
        seen(worker("a10", marker=Marker("lab", "s0")), swarm(), manager("a1")),
        [steps.LeaveByForce("the managers do not know it any more"), JOIN_A10],
    ),
    (
        "it is a manager",
        seen(manager("a10"), swarm(entry("a10", role="manager")), manager("a1")),
        [steps.ChangeRole("id-a10", "worker")],
    ),
    (
        "the routed network is missing, which is the managers' business",
        seen(worker("a10"), swarm(entry("a10"), routed=None), manager("a1")),
        [],
    ),
    (
        "no manager stands",
        seen(worker("a10"), None, silent("a1"), idle("b1")),
        [steps.AwaitSwarm("a1")],
    ),
]


def _cases(name: str, cases: list[Case]) -> list[object]:
    return [pytest.param(name, *case[1:], id=f"{name}: {case[0]}") for case in cases]


@pytest.mark.parametrize(
    ("name", "found", "expected"),
    [*_cases("b1", MANAGER_CASES), *_cases("a1", FIRST_CASES), *_cases("a10", WORKER_CASES)],
)
def test_what_is_missing_is_decided_and_nothing_else(
    name: str, found: Seen, expected: list[Step]
) -> None:
    assert decide(found, plan(name)) == expected


@pytest.mark.parametrize(
    "found",
    [pytest.param(case[1], id=case[0]) for case in MANAGER_CASES if case[2]],
)
def test_every_step_has_a_sentence_and_a_phrase(found: Seen) -> None:
    for step in decide(found, plan("b1")):
        assert len(str(step)) > len("join")
        assert len(step.phrase) < 60


JUMBO = {**steps.ROUTED_OPTIONS, "com.docker.network.driver.mtu": "9001"}
MTUS = [
    (1500, dict(steps.ROUTED_OPTIONS), ""),
    (9001, JUMBO, ""),
    (9001, dict(steps.ROUTED_OPTIONS), "with MTU 1500, not 10.200.1.0/24 with MTU 9001"),
    (1500, JUMBO, "with MTU 9001, not 10.200.1.0/24"),
    (8500, JUMBO, "with MTU 9001, not 10.200.1.0/24 with MTU 8500"),
    (9001, {"com.docker.network.driver.mtu": "9001"}, "with other options, not"),
]


@pytest.mark.parametrize(("mtu", "options", "drift"), MTUS)
def test_the_container_network_has_the_largest_packet_that_hosts_carry(
    mtu: int, options: dict[str, str], drift: str
) -> None:
    config = network(ROUTED_CONFIG, "10.200.1.0/24", config_only=True, options=options)
    found = seen(manager("b1"), swarm(entry("b1")), networks={**NETWORKS, ROUTED_CONFIG: config})
    told = "; ".join(str(step) for step in decide(found, replace(plan("b1"), mtu=mtu)))

    assert drift in told
    assert bool(drift) == bool(told)


FOREIGN = Marker("other", "s9")

Refusal = tuple[str, str, Seen, type[Exception], str]
REFUSALS: list[Refusal] = [
    ("it does not answer", "b1", seen(silent("b1"), swarm()), HostUnreachable, "no route to host"),
    (
        "a first Swarm while a manager is silent",
        "a1",
        seen(idle("a1"), None, idle("b1"), silent("c1")),
        SwarmError,
        "no answer from c1",
    ),
    (
        "a first Swarm while a manager is in another's",
        "a1",
        seen(idle("a1"), None, manager("b1", cluster="other", marker=None), idle("c1")),
        SwarmError,
        "a Swarm of other",
    ),
    (
        "a first Swarm while a manager is still a worker of one",
        "a1",
        seen(idle("a1"), None, worker("b1"), idle("c1")),
        SwarmError,
        "b1 is active in its Swarm, not a manager",
    ),
    (
        "a worker of a Swarm that nobody marked",
        "a10",
        seen(worker("a10", marker=None), swarm(), manager("a1")),
        SwarmError,
        "not this cluster's",
    ),
    (
        "a worker that is marked as another cluster's",
        "a10",
        seen(worker("a10", marker=FOREIGN), swarm(), manager("a1")),
        SwarmError,
        "a Swarm of other",
    ),
    (
        "a manager of another cluster's Swarm, whatever its marker says",
        "b1",
        seen(manager("b1", cluster="other"), swarm(), manager("a1")),
        SwarmError,
        "wanted none, or the Swarm of lab",
    ),
    (
        "two Swarms of this cluster",
        "b1",
        seen(manager("b1", swarm_id="s2"), swarm(), manager("a1")),
        SwarmError,
        "a1 in s1, b1 in s2",
    ),
    (
        "a Swarm without a leader",
        "b1",
        seen(alone("b1"), None, silent("a1"), silent("c1")),
        QuorumLost,
        "a1 does not answer",
    ),
    (
        "a fresh machine beside a survivor without a leader",
        "a1",
        seen(idle("a1"), None, alone("b1"), silent("c1")),
        QuorumLost,
        "./fairway recover STACK",
    ),
    (
        "a locked engine",
        "b1",
        seen(worker("b1", state="locked"), swarm(), manager("a1")),
        SwarmError,
        "docker swarm unlock",
    ),
    (
        "a living node elsewhere with this name",
        "b1",
        seen(idle("b1"), swarm(entry("b1", id="x", address="10.9.9.9")), manager("a1")),
        SwarmError,
        "x at 10.9.9.9",
    ),
    (
        "the only manager as a worker",
        "a10",
        seen(
            manager("a10"),
            swarm(entry("a10", role="manager"), rows=(row("a10", manager="leader"),)),
        ),
        SwarmError,
        "only manager",
    ),
    (
        "no docker_gwbridge",
        "b1",
        seen(manager("b1"), swarm(entry("b1")), networks={ROUTED_CONFIG: CONFIG}),
        SwarmError,
        "found no such network, wanted 172.30.0.0/24",
    ),
    (
        "docker_gwbridge where Docker put it",
        "b1",
        seen(
            manager("b1"),
            swarm(entry("b1")),
            networks={**NETWORKS, GWBRIDGE: network(GWBRIDGE, "172.17.0.0/16")},
        ),
        SwarmError,
        "found 172.17.0.0/16",
    ),
    (
        "an overlay that is named as the routed network",
        "b1",
        seen(
            manager("b1"),
            swarm(entry("b1"), routed=network("routed", scope="swarm", driver="overlay")),
        ),
        SwarmError,
        "swarm overlay from nothing",
    ),
]


@pytest.mark.parametrize(
    ("name", "found", "kind", "words"),
    [pytest.param(*case[1:], id=case[0]) for case in REFUSALS],
)
def test_what_must_not_be_touched_is_refused_with_what_was_found(
    name: str, found: Seen, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind) as refusal:
        decide(found, plan(name))
    assert words in str(refusal.value)
    assert refusal.value.hint  # type: ignore[attr-defined]


def test_any_range_of_the_bridge_will_do_if_none_is_planned() -> None:
    odd = {**NETWORKS, GWBRIDGE: network(GWBRIDGE, "172.17.0.0/16")}
    found = seen(manager("b1"), swarm(entry("b1")), networks=odd)
    assert decide(found, plan("b1", gwbridge="")) == []


def test_only_labels_that_we_noted_or_plan_are_ours() -> None:
    labels = {"zone": "b", "disk": "ssd", "theirs": "1", KEYS_LABEL: "disk,zone"}
    assert our_labels(entry("b1", labels=labels), plan("b1")) == {"zone": "b", "disk": "ssd"}


UNSETTLED: dict[str, Callable[[], Seen]] = {
    "a join under way": lambda: seen(
        worker("b1", state="pending", node_id=""), swarm(), manager("a1")
    ),
    "a restart": lambda: seen(worker("b1", state="pending"), swarm(entry("b1")), manager("a1")),
    "a worker's restart while no manager stands": lambda: seen(
        worker("a10", state="pending"), None, silent("a1")
    ),
    "an election": lambda: seen(alone("b1"), None, alone("c1"), silent("a1")),
    "a promotion under way": lambda: seen(worker("b1"), swarm(entry("b1")), manager("a1")),
}


@pytest.mark.parametrize("name", UNSETTLED)
def test_what_is_under_way_is_not_decided_on(name: str) -> None:
    assert not settled(UNSETTLED[name](), plan("b1"))


def test_a_removed_node_that_tries_for_ever_to_come_back_is_not_waited_for() -> None:
    found = seen(worker("b1", state="pending"), swarm(), manager("a1"))
    assert settled(found, plan("b1"))


def test_a_settled_state_may_have_silent_managers() -> None:
    found = seen(manager("b1"), swarm(entry("b1"), routed=ROUTED), silent("a1"), manager("c1"))
    assert settled(found, plan("b1"))
    assert settled(seen(idle("b1"), None, silent("a1")), plan("b1"))
    assert found.me.marker == MARK
