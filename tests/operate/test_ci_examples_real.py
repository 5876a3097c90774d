"""The commands of the CI examples in their order, each job in a fresh checkout, on real hosts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.checkout import Checkout, lab_checkout
from tests.support.ci_examples import Runner
from tests.support.stage import config

STACK = "t24"


class Team:
    """A state that all share, and checkouts that each job gets anew and without a salt."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        state = folder / "state"
        state.mkdir()
        self.secrets = {
            "PULUMI_BACKEND_URL": state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "team",
        }

    def job(self, name: str, wanted: dict[str, Any], shown: Path | None = None) -> Runner:
        checkout = Checkout(self.folder / name, STACK, wanted)
        return Runner(
            folder=checkout.folder,
            tools=self.folder / f"{name}-tools",
            env={**checkout.environment, **self.secrets},
            known={
                "matrix.stack": STACK,
                "inputs.stack": STACK,
                "vars.PULUMI_BACKEND_URL": self.secrets["PULUMI_BACKEND_URL"],
                "github.token": "",
                "github.repository": "team/infra",
            },
            answers={"/pulls": "abc123", "run list": "99"},
            shown=shown,
        )


def wanted(workers: str = "b") -> dict[str, Any]:
    return config("lab", zones="ab", managers="a", workers=workers, ranges=(114, 244))


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    made = Team(tmp_path_factory.mktemp("team"))
    with lab_checkout(made.folder / "operator", STACK, wanted()) as operator:
        operator.make("up", **made.secrets).good()
        yield made


def test_a_change_goes_from_its_pull_request_to_the_hosts_and_the_night_finds_nothing(
    team: Team,
) -> None:
    pull = team.job("pull", wanted("ab"))
    pull.github("fairway-preview.yml", "preview").good()
    comment = (pull.folder / "preview.md").read_text().splitlines()
    assert "- hosts made: a10" in comment
    assert "- quota: 3 of 200 entries in each route table; hosts left: 197" in comment
    shown = team.folder / "artifact"
    shown.mkdir()
    shutil.copy(pull.folder / "preview.json", shown)

    look = team.job("look", wanted("ab"), shown)
    look.github("fairway-apply.yml", "look").good()
    assert look.known["steps.gate.outputs.environment"] == STACK

    up = team.job("up", wanted("ab"))
    shutil.copy(look.folder / "preview.json", up.folder)
    done = up.github("fairway-apply.yml", "up").good()
    assert "3 hosts in 2 zones: every container reaches every other" in done.text

    night = team.job("night", wanted("ab"))
    night.github("fairway-nightly.yml", "nightly").good()
    report = (night.folder / "report.md").read_text()
    assert "every container reaches every other" in report
    assert "no drift on 3 hosts" in report
    assert "nothing changes" in report
