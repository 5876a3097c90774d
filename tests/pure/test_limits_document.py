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
from tests.support.environments import aws_config
from tests.support.source import ROOT

TEXT = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
(EXAMPLE,) = re.findall(r"```yaml\n(fairway:network:\n.*?)```", TEXT, re.DOTALL)
ROWS = [
    tuple(int(each.replace(",", "")) for each in row)
    for row in re.findall(
        r"^\| (\d+) \| (\d+) \| (\d+) \| (\d+) \| ([\d,]+) \|$", TEXT, re.MULTILINE
    )
]


def planned(host_prefix: int, in_a_zone: int) -> Plan:
    """The example with so many workers in each zone beside one manager, numbers from 1 on."""
    network: dict[str, Any] = yaml.safe_load(EXAMPLE)["fairway:network"]
    every = dict.fromkeys("abc", in_a_zone - 1)
    pools = [
        {"name": "m", "role": "manager", "first": 1, "size": 1, "hosts": dict.fromkeys("abc", 1)},
        {"name": "w", "role": "worker", "first": 2, "size": in_a_zone - 1, "hosts": every},
    ]
    wanted = {**aws_config(), "network": {**network, "host_prefix": host_prefix}, "pools": pools}
    return make_plan(read_environment(wanted, stack="prod", source="docs/limits.md"))


def test_the_example_is_sound_and_has_the_prefixes_that_it_tells_of() -> None:
    given = yaml.safe_load(EXAMPLE)["fairway:network"]["host_prefix"]

    assert len(slots.prefixes(planned(given, 10).slots[0].containers)) == 2
    assert "# two prefixes and 29 containers a host" in EXAMPLE


def test_there_is_a_row_for_every_length_that_a_host_may_have() -> None:
    assert [row[0] for row in ROWS] == [28, 27, 26, 25, 24]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"/{row[0]}")
def test_a_zone_holds_as_many_hosts_as_the_table_says_and_not_one_more(
    row: tuple[int, int, int, int, int],
) -> None:
    length, each, containers, in_a_zone, hosts = row
    plan = planned(length, in_a_zone)

    assert len(plan.slots) == hosts
    assert len(slots.prefixes(plan.slots[0].containers)) == each
    assert IPv4Network(f"10.0.0.0/{length}").num_addresses - 3 == containers
    with pytest.raises(ConfigFaults, match=f"room for slots up to number {in_a_zone}"):
        planned(length, in_a_zone + 1)
