"""What the program asks of the engine, without one: parents, options, and what waits for what."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from pulumi import ResourceOptions

from components.clouds.base import Entrance, Network, open_cloud
from components.clouds.lab import LabCloud
from components.cluster import Cluster
from components.errors import ConfigError, LabError
from components.plan import Plan, make_plan
from tests.support.environments import environment
from tests.support.mock_engine import Registered, registered

# Prints which modules of a cloud the program's own modules have imported.
LOADED = """
import sys
import components.cluster, components.clouds.base
clouds = {"lab", "pyroute2", "pulumi_aws", "pulumi_alicloud"}
print(*(n for n in sys.modules if n.split(".")[0] in clouds or n == "components.clouds.lab"))
"""
Resources = dict[tuple[str, str], Registered]
MANAGERS = ("a1", "b1", "c1")
WORKERS = ("a10", "a11", "a12", "a13")


def wide(config: dict[str, Any]) -> None:
    config["pools"][1]["hosts"] = {"a": 4}
    config["batch"] = 2


def build() -> None:
    wanted = environment(wide)
    Cluster(wanted, make_plan(wanted), open_cloud(wanted)).export()


def node(name: str, machine: str, member: str = "id") -> dict[str, Any]:
    outputs = {"name": name, "machine": machine, "node": member}
    return {"type": "fairway:swarm:Node", "outputs": outputs}


STOOD = {"urn:a1": node("a1", "a1-old"), "urn:b1": node("b1", "b1-old")}


@pytest.fixture(scope="module")
def founding() -> Resources:
    return registered(build)


@pytest.fixture(scope="module")
def rolling() -> Resources:
    return registered(build, recorded=STOOD, running={"a1": "a1-new", "b1": "b1-old"})


def waits(resources: Resources, kind: str, name: str, for_kind: str) -> set[str]:
    """The names of that kind which a resource was told to wait for."""
    after = resources[kind, name].after
    return {each.name for each in resources.values() if each.kind == for_kind and each.urn in after}


def test_a_first_creation_boots_everything_at_once(founding: Resources) -> None:
    for name in (*MANAGERS, *WORKERS):
        assert waits(founding, "Machine", name, "Node") == set()
    assert waits(founding, "Node", "a1", "Machine") == {"a1"}
    assert waits(founding, "Node", "b1", "Node") == {"a1"}
    assert waits(founding, "Node", "a13", "Node") == {"a1"}


def test_where_a_swarm_stands_managers_follow_one_another_and_workers_in_batches(
    rolling: Resources,
) -> None:
    before = {name: waits(rolling, "Machine", name, "Node") for name in (*MANAGERS, *WORKERS)}

    assert before == {
        "a1": set(),
        "b1": {"a1"},
        "c1": {"b1"},
        "a10": {"c1"},
        "a11": {"c1"},
        "a12": {"a10"},
        "a13": {"a11"},
    }
    assert waits(rolling, "Node", "a1", "Machine") == {"a1"}


def test_a_node_joins_once_its_containers_can_be_reached(founding: Resources) -> None:
    for name in (*MANAGERS, *WORKERS):
        assert waits(founding, "Node", name, "Route") == {name}


PASTS: list[tuple[dict[str, Any], dict[str, str], str]] = [
    ({}, {}, "nothing was ever made"),
    (STOOD, {}, "no recorded machine runs"),
    (STOOD, {"a1": "a1-new"}, "another machine is in the slot"),
    ({"urn:a1": node("a1", "a1-old", "")}, {"a1": "a1-old"}, "the manager never joined"),
    ({"urn:a10": node("a10", "a10-old")}, {"a10": "a10-old"}, "only a worker is left"),
]


@pytest.mark.parametrize(("recorded", "running", "why"), PASTS, ids=[row[2] for row in PASTS])
def test_nothing_is_waited_for_where_no_swarm_stands(
    recorded: dict[str, Any], running: dict[str, str], why: str
) -> None:
    resources = registered(build, recorded=recorded, running=running)

    assert waits(resources, "Machine", "b1", "Node") == set(), why


def test_every_machine_waits_for_the_guard_of_the_quorum(founding: Resources) -> None:
    for name in (*MANAGERS, *WORKERS):
        assert waits(founding, "Machine", name, "Quorum") == {"lab"}


def test_everything_is_a_child_of_the_cluster(founding: Resources) -> None:
    cluster = founding["Cluster", "lab"]
    orphans = [
        key
        for key, each in founding.items()
        if each.parent != cluster.urn and each.kind not in {"Stack", "Cluster"}
    ]
    assert orphans == []
    assert "Stack" in founding["Cluster", "lab"].parent


def test_what_keeps_a_name_or_an_address_is_replaced_in_its_place(founding: Resources) -> None:
    in_place = {key for key, each in founding.items() if each.replaced_first}
    kinds = {kind for kind, _ in in_place}
    assert kinds == {"Machine", "Route", "Vpc", "RouteTable", "VSwitch", "SecurityGroup"}
    assert {name for kind, name in in_place if kind == "Machine"} == {*MANAGERS, *WORKERS}


def test_every_planned_route_is_made_once_and_leads_to_its_own_machine(
    founding: Resources,
) -> None:
    routes = {each.name: each.inputs for each in founding.values() if each.kind == "Route"}
    plan = make_plan(environment(wide))
    assert {name: r["destination"] for name, r in routes.items()} == {
        route.slot: str(route.destination) for route in plan.routes
    }
    assert all(inputs["machine"] == f"{name}-id" for name, inputs in routes.items())


def test_hosts_forward_and_carry_their_own_key_only(founding: Resources) -> None:
    machines = [each.inputs for each in founding.values() if each.kind == "Machine"]
    assert all(inputs["sourceDestCheck"] is False for inputs in machines)
    texts = {inputs["userData"] for inputs in machines}
    assert len(texts) == len(machines)


def test_the_report_hangs_on_what_was_really_done_to_every_slot(founding: Resources) -> None:
    triggers = founding["Report", "lab"].inputs["triggers"]
    assert set(triggers) == {*MANAGERS, *WORKERS, "network"}
    assert triggers["a1"] == "r0 r0 r0"


class Behind(LabCloud):
    """The lab as a cloud whose hosts are behind a bastion, which it makes like the rest."""

    def network(self, plan: Plan, entrance: Entrance, opts: ResourceOptions) -> Network:
        found = super().network(plan, entrance, opts)
        return replace(found, way={"bastion": found.tables["a"].apply(lambda _: "203.0.113.7")})


def test_hosts_behind_a_bastion_are_reached_by_its_address_everywhere() -> None:
    wanted, texts = environment(), dict[str, str]()

    def enclosed() -> None:
        told = Cluster(wanted, make_plan(wanted), Behind(wanted)).outputs
        for name in ("sshConfig", "knownHosts"):
            told[name].apply(lambda text, name=name: texts.update({name: text}))

    resources = registered(enclosed)

    led = {"bastion": "203.0.113.7"}
    takers = {kind for (kind, _), each in resources.items() if each.inputs.get("way") == led}
    assert takers == {"Node", "Quorum", "Report"}
    assert "ProxyJump bastion.lab\n" in texts["sshConfig"]
    assert texts["knownHosts"].splitlines()[-1].startswith("203.0.113.7,bastion.lab ssh-ed25519 ")


def test_a_cloud_that_is_not_known_is_refused_with_those_that_are() -> None:
    wanted = environment()
    object.__setattr__(wanted, "settings", SimpleNamespace(key="azure"))

    with pytest.raises(ConfigError, match="'azure', wanted one of lab"):
        open_cloud(wanted)


def test_the_lab_is_refused_without_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    with pytest.raises(LabError, match="user id 1000, wanted Linux and root"):
        open_cloud(environment())


def test_the_program_imports_no_cloud_before_one_is_chosen_and_never_the_labs_machinery() -> None:
    told = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == ""


def test_managers_alone_are_told_to_make_backups_and_to_lock(founding: Resources) -> None:
    told = {"every": "6h", "keep": "12", "to": ""}
    for name in MANAGERS:
        assert founding["Node", name].inputs["backup"] == told
        assert "autolock" not in founding["Node", name].inputs
    for name in WORKERS:
        assert "backup" not in founding["Node", name].inputs

    def locking() -> None:
        wanted = replace(environment(wide), backup=False, autolock=True)
        Cluster(wanted, make_plan(wanted), open_cloud(wanted))

    locked = registered(locking)
    assert [locked["Node", name].inputs.get("autolock") for name in ("a1", "a10")] == [True, None]
    assert "backup" not in locked["Node", "a1"].inputs
