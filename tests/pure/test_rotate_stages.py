"""Where a rotation of keys is, what is left of it, and what it writes into the stack's file."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from components.environment import Keys, read_environment
from components.errors import ConfigError, SwarmError
from components.plan import Plan, make_plan
from scripts.cli import stack_text
from scripts.operations.rotate import declare, meaning, refuse_only_manager, stages
from tests.support.environments import config

FIRST = Keys()
ACCEPTED = Keys(generation=1, accept=(2,))
USED = Keys(generation=2, accept=(1,))
DONE = Keys(generation=2)


@pytest.mark.parametrize(
    ("declared", "stored", "drawn", "left"),
    [
        (FIRST, FIRST, {1}, (ACCEPTED, USED, DONE)),
        (ACCEPTED, FIRST, {1}, (ACCEPTED, USED, DONE)),
        (ACCEPTED, ACCEPTED, {1, 2}, (ACCEPTED, USED, DONE)),
        (USED, ACCEPTED, {1, 2}, (USED, DONE)),
        (USED, USED, {1, 2}, (USED, DONE)),
        (DONE, USED, {1, 2}, (DONE,)),
        (FIRST, ACCEPTED, {1, 2}, (FIRST,)),
    ],
    ids=[
        "none under way",
        "the first step declared",
        "the first step done",
        "the second step declared",
        "the second step done or half done",
        "the last step declared",
        "given up after the first step",
    ],
)
def test_a_rotation_goes_on_from_where_it_is(
    declared: Keys, stored: Keys, drawn: set[int], left: tuple[Keys, ...]
) -> None:
    assert stages(declared, stored, drawn) == left


def test_the_next_rotation_takes_a_generation_that_never_was() -> None:
    assert stages(DONE, DONE, {1, 2}) == (
        Keys(generation=2, accept=(3,)),
        Keys(generation=3, accept=(2,)),
        Keys(generation=3),
    )
    assert stages(FIRST, FIRST, {1, 2})[-1] == Keys(generation=3)


def test_only_the_second_step_names_the_hosts_that_it_replaces() -> None:
    told = [meaning(keys, ["a1", "b1"]) for keys in (ACCEPTED, USED, DONE)]
    assert ["a1, b1" in text for text in told] == [False, True, False]
    assert ["no host changes" in text for text in told] == [True, False, True]


HEAD = """\
# An environment.
config:
  fairway:cloud: lab  # here
"""
FORMS = {
    "without the section": "",
    "in one line": "  fairway:keys: {generation: 1, accept: [2]}  # see docs\n",
    "in several lines": "  fairway:keys:\n    # in use\n    generation: 1\n    accept: [2]  # n\n",
    "with the generation alone": "  fairway:keys:\n    generation: 1  # in use\n",
    "with nothing in it": "  fairway:keys: {}\n",
}
TAIL = "  fairway:pools: []  # none yet\nencryptionsalt: v1:x\n"


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
@pytest.mark.parametrize("keys", [FIRST, ACCEPTED, USED, DONE])
def test_the_keys_are_written_and_the_rest_of_the_file_stays(
    tmp_path: Path, form: str, keys: Keys
) -> None:
    path = tmp_path / "Pulumi.lab.yaml"
    path.write_text(HEAD + form + TAIL)

    text = declare(stack_text.read(path), keys)

    config = yaml.safe_load(text)["config"]
    wanted = {"generation": keys.generation, "accept": list(keys.accept)}
    assert {"accept": [], **config["fairway:keys"]} == wanted
    assert text.endswith(TAIL)
    for comment in ("# An environment.", "# here", *(["# in use"] if "# in use" in form else [])):
        assert comment in text


def test_a_form_that_cannot_be_changed_alone_is_left_and_told(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.lab.yaml"
    path.write_text(HEAD + "  fairway:keys:\n    generation: 1\n    accept:\n      - 2\n" + TAIL)

    with pytest.raises(ConfigError, match=r"fairway:keys\.accept: cannot be written"):
        declare(stack_text.read(path), USED)


def test_the_only_manager_is_refused_before_the_first_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def plan(managers: int) -> Plan:
        wanted = {**config(), "survivable": False}
        wanted["pools"][0]["hosts"] = {"a": managers}
        return make_plan(read_environment(wanted, stack="prod", source="x"))

    refuse_only_manager(plan(3), (ACCEPTED, USED, DONE))
    refuse_only_manager(plan(1), (DONE,))
    with pytest.raises(SwarmError, match="a1 is the only manager"):
        refuse_only_manager(plan(1), (ACCEPTED, USED, DONE))
    monkeypatch.setenv("FAIRWAY_ALLOW_QUORUM_LOSS", "1")
    refuse_only_manager(plan(1), (ACCEPTED, USED, DONE))
