from __future__ import annotations

from dataclasses import replace

from components.verify.checks import answers, describe, judge, plan_checks, question
from components.verify.model import Check, Outcome
from tests.support.verify_world import FACTS, HOSTS, PROBES

CHECKS = plan_checks(HOSTS, PROBES, FACTS)
PAIRS = {(a.name, b.name) for a in HOSTS for b in HOSTS if a is not b}


def test_every_ordered_pair_is_asked_on_two_ports_and_with_a_large_packet() -> None:
    asked = [check for check in CHECKS if check.place == "container" and check.pair in PAIRS]
    kinds = {
        pair: sorted((c.kind, c.port) for c in asked if c.pair == pair and c.kind != "published")
        for pair in PAIRS
    }
    assert all(kind == [("mtu", 0), ("tcp", 81), ("tcp", 60606)] for kind in kinds.values())


def test_containers_must_be_seen_by_their_own_address() -> None:
    one = next(c for c in CHECKS if c.pair == ("a1", "b1") and c.place == "container")
    assert (one.address, one.expect) == ("10.225.3.2", "10.225.1.2")


def test_every_host_reaches_every_container_its_own_too() -> None:
    pairs = {check.pair for check in CHECKS if check.place == "host" and check.kind == "tcp"}
    assert pairs == PAIRS | {(host.name, host.name) for host in HOSTS}


def test_published_ports_are_asked_around_the_ring_and_must_see_the_host() -> None:
    ring = [(c.pair, c.place, c.expect) for c in CHECKS if c.kind == "published"]
    assert len(ring) == 6
    assert (("b1", "a1"), "bridge", "10.95.3.11") in ring
    assert (("a1", "a2"), "container", "10.95.1.11") in ring


def test_what_hosts_may_not_open_on_each_other_is_not_asked() -> None:
    kept = plan_checks(HOSTS, PROBES, replace(FACTS, between_hosts="swarm"))
    assert {check for check in kept if check.pair in PAIRS} == {
        check
        for check in CHECKS
        if check.pair in PAIRS and check.place == "container" and check.kind != "published"
    }
    assert [c for c in kept if c.pair not in PAIRS] == [c for c in CHECKS if c.pair not in PAIRS]


def test_without_an_outside_address_the_outside_is_not_asked() -> None:
    checks = plan_checks(HOSTS, PROBES, replace(FACTS, outside=None))
    assert not [check for check in checks if check.kind == "outside"]
    assert len([check for check in CHECKS if check.kind == "outside"]) == 9


def test_a_host_without_a_probe_is_not_asked_about() -> None:
    probes = {name: probe for name, probe in PROBES.items() if name != "b1"}
    assert not [c for c in plan_checks(HOSTS, probes, FACTS) if "b1" in c.pair]


def test_one_host_alone_is_asked_about_itself_and_the_outside() -> None:
    checks = plan_checks(HOSTS[:1], {"a1": PROBES["a1"]}, FACTS)
    assert {check.kind for check in checks} == {"tcp", "outside"}


def test_questions_and_answers_meet_by_their_position() -> None:
    checks = [c for c in CHECKS if c.pair == ("a1", "b1") and c.place == "container"][:3]
    assert question(checks).decode().splitlines() == [
        "0 tcp 10.225.3.2 81",
        "1 tcp 10.225.3.2 60606",
        "2 mtu 10.225.3.2 0",
    ]
    said = "2 small 1500\n0 seen 10.225.1.2\n"
    words = [(outcome.word, outcome.detail) for outcome in answers(checks, said)]
    assert words == [("seen", "10.225.1.2"), ("unasked", "the probe broke off"), ("small", "1500")]


def outcome(word: str, detail: str = "", expect: str = "") -> Outcome:
    check = Check(
        source="a1", place="container", kind="tcp", target="b1", address="x", expect=expect
    )
    return Outcome(check=check, word=word, detail=detail)


def test_an_answer_is_good_only_with_the_expected_source() -> None:
    assert outcome("seen", "10.0.0.1", expect="10.0.0.1").good
    assert not outcome("seen", "10.0.0.9", expect="10.0.0.1").good
    assert outcome("ok").good
    assert not outcome("stalled").good


def test_containers_are_not_blamed_for_an_outside_that_their_host_does_not_reach() -> None:
    asked = [c for c in CHECKS if c.kind == "outside" and c.source == "a1"]
    bad, notes = judge([Outcome(check=check, word="lost") for check in asked])
    assert bad == ()
    assert notes == (
        "a1 does not reach the outside itself, so its containers were not judged by that",
    )


def test_containers_are_blamed_where_their_host_reaches_the_outside() -> None:
    asked = [c for c in CHECKS if c.kind == "outside" and c.source == "a1"]
    said = {"host": "ok", "container": "lost", "bridge": "ok"}
    bad, notes = judge([Outcome(check=check, word=said[check.place]) for check in asked])
    assert [describe(one.check) for one in bad] == ["container -> outside"]
    assert notes == ()
