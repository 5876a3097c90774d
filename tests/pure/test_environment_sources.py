"""Where a configuration comes from: a stack file, the engine, and the documentation of its keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.config.cloud_keys import ALICLOUD, AWS, BASTION, EXISTING
from components.config.document import DOCUMENT, renewed
from components.config.keys import NETWORK, POOL, SECTIONS, TOP, ZONE
from components.config.lab_keys import LAB
from components.config.model import CLOUDS, Cloud
from components.config.schema import REQUIRED, SEE_BELOW, Key, Section
from components.config.ssh_keys import KEYS
from components.environment import from_pulumi, read_environment, read_stack_file
from components.errors import ConfigError
from components.plan import make_plan
from tests.support.environments import config, environment

LAB_STACK = Path(__file__).parents[2] / "stacks" / "Pulumi.lab.yaml"


def _written(section: Section) -> dict[str, Any]:
    return {
        key.name: yaml.safe_load(key.example) for key in section.keys if key.example != SEE_BELOW
    }


# What means something on clouds only, by section.
NOT_ON_THE_LAB = {"pool": ("type", "disk", "spot"), "zone": ("public",)}
ZONES = {"aws": "eu-central-1a", "alicloud": "eu-central-1-a"}


def _examples(cloud: Cloud = "lab") -> dict[str, Any]:
    """The documentation's examples, put together to the configuration of a cloud."""
    top, zone, pool = _written(TOP), _written(ZONE), _written(POOL)
    if cloud == "lab":
        for part, keys in ((pool, "pool"), (zone, "zone")):
            for key in NOT_ON_THE_LAB[keys]:
                del part[key]
        own = _written(LAB)
    else:
        zone["zone"] = ZONES[cloud]
        del pool["image"], pool["type"]
        own = _written(AWS if cloud == "aws" else ALICLOUD)
        bastion = {**_written(BASTION), "type": own["type"], "image": own["image"]}
        own |= {"nat": "none", "existing": _written(EXISTING), "bastion": bastion}
    network = {**_written(NETWORK), "zones": [zone]}
    return {
        **{key: value for key, value in top.items() if key != "cloud"},
        "cloud": cloud,
        "network": network,
        "pools": [pool],
        cloud: own,
        "survivable": False,
        "keys": _written(KEYS),
        "backup": _backup(cloud),
    }


def _backup(cloud: Cloud) -> dict[str, Any]:
    places: dict[Cloud, dict[str, str]] = {
        "lab": {},
        "aws": {"to": "s3://backups/prod"},
        "alicloud": {"to": "oss://backups", "role": "backup"},
    }
    return {"every": "6h", "keep": 12, **places[cloud]}


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


@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_examples_of_the_documentation_are_a_sound_configuration(cloud: Cloud) -> None:
    seen = read_environment(_examples(cloud), stack="docs", source="docs")

    assert [pool.name for pool in seen.pools] == ["managers"]
    assert seen.pools[0].labels == {"disk": "fast"}
    assert seen.cloud == cloud


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.path)
def test_a_key_is_required_exactly_where_the_documentation_says_so(section: Section) -> None:
    cloud: Cloud = "lab"
    if section.path not in {each.path for each in (TOP, NETWORK, ZONE, POOL, LAB)}:
        cloud = "alicloud" if section is ALICLOUD else "aws"
    for key in section.keys:
        wanted = _examples(cloud)
        own = wanted[cloud]
        node: Any = {
            "fairway": wanted,
            "fairway:network": wanted["network"],
            "fairway:network.zones[]": wanted["network"]["zones"][0],
            "fairway:pools[]": wanted["pools"][0],
            "fairway:keys": wanted["keys"],
            "fairway:backup": wanted["backup"],
            f"fairway:{cloud}": own,
            "fairway:CLOUD.bastion": own.get("bastion"),
            "fairway:CLOUD.existing": own.get("existing"),
        }[section.path]
        node.pop(key.name, None)
        if key.name in {"existing", "nat"}:  # they stand or fall together
            own.pop("existing", None)
            own["nat"] = "none"
            wanted["network"]["zones"][0]["public"] = "10.77.240.0/24"
        _judge(wanted, key)


# Not required by themselves: other keys that are given ask for them.
ASKED_FOR = {"ssh_from", "public", "to", "role"}


def _judge(wanted: dict[str, Any], key: Key) -> None:
    try:
        read_environment(wanted, stack="docs", source="docs")
    except ConfigError as error:
        assert key.default is REQUIRED or key.name in ASKED_FOR, error  # noqa: PT017
        expected = f"{key.name}: is missing" if key.default is REQUIRED else key.name
        assert expected in str(error)  # noqa: PT017
    else:
        assert key.default is not REQUIRED, key.name
