"""A network that somebody changed in a cloud's console: named thing by thing, and put back by `up`.

The real engine and program on the stand-ins for both clouds, which build no machines here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from unittest import mock

import pytest

from components.environment import read_environment
from components.plan import make_plan
from components.remote.keys import new_seed
from components.verify.asked import view
from components.verify.compare import compare
from scripts.operations.verify import wanted
from tests.support.alicloud_project import alicloud_project
from tests.support.aws_project import aws_project
from tests.support.by_hand import AlicloudHand, AwsHand, Hand
from tests.support.stage import config

STACK: Final = "t6"
UP: Final = ("--refresh", "-p", "32")
OPENED: Final[Mapping[str, tuple[Any, Any]]] = {
    "aws": (aws_project, AwsHand),
    "alicloud": (alicloud_project, AlicloudHand),
}
THEIRS: Final = {("foreign-entry", ""), ("rule-added", "")}


class Town:
    """A stack that stands on a cloud, and a hand in its console."""

    def __init__(self, project: Any, hand: Hand, keys: dict[str, Any]) -> None:
        self.project, self.hand = project, hand
        self.environment = read_environment(keys, stack=STACK, source="x")
        self.plan = make_plan(self.environment)

    def drift(self) -> set[tuple[str, str]]:
        """What is not as planned, by kind and host."""
        held = self.project.resource("Report", STACK)["inputs"]
        question = {**held, "way": {}, "seed": new_seed().reveal()}
        with mock.patch.dict("os.environ", self.project.sdk_environment()):
            looked = view(question)
            assert looked is not None
            found = compare(wanted(self.environment, self.plan, question), looked.held())
        return {(each.kind, each.about) for each in found}


@pytest.fixture(scope="module", params=sorted(OPENED))
def town(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    folder: Path = tmp_path_factory.mktemp(request.param) / "project"
    opened, hand = OPENED[request.param]
    keys = config(request.param, zones="ab", managers="a", workers="b")
    with opened(folder, config=keys) as project:
        project.up("-p", "32").good()
        yield Town(project, hand(project, STACK), keys)


def test_a_network_as_it_was_built_differs_in_nothing(town: Town) -> None:
    assert town.drift() == set()


def test_what_somebody_changed_is_named_and_put_back_and_what_is_not_ours_is_left(
    town: Town,
) -> None:
    hand, network = town.hand, town.plan.network
    strange = list(network.ranges[0].subnets(new_prefix=24))[-1]
    hand.lead("a", town.plan.slot("b10").containers, "a1")
    hand.take("b", town.plan.slot("a1").containers)
    hand.take("vpc.public", town.plan.slot("b10").containers)
    hand.lead("b", strange, "a1")
    hand.check("b10")
    hand.let_in()
    hand.lock_out(network.ranges[0])

    named = town.drift()
    town.project.up(*UP).good()

    assert named == THEIRS | {
        ("route-wrong-hop", "b10"),
        ("route-missing", "a1"),
        ("route-missing", "b10"),
        ("source-dest-check", "b10"),
        ("rule-missing", ""),
    }
    assert town.drift() == THEIRS
    hand.let_in_no_more()
    hand.take("b", strange)
    assert town.drift() == set()


def test_a_subnet_with_another_table_is_named(town: Town) -> None:
    town.hand.serve("b", "a")

    assert ("association", "") in town.drift()
