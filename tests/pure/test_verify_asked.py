"""Where verify finds a cloud's own tables, and what of the clouds it loads to look into them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from types import ModuleType
from typing import Any

import pytest

from components.errors import CloudError
from components.verify import asked
from components.verify.model import Flow

AWS = {"aws": "eu-central-1", "environment": "prod", "table-a": "rtb-1", "table-b": "rtb-2"}


@dataclass
class Opened:
    """A cloud's view as a driver would have it; it answers with its own name."""

    region: str
    environment: str
    tables: Mapping[str, str]

    def machine(self, slot: str) -> str:
        return f"{slot} in {self.environment}"

    def table(self, zone: str) -> str:
        return f"{self.tables[zone]} in {self.region}"

    def entry(self, zone: str, address: IPv4Address) -> None:
        del zone, address

    def source_dest_check(self, slot: str) -> bool:
        return slot == "a1"

    def refusal(self, slot: str, flow: Flow) -> str:
        return f"{slot} {flow.direction}"

    def held(self) -> str:
        return f"all of {self.environment}"


@pytest.mark.parametrize("cloud", ["aws", "alicloud"])
def test_a_cloud_s_tables_are_opened_when_they_are_first_looked_at(
    monkeypatch: pytest.MonkeyPatch, cloud: str
) -> None:
    module, name = asked._VIEWS[cloud]
    driver = ModuleType(module)
    opened: list[Opened] = []

    def view(**told: Any) -> Opened:
        opened.append(Opened(**told))
        return opened[-1]

    setattr(driver, name, view)
    monkeypatch.setitem(sys.modules, module.rpartition(".")[0], ModuleType("package"))
    monkeypatch.setitem(sys.modules, module, driver)
    told = {cloud: "eu-central-1", **{key: value for key, value in AWS.items() if key != "aws"}}

    seen = asked.view({"view": told})

    assert seen is not None
    assert opened == []
    assert seen.table("b") == "rtb-2 in eu-central-1"
    assert seen.machine("a1") == "a1 in prod"
    assert seen.source_dest_check("a1")
    assert seen.entry("a", IPv4Address("10.0.0.1")) is None
    flow = Flow(direction="in", peer=IPv4Address("10.0.0.1"), protocol="tcp", port=80)
    assert seen.refusal("b1", flow) == "b1 in"
    assert str(seen.held()) == "all of prod"
    assert [each.tables for each in opened] == [{"a": "rtb-1", "b": "rtb-2"}]


def test_a_cloud_whose_sdk_is_not_there_is_an_error_that_a_report_survives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(asked._VIEWS, "aws", ("components.clouds.nowhere", "View"))
    seen = asked.view({"view": AWS})
    assert seen is not None
    with pytest.raises(CloudError, match=r"without the cloud's SDK.*nowhere.*make setup"):
        seen.table("a")


def test_a_stack_that_names_no_tables_has_no_view() -> None:
    assert asked.view({"view": {}}) is None
    assert asked.view({}) is None
