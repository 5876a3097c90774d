"""A host's own part of the network against the plan, by what the host said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.errors import HostUnreachable
from components.remote.endpoint import Endpoint, Session
from components.remote.wait import Deadline
from components.swarm.steps import routed_options
from components.verify import hosts
from components.verify.crew import Crew
from components.verify.hosts import deviations, judge
from components.verify.model import Deviation
from tests.support.scripted import ScriptedSession
from tests.support.verify_world import HOSTS

B1 = HOSTS[2]
UP = {"ifname": "br-1", "mtu": 1500, "flags": ["BROADCAST", "UP"]}


def said(*, rules: str = "", link: Any = None, mtu: int = 1500, **network: Any) -> str:
    planned = {"Ranges": [{"Subnet": str(B1.containers)}], "Options": routed_options(mtu)}
    shown = json.dumps({**planned, **network})
    links = json.dumps([link] if link else [])
    return f"== rules\n{rules}\n== network\n{shown}\n== bridge\n{links}\n"


def judged(text: str, mtu: int = 1500) -> list[Deviation]:
    return list(judge(B1, mtu, text))


@pytest.mark.parametrize("link", [None, UP])
def test_a_host_as_planned_differs_in_nothing_with_a_bridge_or_without(link: Any) -> None:
    assert judged(said(link=link)) == []


def test_packet_rules_that_are_missing_are_named_by_their_own_words() -> None:
    (found,) = judged(said(rules="filter FORWARD: jump\nnat POSTROUTING: masquerade"))
    assert (found.kind, found.where) == ("packet-rules", "b1")
    assert found.found == "missing: filter FORWARD: jump; nat POSTROUTING: masquerade"


@pytest.mark.parametrize(
    ("link", "found"),
    [({**UP, "flags": ["BROADCAST"]}, "down, mtu 1500"), ({**UP, "mtu": 1400}, "up, mtu 1400")],
)
def test_a_bridge_that_somebody_changed_is_named_with_what_mends_it(
    link: dict[str, Any], found: str
) -> None:
    (deviation,) = judged(said(link=link))
    assert (deviation.where, deviation.found) == ("bridge br-1 of b1", found)
    assert "`ip link set br-1 up mtu 1500` on b1" in deviation.repair


def test_the_mtu_is_the_cloud_s_own() -> None:
    assert judged(said(mtu=9001, link={**UP, "mtu": 9001}), 9001) == []
    assert len(judged(said(link=UP), 9001)) == 2


def test_a_container_network_with_another_range_or_other_options_is_named() -> None:
    (range_,) = judged(said(Ranges=[{"Subnet": "10.9.0.0/24"}]))
    (options,) = judged(said(Options={}))
    assert range_.found.startswith("10.9.0.0/24 enable_ip_masquerade=false")
    assert options.found == str(B1.containers)
    assert {range_.kind, options.kind} == {"bridge"}


def test_a_container_network_that_is_gone_is_named() -> None:
    (found,) = judged("== rules\n== network\n[]\n== bridge\n[]\n")
    assert (found.where, found.found) == ("network routed-config of b1", "no such network")


def looked_at(monkeypatch: pytest.MonkeyPatch, *texts: str) -> list[Deviation]:
    """What is found on b1 where it shows these, one after the other."""
    monkeypatch.setattr(hosts, "SETTLES", 0.0)
    session = ScriptedSession(endpoint=B1.endpoint)
    for text in texts:
        session.on("== rules", text, once=True)

    class Opens:
        def to(self, endpoint: Endpoint, *, deadline: float = 0) -> Session:
            del endpoint, deadline
            return session

    crew = Crew(hosts={"b1": B1}, sessions=Opens(), deadline=Deadline(5))
    return list(deviations(crew, {"b1": 1500}))


def test_a_bridge_that_is_just_coming_up_is_looked_at_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    down = {**UP, "flags": ["BROADCAST"]}
    assert looked_at(monkeypatch, said(link=down), said(link=UP)) == []
    (found,) = looked_at(monkeypatch, said(link=down), said(link=down))
    assert found.kind == "bridge"


def test_what_is_no_bridge_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = looked_at(monkeypatch, said(rules="filter FORWARD: jump"))
    assert found.kind == "packet-rules"


class Silent:
    """No host lets anybody in."""

    def to(self, endpoint: Any, *, deadline: float = 0) -> Any:
        del deadline
        raise HostUnreachable(where=endpoint.name, what="no answer", hint="wait")


def test_a_host_that_does_not_answer_is_the_probes_to_name() -> None:
    crew = Crew(hosts={host.name: host for host in HOSTS}, sessions=Silent(), deadline=Deadline(5))
    assert deviations(crew, {host.name: 1500 for host in HOSTS}) == ()
