"""`pulumi up` for real, on each cloud: the same promises, asked of real machines and packets.

On the lab its own resources are built, on AWS and Alibaba Cloud their drivers' resources, by the
stand-ins for their providers. One stack is built for each cloud, so the tests are in the order in
which a cluster lives.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from components.host.names import RULES_SCRIPT
from tests.support.becomes import becomes
from tests.support.by_hand import LabHand
from tests.support.stage import CLOUDS, STACK, Stage, config, staged

SLOTS = ("a1", "b1", "c1", "a10")

# Docker may answer a leave with a deadline and go on with it.
LEAVE = (
    "docker swarm leave ||"
    " until docker info -f '{{.Swarm.LocalNodeState}}' | grep -qx inactive; do sleep 1; done"
)

everywhere = pytest.mark.parametrize("stage", CLOUDS, indirect=True)
on_clouds = pytest.mark.parametrize("stage", ["aws", "alicloud"], indirect=True)
on_the_lab = pytest.mark.parametrize("stage", ["lab"], indirect=True)


@pytest.fixture(scope="module")
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage[Any]]:
    cloud = request.param
    with staged(cloud, tmp_path_factory.mktemp(f"up-{cloud}"), config(cloud)) as made:
        made.up().good()
        yield made


def machines(stage: Stage[Any]) -> dict[str, str]:
    return {name: stage.machine(name) for name in SLOTS}


@everywhere
def test_up_builds_a_swarm_whose_containers_all_reach_each_other(stage: Stage[Any]) -> None:
    nodes = ("docker", "node", "ls", "--format", "{{.Hostname}} {{.Status}}")
    becomes(
        lambda: sorted(stage.sh("a1", *nodes).splitlines()),
        sorted(f"{name} Ready" for name in SLOTS),
    )
    assert "every container reaches every other" in stage.project.output("connectivity")
    assert stage.verify().ok


@everywhere
def test_a_second_preview_is_empty_and_a_second_up_changes_nothing(stage: Stage[Any]) -> None:
    assert stage.project.preview() == {}

    text = stage.up().good().text

    assert "unchanged" in text
    for word in ("created", "updated", "replaced", "deleted"):
        assert f" {word}" not in text, text


@on_clouds
def test_hosts_are_reached_through_the_bastion_and_by_no_other_way(stage: Stage[Any]) -> None:
    way = stage.question["way"]
    assert way["bastion"].startswith("198.18.")
    assert stage.closed("a1", 22)
    assert stage.closed("a10", 2377)


@on_clouds
def test_packets_of_the_clouds_own_size_cross_zones(stage: Stage[Any]) -> None:
    mtu = {"aws": 9001, "alicloud": 8500}[stage.cloud]
    shown = stage.sh("a1", "docker", "network", "inspect", "routed-config")

    assert f'"com.docker.network.driver.mtu": "{mtu}"' in shown
    whole = mtu - 28  # of a ping: IPv4 and ICMP headers
    address = str(stage.plan.slot("b1").address)
    assert " 0% packet loss" in stage.sh(
        "a1", "ping", "-c", "1", "-M", "do", "-s", str(whole), address
    )


@on_clouds
def test_no_secret_is_in_the_state_in_plain(stage: Stage[Any]) -> None:
    held = stage.project.files_that_hold
    assert held(stage.seed.reveal()) == []
    assert held("OPENSSH PRIVATE KEY") == []
    assert held("H4sI", begins_a_word=True) == []  # how packed user data begins


@everywhere
def test_an_entry_that_was_deleted_by_hand_is_named_and_put_back(stage: Stage[Any]) -> None:
    stage.lose_route("c", "b1")

    (failure,) = stage.verify().failures
    assert failure.fault.cause == "route-missing"
    assert stage.table("c") in failure.fault.where
    stage.up().good()

    assert stage.verify().ok
    assert stage.project.preview() == {}


@on_the_lab
def test_the_network_changed_by_hand_is_named_thing_by_thing_and_put_back(
    stage: Stage[Any],
) -> None:
    assert stage.drift() == ()
    hand, plan = LabHand(stage.lab), stage.plan
    strange = list(plan.network.ranges[0].subnets(new_prefix=24))[-1]
    hand.lead("b", plan.slot("a10").containers, "c1")
    hand.take("c", plan.slot("a1").containers)
    hand.lead("c", strange, "c1")
    hand.check("b1")
    hand.let_in()
    hand.lock_out(plan.network.ranges[0])
    hand.serve("c", "a")

    named = {(each.kind, each.about) for each in stage.drift()}
    stage.up().good()

    assert named == {
        ("association", ""),
        ("route-missing", "a1"),
        ("route-wrong-hop", "a10"),
        ("foreign-entry", ""),
        ("source-dest-check", "b1"),
        ("rule-added", ""),
        ("rule-missing", ""),
    }
    assert [each.kind for each in stage.drift()] == ["foreign-entry"]
    hand.take("c", strange)
    assert stage.verify().ok


@everywhere
def test_one_host_is_replaced_in_its_slot_and_no_other_is_touched(stage: Stage[Any]) -> None:
    before = machines(stage)
    resource = "Machine" if stage.cloud == "lab" else "Instance"

    stage.up("--replace", f"**{resource}::a10").good()

    after = machines(stage)
    assert after["a10"] != before["a10"]
    assert {**after, "a10": ""} == {**before, "a10": ""}
    assert stage.verify().ok
    assert stage.project.preview() == {}


@everywhere
def test_a_machine_that_is_gone_is_found_and_made_again_in_its_slot(stage: Stage[Any]) -> None:
    before = machines(stage)
    stage.lose_machine("c1")

    stage.up().good()

    after = machines(stage)
    assert after["c1"] != before["c1"]
    assert {**after, "c1": ""} == {**before, "c1": ""}
    managers = ("docker", "node", "ls", "--filter", "role=manager", "--quiet")
    becomes(lambda: len(stage.sh("a1", *managers).split()), 3)
    assert stage.verify().ok
    assert stage.project.preview() == {}


@on_the_lab
def test_drift_of_every_kind_is_found_by_a_preview_and_mended_by_a_plain_up(
    stage: Stage[Any],
) -> None:
    stage.lose_route("c", "b1")
    stage.sh("c1", RULES_SCRIPT, "remove")
    stage.sh("a10", "sh", "-c", LEAVE)

    found = stage.project.preview()
    assert found["create"] == ["Node a10"]
    assert sorted(found["update"]) == ["Node c1", f"Report {STACK}", "Route b1"]
    stage.up().good()

    assert stage.sh("c1", RULES_SCRIPT, "check") == ""
    assert stage.project.preview() == {}


@on_the_lab
def test_a_failed_zone_is_named_and_the_next_up_after_it_came_back_is_good(
    stage: Stage[Any],
) -> None:
    stage.lab.fail_zone("b")

    failed = stage.project.up()

    assert failed.status != 0
    assert "machine b1: the lab keeps it off: it was made to fail" in failed.text
    assert "Traceback" not in failed.text
    stage.lab.restore_zone("b")
    stage.up().good()
    assert stage.project.preview() == {}


@everywhere
def test_destroy_leaves_nothing(stage: Stage[Any]) -> None:
    stage.project.destroy().good()

    assert stage.left_over() == set()
    assert stage.traces() == {}
    assert stage.project.processes() == {}
