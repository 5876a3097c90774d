"""Hosts lose their power while a client asks ten times a second: the causes of the bench, once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.survive import CAUSES, LOST, lose, town_of
from tests.support.checkout import Checkout, lab_checkout
from tests.support.stage import config

STACK = "t31"
# Of all requests; one that is under way on a host that dies, then on a second one, is lost.
BEARABLE = 0.02
# A host of a busy computer may not run for seconds; that is nobody's loss.
PATIENCE = 5.0


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    wanted = config("lab", managers="abc", workers="abc", ranges=(120, 250))
    with lab_checkout(tmp_path_factory.mktemp("survive"), STACK, wanted) as made:
        made.make("up").good()
        yield made


@pytest.mark.parametrize("cause", CAUSES)
def test_what_was_lost_runs_elsewhere_by_itself_and_one_manager_leads(
    cluster: Checkout, cause: str
) -> None:
    plan = cluster.plan
    previews: list[str] = []

    with town_of(plan, cluster.deployed(), cause) as town:
        found = lose(
            town,
            cause,
            lambda: previews.append(cluster.fairway("preview", STACK).text),
            patience=PATIENCE,
        )

    assert found["replicas_elsewhere"] == len(plan.slots) - LOST[cause]
    assert found["failed"] <= BEARABLE * found["asked"], found
    (leader,) = found["leaders"]
    assert leader not in found["lost"]
    assert [name for name in found["lost"] if name not in previews[0]] == [], previews


def test_with_their_power_back_nothing_is_left_to_do(cluster: Checkout) -> None:
    looked = cluster.fairway("preview", STACK)

    assert (looked.status, "nothing changes" in looked.text) == (0, True), looked.text
