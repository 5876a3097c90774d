"""Small changes of a stack on Alibaba Cloud and of its account, by name."""

from __future__ import annotations

from collections.abc import Callable

from components.clouds.findings import Findings
from tests.support.standin.account import Kinds
from tests.support.standin.alicloud_scene import Change, Wanted

AccountChange = Callable[[Kinds], object]


def told(findings: Findings) -> list[str]:
    return [str(each) for each in (*findings.faults, *findings.unchecked)]


def own(**keys: object) -> Change:
    return lambda wanted: wanted["alicloud"].update(keys)


def pool(index: int, **keys: object) -> Change:
    return lambda wanted: wanted["pools"][index].update(keys)


def zone(index: int, **keys: object) -> Change:
    return lambda wanted: wanted["network"]["zones"][index].update(keys)


def item(kind: str, name: str, **fields: object) -> AccountChange:
    return lambda kinds: kinds[kind][name].update(fields)


def unchanged(_: Wanted | Kinds) -> None:
    pass


def full(name: str, limit: int) -> AccountChange:
    return item("quota", name, TotalQuota=limit)


def gone(kind: str, name: str) -> AccountChange:
    return lambda kinds: kinds[kind].pop(name)
