"""Spreading the tasks of services anew, against what Docker says."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from components.errors import DeadlineExceeded, SwarmError
from components.remote.command import Command, Result
from components.swarm import spread
from components.swarm.managers import Managers
from components.swarm.spread import Service, chosen, read_service, services, spread_again

DEFAULT = "Running 5 minutes ago"


@dataclass
class Told(Managers):
    """Managers of a Swarm with services; an update of one puts its tasks on `then`."""

    tasks: dict[str, list[str]]
    then: list[str] = field(default_factory=list)
    modes: dict[str, str] = field(default_factory=dict)
    ends: str = "completed"
    updates: list[str] = field(default_factory=list)

    def run(self, command: Command) -> Result:
        words = [str(word) for word in command.words]
        return Result(0, self._answer(words[2], words[-1]), "", 0.0)

    def _answer(self, verb: str, name: str) -> str:
        if verb == "ls":
            rows = [
                {"Name": name, "Mode": self.modes.get(name, "replicated"), "Replicas": "2/2"}
                for name in self.tasks
            ]
            return "\n".join(map(json.dumps, rows))
        if verb == "ps":
            return "\n".join(self.tasks[name])
        if verb == "update":
            self.updates.append(name)
            self.tasks[name] = self.then
            return ""
        began = {"State": self.ends, "StartedAt": str(len(self.updates))}
        return json.dumps(began if self.updates else None)


def on(*hosts: str) -> list[str]:
    return [f"{host} {DEFAULT}" for host in hosts]


def service(**changes: Any) -> Service:
    base = {"name": "web", "mode": "replicated", "wanted": 2, "running": {"a1": 1, "b1": 1}}
    return Service(**{**base, **changes})


def test_a_service_is_read_with_its_tasks_by_host() -> None:
    row = {"Name": "web", "Mode": "replicated", "Replicas": "3/4 (max 1 per node)"}
    found = read_service(row, "a1 Running 2 hours ago\nb1 Starting now\na1 Running 3 seconds ago\n")
    assert (found.name, found.wanted, dict(found.running)) == ("web", 4, {"a1": 2})
    assert found.spread == "a1 2"
    assert not found.whole
    assert service(running={}).spread == "nowhere"


def test_without_a_name_all_are_taken_that_have_several_tasks_to_move() -> None:
    lonely, everywhere = service(name="lonely", wanted=1), service(name="every", mode="global")
    assert chosen([service(), lonely, everywhere], []) == [service()]
    assert chosen([service(), lonely, everywhere], ["lonely", "lonely"]) == [lonely]


@pytest.mark.parametrize(("name", "found"), [("every", "its mode is global"), ("x", "no such")])
def test_a_name_whose_tasks_cannot_be_moved_is_refused(name: str, found: str) -> None:
    with pytest.raises(SwarmError, match=found) as refusal:
        chosen([service(), service(name="every", mode="global")], [name])
    assert "wanted web" in str(refusal.value)


def test_a_service_is_updated_once_and_told_as_it_is_afterwards() -> None:
    told = Told({"web": on("a1", "a1"), "web2": on("b1")}, then=on("a1", "b1"))
    found = {each.name: each for each in services(told)}

    after = spread_again(told, found["web"])

    assert told.updates == ["web"]
    assert after.spread == "a1, b1"


def test_a_service_that_is_not_whole_is_left_as_it_is() -> None:
    told = Told({"web": on("a1")})
    (found,) = services(told)

    with pytest.raises(SwarmError, match="nothing of it is moved"):
        spread_again(told, found)

    assert told.updates == []


@pytest.mark.parametrize(("ends", "then"), [("paused", on("a1", "b1")), ("completed", on("b1"))])
def test_tasks_that_do_not_come_up_again_are_told(ends: str, then: list[str]) -> None:
    told = Told({"web": on("a1", "a1")}, then=then, ends=ends)
    (found,) = services(told)

    with pytest.raises(SwarmError, match=f"did not all come up again \\(update {ends}\\)"):
        spread_again(told, found)


def test_an_update_that_goes_on_ends_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spread, "SPREADS_WITHIN", 0.0)
    told = Told({"web": on("a1", "a1")}, then=on("a1", "b1"), ends="updating")
    (found,) = services(told)

    with pytest.raises(DeadlineExceeded, match="waited 0 s for its tasks"):
        spread_again(told, found)
