"""What a program reads of its own stack while the engine writes it."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from components import standing

HALF_WRITTEN = (
    "invoke of pulumi:pulumi:readStackResourceOutputs failed: failed to load checkpoint: EOF"
)


def answers(monkeypatch: pytest.MonkeyPatch, *told: Exception | dict[str, Any]) -> list[str]:
    asked: list[str] = []
    left = iter(told)

    def invoke(token: str, _: dict[str, Any]) -> SimpleNamespace:
        asked.append(token)
        now = next(left)
        if isinstance(now, Exception):
            raise now
        return SimpleNamespace(value={"outputs": now})

    monkeypatch.setattr(pulumi.runtime, "invoke", invoke)
    monkeypatch.setattr(pulumi, "get_stack", lambda: "s")
    monkeypatch.setattr(time, "sleep", lambda _: None)
    return asked


def test_a_checkpoint_that_is_being_written_is_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = answers(monkeypatch, *[Exception(HALF_WRITTEN)] * 3, {"urn": {"type": "t"}})
    assert standing._recorded() == {"urn": {"type": "t"}}
    assert len(asked) == 4


def test_any_other_error_of_the_engine_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answers(monkeypatch, Exception("no such stack"), {})
    with pytest.raises(Exception, match="no such stack"):
        standing._recorded()
    assert len(asked) == 1


def test_a_checkpoint_that_stays_broken_is_an_error_at_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers(monkeypatch, *[Exception(HALF_WRITTEN)] * standing._READS)
    with pytest.raises(Exception, match="EOF"):
        standing._recorded()
