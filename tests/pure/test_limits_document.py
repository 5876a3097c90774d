"""The example and the figures of docs/limits.md, by the plan's own arithmetic."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from typing import Any

import pytest
import yaml

from components.environment import read_environment
from components.errors import ConfigFaults
from components.plan import Plan, make_plan, slots
from components.plan.blocks import blocks
from tests.support.environments import aws_config
from tests.support.source import ROOT

TEXT = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
ONE_BLOCK, MORE_BLOCKS = re.findall(r"```yaml\n(fairway:network:\n.*?)```", TEXT, re.DOTALL)
ROWS = [
    [int(each.replace(",", "")) for each in re.findall(r"[\d,]+", row)]
    for row in re.findall(r"^\|(?: [\d,]+ \|){7}$", TEXT, re.MULTILINE)
]
FIGURES = [(ONE_BLOCK, row[:5]) for row in ROWS] + [
    (MORE_BLOCKS, row[:3] + row[5:]) for row in ROWS
]


def planned(example: str, host_prefix: int, in_a_zone: int) -> Plan:
    """An example with so many workers in each zone beside one manager, numbers from 1 on."""
    network: dict[str, Any] = yaml.safe_load(example)["fairway:network"]
    every = dict.fromkeys("abc", in_a_zone - 1)
    pools = [
        {"name": "m", "role": "manager", "first": 1, "size": 1, "hosts": dict.fromkeys("abc", 1)},
        {"name": "w", "role": "worker", "first": 2, "size": in_a_zone - 1, "hosts": every},
    ]
    wanted = {**aws_config(), "network": {**network, "host_prefix": host_prefix}, "pools": pools}
    return make_plan(read_environment(wanted, stack="prod", source="docs/limits.md"))


@pytest.mark.parametrize(
    ("example", "each", "told"),
    [
        (ONE_BLOCK, 2, "# two prefixes and 29 containers a host"),
        (MORE_BLOCKS, 8, "# eight prefixes and 125 containers a host"),
    ],
    ids=["one block", "several"],
)
def test_an_example_is_sound_and_has_the_prefixes_that_it_tells_of(
    example: str, each: int, told: str
) -> None:
    given = yaml.safe_load(example)["fairway:network"]["host_prefix"]

    assert len(slots.prefixes(planned(example, given, 10).slots[0].containers)) == each
    assert told in example


def test_the_second_example_has_the_blocks_that_it_tells_of() -> None:
    made_of = list(map(str, blocks(planned(MORE_BLOCKS, 25, 10).network)))

    assert made_of == [f"10.{number}.0.0/16" for number in (16, 17, 18, 19)]
    assert f"# four blocks: {made_of[0]} to {made_of[-1]}" in MORE_BLOCKS


def test_there_is_a_row_for_every_length_that_a_host_may_have() -> None:
    assert [row[0] for row in ROWS] == [28, 27, 26, 25, 24]


@pytest.mark.parametrize(("example", "row"), FIGURES, ids=[f"/{row[0]}" for _, row in FIGURES])
def test_a_zone_holds_as_many_hosts_as_the_table_says_and_not_one_more(
    example: str, row: list[int]
) -> None:
    length, each, containers, in_a_zone, hosts = row
    plan = planned(example, length, in_a_zone)

    assert len(plan.slots) == hosts
    assert len(slots.prefixes(plan.slots[0].containers)) == each
    assert IPv4Network(f"10.0.0.0/{length}").num_addresses - 3 == containers
    with pytest.raises(ConfigFaults, match=f"room for slots up to number {in_a_zone}"):
        planned(example, length, in_a_zone + 1)
