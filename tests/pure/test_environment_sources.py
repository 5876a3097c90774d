"""Where a configuration comes from: a stack file, the engine, and the documentation of its keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.config.document import DOCUMENT, renewed
from components.config.keys import LAB, NETWORK, POOL, SECTIONS, TOP, ZONE
from components.config.schema import REQUIRED, SEE_BELOW, Section
from components.environment import from_pulumi, read_environment, read_stack_file
from components.errors import ConfigError
from components.plan import make_plan
from tests.support.environments import config, environment

LAB_STACK = Path(__file__).parents[2] / "stacks" / "Pulumi.lab.yaml"


def _written(section: Section) -> dict[str, Any]:
    return {
        key.name: yaml.safe_load(key.example) for key in section.keys if key.example != SEE_BELOW
    }


def _examples() -> dict[str, Any]:
    network = {**_written(NETWORK), "zones": [_written(ZONE)]}
    found = {**_written(TOP), "network": network, "pools": [_written(POOL)], "lab": _written(LAB)}
    return {**found, "survivable": False}


def test_the_default_stack_is_three_zones_of_a_manager_and_a_worker() -> None:
    plan = make_plan(read_stack_file(LAB_STACK))

    assert [slot.name for slot in plan.managers] == ["a1", "b1", "c1"]
    assert [slot.name for slot in plan.workers] == ["a10", "b10", "c10"]
    assert str(plan.slot("c10").address) == "10.77.32.20"
    assert str(plan.slot("c10").containers) == "10.200.138.0/24"
    assert {slot.image for slot in plan.slots} == {"trixie"}


def test_a_stack_file_is_named_as_people_write_it() -> None:
    seen = read_stack_file(LAB_STACK)

    assert seen.name == "lab"
    assert seen.source == "stacks/Pulumi.lab.yaml"


@pytest.mark.parametrize("text", ["config: [", "config:\n\t- x"])
def test_a_stack_file_that_is_no_yaml_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "Pulumi.x.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match="cannot be read"):
        read_stack_file(path)


@pytest.mark.parametrize("text", ["", "- 1", "config: 3", "config:\n  aws:region: x"])
def test_a_stack_file_without_our_keys_misses_them(tmp_path: Path, text: str) -> None:
    path = tmp_path / "Pulumi.x.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match="fairway:network: is missing"):
        read_stack_file(path)


def test_a_stack_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Pulumi\.x\.yaml: cannot be read"):
        read_stack_file(tmp_path / "Pulumi.x.yaml")


def test_the_engines_texts_become_the_same_environment() -> None:
    everything = {
        "fairway:cloud": "lab",
        "fairway:survivable": "true",
        "fairway:batch": "1",
        "fairway:network": json.dumps(config()["network"]),
        "fairway:pools": json.dumps(config()["pools"]),
        "fairway:lab": json.dumps(config()["lab"]),
        "aws:region": "eu-central-1",
    }

    seen = read_environment(from_pulumi(everything), stack="lab", source="stacks/Pulumi.lab.yaml")

    assert seen == environment()


def test_the_documentation_shows_the_keys_that_the_reader_obeys() -> None:
    written = DOCUMENT.read_text(encoding="utf-8")

    assert written == renewed(written), "run: python -m components.config.document"


def test_the_examples_of_the_documentation_are_a_sound_configuration() -> None:
    seen = read_environment(_examples(), stack="lab", source="docs")

    assert [pool.name for pool in seen.pools] == ["managers"]
    assert seen.pools[0].labels == {"disk": "fast"}


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.path)
def test_a_key_is_required_exactly_where_the_documentation_says_so(section: Section) -> None:
    for key in section.keys:
        wanted = _examples()
        node: Any = {
            "fairway": wanted,
            "fairway:network": wanted["network"],
            "fairway:network.zones[]": wanted["network"]["zones"][0],
            "fairway:pools[]": wanted["pools"][0],
            "fairway:lab": wanted["lab"],
        }[section.path]
        del node[key.name]
        try:
            read_environment(wanted, stack="lab", source="docs")
        except ConfigError as error:
            assert key.default is REQUIRED, error  # noqa: PT017
            assert f"{key.name}: is missing" in str(error)  # noqa: PT017
        else:
            assert key.default is not REQUIRED, key.name
