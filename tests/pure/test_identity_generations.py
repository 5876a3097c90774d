"""The seeds of a cluster by generation: drawn once, kept, and changed one safe step at a time."""

from __future__ import annotations

from typing import Any

import pytest

from components.remote.command import Secret
from components.remote.keys import keyring, new_seed, seeds
from provider.identity import Identity
from provider.resource import Call, Made
from provider.wire import UNKNOWN

CALL = Call(urn="", report=print)
OLD_SEED = new_seed().reveal()
# What a state of before generations holds.
OLD_INPUTS = {"cluster": "lab"}
OLD_OUTPUTS = {"cluster": "lab", "seed": OLD_SEED, "revision": "1234"}
KIND = Identity()


def asked(generation: int = 1, *accept: int) -> dict[str, Any]:
    return {"cluster": "lab", "generation": generation, "accept": list(accept)}


def steps(*wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """The outputs after each of these inputs, the first of them of a state of before."""
    outputs = [OLD_OUTPUTS]
    for inputs in wanted:
        outputs.append(KIND.update(CALL, Made("lab", outputs[-1]), inputs))
    return outputs[1:]


def test_a_state_of_before_generations_is_left_as_it_is() -> None:
    inputs, errors = KIND.check("Identity lab", OLD_INPUTS, asked())
    assert errors == []
    assert KIND.changes(OLD_INPUTS, OLD_OUTPUTS, inputs) == {}


def test_a_new_cluster_has_one_seed_and_it_is_its_keyring() -> None:
    made = KIND.create(CALL, asked())
    assert len(seeds(Secret(made.outputs["seed"]))) == 1
    assert made.outputs["seeds"] == {"1": made.outputs["seed"]}


def test_the_three_steps_accept_use_and_forget_and_keep_every_seed() -> None:
    accepted, used, done = steps(asked(1, 2), asked(2, 1), asked(2))

    new = accepted["seeds"]["2"]
    assert new != OLD_SEED
    assert accepted["seed"] == keyring(Secret(OLD_SEED), [Secret(new)]).reveal()
    assert used["seed"] == keyring(Secret(new), [Secret(OLD_SEED)]).reveal()
    assert done["seed"] == new
    assert done["seeds"] == {"1": OLD_SEED, "2": new}


def test_a_generation_is_drawn_once() -> None:
    first, _, again = steps(asked(1, 2), asked(1), asked(1, 2))
    assert first["seed"] == again["seed"]


def test_each_step_is_an_update_and_no_step_is_a_replacement() -> None:
    assert KIND.changes(OLD_INPUTS, OLD_OUTPUTS, asked(1, 2)) == {"accept": "update"}
    assert KIND.changes(asked(1, 2), OLD_OUTPUTS, asked(2, 1)) == {
        "generation": "update",
        "accept": "update",
    }


def test_a_preview_of_the_first_step_knows_the_keys_in_use() -> None:
    told = KIND.preview(asked(1, 2), OLD_OUTPUTS)
    assert told["seed"] == OLD_SEED


def test_a_preview_of_the_later_steps_knows_the_keyring_itself() -> None:
    (accepted,) = steps(asked(1, 2))
    for inputs in (asked(2, 1), asked(2)):
        known = KIND.preview(inputs, accepted)["seed"]
        assert known == KIND.update(CALL, Made("lab", accepted), inputs)["seed"]


def test_a_preview_of_a_new_cluster_knows_no_seed() -> None:
    assert KIND.preview(asked(), None)["seed"] is UNKNOWN


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (OLD_INPUTS, asked(2)),
        (OLD_INPUTS, asked(2, 1)),
        (asked(1, 2), asked(2)),
        (asked(1, 2), asked(3, 1, 2)),
        (asked(2), asked(1)),
    ],
    ids=["at once", "not accepted before", "the former dropped", "another", "back"],
)
def test_a_step_that_would_part_old_hosts_from_new_ones_is_refused(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    _, (error,) = KIND.check("Identity lab", before, after)
    text = str(error)
    assert text.startswith("fairway:keys: ")
    assert "./fairway rotate" in text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (OLD_INPUTS, asked(1, 2)),
        (asked(1, 2), asked(2, 1)),
        (asked(2, 1), asked(2)),
        (asked(1, 2), asked(1)),
        (asked(2, 1), asked(1, 2)),
        ({}, asked(7, 3)),
    ],
    ids=["accept", "use", "forget", "give up", "back again", "a new cluster"],
)
def test_a_step_that_keeps_all_hosts_known_may_be_taken(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert KIND.check("Identity lab", before, after)[1] == []
