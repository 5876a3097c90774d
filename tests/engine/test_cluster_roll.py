"""The whole program on the real engine: order of creation, rolls, refusals, repairs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lab.model import Machine
from tests.support.bench_project import REAL_PROGRAM, Project
from tests.support.environments import config
from tests.support.plugin_world import World

MANAGERS = ("a1", "b1", "c1")


def asked(*, managers: dict[str, int] | None = None, image: str = "") -> dict[str, Any]:
    wanted = config()
    pools = wanted["pools"]
    pools[0]["hosts"] = managers or pools[0]["hosts"]
    pools[1]["hosts"] = {"a": 2}
    if image:
        pools[0]["image"] = pools[1]["image"] = image
    wanted["survivable"] = False
    return wanted


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    made = Project(tmp_path_factory.mktemp("cluster"), name="fairway")
    made.program(REAL_PROGRAM)
    made.configure(asked())
    made.up("-p", "32").good()
    yield made
    made.configure(asked())
    made.destroy().good()
    with World(made.world).things() as things:
        assert not things


@pytest.fixture
def world(project: Project) -> Iterator[World]:
    found = World(project.world)
    found.forget_acts()
    yield found
    found.behave()
    project.configure(asked())
    project.up(FAIRWAY_ALLOW_QUORUM_LOSS="1").good()


def order(world: World, *verbs: str) -> list[str]:
    return [act for act in world.acts() if act.split()[0] in verbs]


def test_a_first_creation_boots_all_machines_at_once_and_joins_after_the_first(
    project: Project,
) -> None:
    acts = World(project.world).acts()
    joins = [act for act in acts if act.startswith("join")]

    assert joins[0] == "join Node a1"
    managers_made = [acts.index(f"make Machine {name}") for name in MANAGERS]
    assert max(managers_made) < acts.index("join Node a1")
    assert acts[-1] == "verify Report a1 b1 c1 a10 a11"
    assert project.preview() == {}


def test_one_host_can_be_targeted_right_after_the_first_up(project: Project, world: World) -> None:
    project.up("--target", "**::a10").good()

    assert world.acts() == []


def test_new_machines_for_all_managers_come_one_after_the_other_and_workers_follow(
    project: Project, world: World
) -> None:
    project.configure(asked(image="bookworm"))

    project.up("-p", "32").good()

    expected = []
    for name in (*MANAGERS, "a10", "a11"):
        expected += [f"leave Node {name}", f"remove Machine {name}"]
        expected += [f"make Machine {name}", f"join Node {name}"]
    assert order(world, "leave", "remove", "make", "join") == expected
    assert project.preview() == {}


def test_a_manager_that_does_not_join_stops_the_roll_and_the_next_up_goes_on(
    project: Project, world: World
) -> None:
    world.behave(b1={"unjoinable": "the Swarm does not let it in"})
    project.configure(asked(image="sid"))

    failed = project.up("-p", "32")

    assert failed.status != 0
    assert "b1: the Swarm does not let it in; mend it" in failed.text
    assert "run `pulumi up` to go on" in failed.text
    assert "make Machine c1" not in world.acts()
    world.behave()
    world.forget_acts()
    project.up("-p", "32").good()
    assert order(world, "make", "join")[:3] == ["join Node b1", "make Machine c1", "join Node c1"]
    assert "make Machine b1" not in world.acts()


def test_managers_whose_machines_are_all_gone_are_founded_again_at_once(
    project: Project, world: World
) -> None:
    for name in MANAGERS:
        world.lose(Machine, name)
        world.unjoin(name)

    project.up("-p", "32").good()

    acts = world.acts()
    managers_made = [acts.index(f"make Machine {name}") for name in MANAGERS]
    assert max(managers_made) < acts.index("join Node a1")


REFUSED = [
    ({"a": 2, "b": 1, "c": 1}, "an even number of managers"),
    ({"a": 1}, "2 of 3 managers would be removed at once"),
]


@pytest.mark.parametrize(("managers", "reason"), REFUSED, ids=["even", "two of three"])
def test_a_set_of_managers_that_is_not_safe_is_refused_before_anything_is_touched(
    project: Project, world: World, managers: dict[str, int], reason: str
) -> None:
    project.configure(asked(managers=managers))

    failed = project.up()

    assert failed.status != 0
    assert reason in failed.text
    assert world.acts() == []


def test_no_manager_is_replaced_while_another_does_not_work(project: Project, world: World) -> None:
    world.unjoin("b1")
    project.configure(asked(image="bookworm"))

    failed = project.up()

    assert "a1 cannot be replaced while others do not work" in failed.text
    assert world.acts() == []


def test_a_node_that_left_the_swarm_joins_again_and_the_network_is_verified(
    project: Project, world: World
) -> None:
    world.unjoin("a10")

    assert project.preview() == {"create": ["Node a10"], "update": ["Report t6"]}
    project.up().good()

    assert world.acts() == ["join Node a10", "verify Report a1 b1 c1 a10 a11"]


def test_a_report_that_failed_is_asked_again_by_the_next_up(project: Project, world: World) -> None:
    world.behave(verify={"fault": "no way from a1 to b1"})
    world.unjoin("a10")

    failed = project.up()

    assert "a1 -> b1: containers do not reach each other" in failed.text
    assert "no way from a1 to b1" in failed.text
    world.behave()
    world.forget_acts()
    project.up().good()
    assert world.acts() == ["verify Report a1 b1 c1 a10 a11"]


def test_one_host_can_be_replaced_alone(project: Project, world: World) -> None:
    project.configure(asked(image="bookworm"))

    project.up("--target", "**::a10").good()

    assert order(world, "make") == ["make Machine a10"]


def test_outputs_tell_hosts_and_ways_in_and_keep_the_key_secret(project: Project) -> None:
    hosts = project.output("hosts")
    assert [host["name"] for host in hosts] == ["a1", "b1", "c1", "a10", "a11"]
    assert hosts[0]["containers"] == "10.227.1.0/24"
    inventory = project.output("inventory")
    assert inventory["swarm"] == "swarm"
    assert inventory["hosts"]["a1"]["machine"].startswith("a1-")
    assert "ssh-ed25519" in project.output("knownHosts")
    assert "Host a1" in project.output("sshConfig")
    assert project.output("operatorKey") == "[secret]"
    assert project.files_that_hold("OPENSSH PRIVATE KEY") == []


def test_the_stack_configuration_is_not_copied_into_the_providers_state(project: Project) -> None:
    (provider,) = [each for each in project.state() if each["type"] == "pulumi:providers:fairway"]
    assert "network" not in str(provider)


def test_the_command_that_a_failed_machine_suggests_makes_a_new_one(
    project: Project, world: World
) -> None:
    project.up("--replace", "**Machine::a10").good()

    assert order(world, "leave", "remove", "make", "join") == [
        "leave Node a10",
        "remove Machine a10",
        "make Machine a10",
        "join Node a10",
    ]
    assert "change Route table-a/10.227.10.0/24" in world.acts()


def test_every_fault_of_a_configuration_is_told_at_once_before_anything_exists(
    project: Project, world: World
) -> None:
    wrong = asked(managers={"a": 1, "b": 1})
    wrong["network"]["vpc"] = "10.97.0.1/16"
    wrong["batches"] = 2
    project.configure(wrong)

    failed = project.up()

    assert failed.status != 0
    for line in (
        "stacks/Pulumi.t6.yaml: fairway:network.vpc: ",
        "stacks/Pulumi.t6.yaml: fairway:batches: ",
    ):
        assert f"error: {line}" in failed.text
    assert "Traceback" not in failed.text
    assert "unhandled" not in failed.text
    assert world.acts() == []
