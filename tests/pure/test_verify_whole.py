"""`./fairway verify`: probes, the cloud and each host's own part come together in one report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.clouds.lab import rules as rules_in_lab
from components.environment import LabSettings, read_environment
from components.errors import CloudError
from components.plan import make_plan
from components.remote.command import Secret
from components.remote.keys import new_seed
from components.verify import asked
from components.verify.model import OWN_GROUP, Deviation, Entry, GroupRule, Held
from components.verify.report import Report
from scripts.cli import check
from scripts.cli.state import Deployed
from scripts.operations import verify as joining
from tests.support.environments import config

ENVIRONMENT = read_environment(config(), stack="lab", source="x")
PLAN = make_plan(ENVIRONMENT)
TABLES = {zone: f"table-{zone}" for zone in "abc"}
PROVEN = Report(environment="lab", hosts=(), checks=4, failures=(), notes=(), timings={})
FLUSHED = Deviation(kind="packet-rules", where="b1", found="x", wanted="y", repair="up")


def held(**changes: Any) -> Held:
    entries = tuple(
        Entry(destination=slot.containers, next_hop=slot.name, active=True, text="an entry")
        for slot in PLAN.slots
    )
    all_well: dict[str, Any] = {
        "tables": TABLES,
        "serving": TABLES,
        "entries": dict.fromkeys(TABLES.values(), entries),
        "machines": {slot.name: "running" for slot in PLAN.slots},
        "checked": frozenset(),
        "groups": {slot.name: (OWN_GROUP,) for slot in PLAN.slots},
        "rules": joining.rules(ENVIRONMENT, PLAN),
    }
    return Held(**{**all_well, **changes})


@dataclass
class View:
    """A cloud that shows this, or refuses."""

    shown: Held | CloudError = field(default_factory=held)

    def held(self) -> Held:
        if isinstance(self.shown, CloudError):
            raise self.shown
        return self.shown


def question(slots: int = len(PLAN.slots)) -> dict[str, Any]:
    hosts = [
        {
            "name": slot.name,
            "zone": slot.zone,
            "address": str(slot.address),
            "containers": str(slot.containers),
        }
        for slot in PLAN.slots[:slots]
    ]
    network = {"vpc": "10.97.0.0/16", "containers": "10.227.0.0/16"}
    return {"cluster": "lab", "hosts": hosts, "network": network, "seed": SEED.reveal()}


SEED: Secret = new_seed()


def deployed(asking: Mapping[str, Any]) -> Deployed:
    return Deployed(
        seed=SEED,
        machines={},
        nodes={},
        roles={},
        swarm="",
        question=asking,
        answer={},
        report="",
        way={},
        billed={},
        duties={"b1": {"mtu": 9001}},
    )


@pytest.fixture
def mtus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Mapping[str, int]]:
    """A stack of whose hosts b1 lacks a packet rule; what each host's MTU should be, once asked."""
    file = tmp_path / "Pulumi.lab.yaml"
    keys = {f"fairway:{key}": value for key, value in config().items()}
    file.write_text(yaml.safe_dump({"config": keys}))
    told: list[Mapping[str, int]] = []

    def deviations(_: object, mtu: Mapping[str, int]) -> tuple[Deviation, ...]:
        told.append(mtu)
        return (FLUSHED,)

    monkeypatch.setattr(joining, "stack_file", lambda _: file)
    monkeypatch.setattr(joining, "deviations", deviations)
    monkeypatch.setattr(check, "prove", lambda *_: PROVEN)
    return told


def verified(
    monkeypatch: pytest.MonkeyPatch, view: View | None, asking: Mapping[str, Any]
) -> Report:
    monkeypatch.setattr(asked, "view", lambda _: view)
    return joining.verify("lab", deployed(asking), print)


def test_the_cloud_comes_first_and_each_host_s_own_part_after_it(
    monkeypatch: pytest.MonkeyPatch, mtus: list[Mapping[str, int]]
) -> None:
    view = View(held(checked=frozenset({"a10"})))

    report = verified(monkeypatch, view, question())

    assert [each.kind for each in report.drift] == ["source-dest-check", "packet-rules"]
    assert (report.checks, report.notes, report.unseen) == (4, (), "")
    assert (mtus[0]["a1"], mtus[0]["b1"]) == (1500, 9001)


@pytest.mark.usefixtures("mtus")
def test_a_cloud_that_refuses_leaves_the_proof_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused = CloudError(where="AWS eu-central-1", what="no credentials", hint="log in")

    report = verified(monkeypatch, View(refused), question())

    assert report.unseen == "AWS eu-central-1: no credentials; log in"
    assert report.drift == (FLUSHED,)


@pytest.mark.usefixtures("mtus")
def test_a_file_that_is_ahead_of_what_stands_is_noted_and_what_stands_is_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    some = held(entries=dict.fromkeys(TABLES.values(), ()))

    report = verified(monkeypatch, View(some), question(slots=1))

    assert "the hosts in the stack's file are not those that stand" in report.notes[0]
    missing = [each.about for each in report.drift if each.kind == "route-missing"]
    assert missing == ["a1"] * 3


def test_the_lab_s_rules_are_wanted_as_its_driver_makes_them() -> None:
    settings = ENVIRONMENT.settings
    assert isinstance(settings, LabSettings)
    made = {
        GroupRule(
            direction=rule["direction"],
            peer=OWN_GROUP if rule["source"] == "hosts" else rule["source"],
            protocol=rule["protocol"],
        )
        for rule in rules_in_lab(PLAN, settings.uplink)
    }
    assert joining.rules(ENVIRONMENT, PLAN) == made
