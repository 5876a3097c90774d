"""A preflight as a driver runs it: everything at once, warnings apart, off by a switch."""

from __future__ import annotations

import pytest

from components.clouds.examine import SWITCH, examine
from components.clouds.findings import Findings
from components.errors import CloudFaults


def found(*, faults: int = 0, unchecked: int = 0) -> Findings:
    findings = Findings()
    for number in range(faults):
        findings.fault(f"key {number}", "is wrong", hint="mend it")
    for number in range(unchecked):
        findings.could_not(f"quota {number}", "no right to look", "allow it")
    return findings


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the user is warned of."""
    warnings: list[str] = []
    monkeypatch.setattr("pulumi.log.warn", warnings.append)
    monkeypatch.delenv(SWITCH, raising=False)
    return warnings


def test_everything_that_stands_in_the_way_is_raised_at_once(told: list[str]) -> None:
    with pytest.raises(CloudFaults) as raised:
        examine(lambda: found(faults=2, unchecked=1))

    assert len(raised.value.faults) == 2
    assert told == ["quota 0: could not be checked: found no right to look; allow it"]


def test_what_could_not_be_looked_at_is_told_and_stops_nothing(told: list[str]) -> None:
    examine(lambda: found(unchecked=2))
    assert len(told) == 2


def test_the_switch_leaves_it_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "off")

    def never() -> Findings:
        raise AssertionError

    examine(never)
