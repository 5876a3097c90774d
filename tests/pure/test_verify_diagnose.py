from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from components.errors import LabError
from components.verify.checks import plan_checks
from components.verify.diagnose import Remembered, diagnose, explain, group
from components.verify.look import Look
from components.verify.model import Check, Entry, Fault, Outcome, Target
from tests.support.verify_world import (
    FACTS,
    HOSTS,
    PROBES,
    TARGETS,
    FakeView,
    kernel,
    rerouted,
    sight,
)

CHECKS = plan_checks(HOSTS, PROBES, FACTS)
A1, A2, B1 = HOSTS


def check(source: str, target: str, place: str = "container", kind: str = "tcp") -> Check:
    return next(
        c for c in CHECKS if c.pair == (source, target) and (c.place, c.kind) == (place, kind)
    )


def lost(source: str, target: str, place: str = "container", kind: str = "tcp") -> Outcome:
    return Outcome(check=check(source, target, place, kind), word="lost", detail="timed out")


def seen(one: Check, address: str) -> Outcome:
    return Outcome(check=one, word="seen", detail=address)


def test_where_all_is_right_no_hop_is_blamed() -> None:
    fault = explain(lost("a1", "b1"), sight(FakeView()))
    assert (fault.cause, fault.where) == ("unexplained", "between a and b")
    assert "not looked at" not in fault.what


def test_without_a_view_the_fault_says_what_could_not_be_looked_at() -> None:
    fault = explain(lost("a1", "b1"), sight())
    assert fault.cause == "unexplained"
    assert "not looked at: route tables, source/destination check, security groups" in fault.what


def entry(zone: str, host: str, found: Entry | None) -> FakeView:
    return FakeView(entries={(zone, host): found})


DEFAULT = Entry(
    destination=IPv4Network("0.0.0.0/0"), next_hop="", active=True, text="0.0.0.0/0 -> uplink"
)
ROUTES = [
    (entry("a", "b1", None), "a", "route-missing", "no entry for 10.225.3.0/24"),
    (entry("a", "b1", DEFAULT), "a", "route-missing", "containers of b1"),
    (entry("b", "a1", None), "b", "route-missing", "containers of a1"),
    (entry("a", "b1", rerouted(B1, next_hop="a2")), "a", "route-wrong-hop", "points at a2, not b1"),
    (entry("a", "b1", rerouted(B1, next_hop="", active=False)), "a", "black-hole", "machine that"),
    (
        FakeView(entries={("a", "b1"): rerouted(B1, active=False)}, states={"b1": "stopped"}),
        "a",
        "black-hole",
        "machine of b1 is stopped",
    ),
]


@pytest.mark.parametrize(("view", "zone", "cause", "words"), ROUTES)
def test_a_wrong_entry_is_named_with_its_table(
    view: FakeView, zone: str, cause: str, words: str
) -> None:
    fault = explain(lost("a1", "b1"), sight(view))
    assert (fault.cause, fault.where) == (cause, f"route table table-{zone} (zone {zone})")
    assert words in fault.what


@pytest.mark.parametrize("host", ["a1", "b1"])
def test_a_source_destination_check_that_is_on_is_named_with_its_end(host: str) -> None:
    fault = explain(lost("a1", "b1"), sight(FakeView(checked={host})))
    assert (fault.cause, fault.where) == ("source-dest-check", host)


def test_the_senders_check_does_not_matter_for_a_packet_of_the_host_itself() -> None:
    fault = explain(lost("a1", "b1", "host"), sight(FakeView(checked={"a1"})))
    assert fault.cause == "unexplained"


@pytest.mark.parametrize(("host", "way"), [("b1", "in"), ("a1", "out")])
def test_a_security_group_without_a_rule_for_the_containers_is_named(host: str, way: str) -> None:
    view = FakeView(refusals={(host, way): "tcp 81 fits none of: hosts: in any hosts"})
    fault = explain(lost("a1", "b1"), sight(view))
    assert (fault.cause, fault.where) == ("security-group", f"security groups of {host}")
    assert "container range 10.225.0.0/16" in fault.what
    assert "fits none of" in fault.evidence


def test_a_forward_policy_without_our_rules_is_the_target_hosts_fault() -> None:
    fault = explain(lost("a1", "b1"), sight(FakeView(), b1=kernel(B1, ours="")))
    assert (fault.cause, fault.where) == ("forward-policy", "b1")
    assert fault.evidence == "filter FORWARD: policy DROP"


def test_a_source_host_without_our_rules_loses_the_untracked_answers() -> None:
    fault = explain(lost("a1", "b1"), sight(FakeView(), a1=kernel(A1, ours="")))
    assert (fault.cause, fault.where) == ("forward-policy", "a1")


def test_policy_accept_needs_no_rule_of_ours() -> None:
    look = kernel(B1, ours="", policy="ACCEPT")
    assert explain(lost("a1", "b1"), sight(FakeView(), b1=look)).cause == "unexplained"


def test_the_rule_for_the_vpc_is_missed_by_hosts_only() -> None:
    between = "-A DOCKER-USER -s 10.225.0.0/16 -d 10.225.0.0/16 -j ACCEPT\n"
    seen_there = sight(FakeView(), b1=kernel(B1, ours=between))
    assert explain(lost("a1", "b1", "host"), seen_there).cause == "forward-policy"
    assert explain(lost("a1", "b1"), seen_there).cause == "unexplained"


def test_the_raw_rule_of_newer_docker_comes_before_every_accept() -> None:
    raw = "-A PREROUTING -d 10.225.3.2/32 ! -i br-routed -j DROP\n"
    fault = explain(lost("a1", "b1"), sight(FakeView(), b1=kernel(B1, raw=raw)))
    assert (fault.cause, fault.where) == ("raw-rule", "b1")
    assert "-d 10.225.3.2/32 ! -i br-routed -j DROP" in fault.evidence


def test_a_drop_rule_is_told_from_a_policy() -> None:
    fault = explain(
        lost("a1", "b1"),
        sight(FakeView(), b1=kernel(B1, ours="-A DOCKER-USER -s 10.225.1.0/24 -j DROP\n")),
    )
    assert (fault.cause, fault.where) == ("forward-rule", "b1")


def test_a_host_that_does_not_forward_is_named() -> None:
    look = replace(kernel(B1), forwarding=False)
    assert explain(lost("a1", "b1"), sight(FakeView(), b1=look)).cause == "forwarding-off"


def test_a_bridge_with_another_subnet_is_named() -> None:
    default = (IPv4Network("0.0.0.0/0"), "eth0")
    look = replace(kernel(B1), routes=(default,))
    fault = explain(lost("a1", "b1"), sight(FakeView(), b1=look))
    assert (fault.cause, fault.where) == ("no-bridge", "b1")


def test_untracked_packets_without_a_masquerade_never_reach_a_published_port() -> None:
    fault = explain(
        lost("a1", "a2", kind="published"), sight(FakeView(), a1=kernel(A1, masquerade=""))
    )
    assert (fault.cause, fault.where) == ("no-masquerade", "a1")
    assert "NOTRACK" in fault.evidence


def test_a_lost_outside_is_explained_by_the_missing_masquerade() -> None:
    outcome = lost("a1", "outside", kind="outside")
    assert explain(outcome, sight(a1=kernel(A1, masquerade=""))).cause == "no-masquerade"
    assert explain(outcome, sight()).cause == "unexplained"


def test_the_default_bridges_own_masquerade_is_looked_at_too() -> None:
    outcome = lost("a1", "outside", "bridge", "outside")
    assert explain(outcome, sight()).where == "between a and outside"


def test_the_host_that_translates_containers_is_named_with_its_rule() -> None:
    everything = "-A POSTROUTING -s {range} ! -d {range} -j MASQUERADE\n"
    outcome = seen(check("a1", "b1"), "10.95.1.11")
    fault = explain(outcome, sight(a1=kernel(A1, masquerade=everything)))
    assert (fault.cause, fault.where) == ("source-translated", "a1")
    assert "arrived from 10.95.1.11; nat: -A POSTROUTING" in fault.evidence


def test_a_translation_that_neither_host_made_is_told() -> None:
    fault = explain(seen(check("a1", "b1"), "192.0.2.1"), sight(FakeView()))
    assert (fault.cause, fault.where) == ("source-translated", "between a and b")


def test_a_published_port_that_sees_the_container_lacks_the_masquerade() -> None:
    outcome = seen(check("a1", "a2", kind="published"), "10.225.1.2")
    fault = explain(outcome, sight(a1=kernel(A1, masquerade="")))
    assert fault.cause == "no-masquerade"


@pytest.mark.parametrize("word", ["small", "stalled"])
def test_lost_large_packets_have_a_cause_of_their_own(word: str) -> None:
    outcome = Outcome(check=check("a1", "b1", kind="mtu"), word=word, detail="1500")
    assert explain(outcome, sight(FakeView())).cause == "large-packets-lost"


def test_a_probe_that_could_not_be_asked_is_no_fault_of_the_network() -> None:
    outcome = Outcome(check=check("a1", "b1"), word="unasked", detail="no such container")
    fault = explain(outcome, sight(FakeView(checked={"b1"})))
    assert (fault.cause, fault.where) == ("probe-broken", "a1")


def test_a_cloud_that_does_not_answer_is_told_and_the_search_goes_on() -> None:
    class Broken(FakeView):
        def entry(self, zone: str, address: IPv4Address) -> Entry | None:
            raise LabError(where="lab", what="state cannot be read", hint="look")

    fault = explain(lost("a1", "b1"), sight(Broken()))
    assert fault.cause == "unexplained"
    assert "state cannot be read" in fault.what
    behind = explain(lost("a1", "b1"), sight(Broken(), b1=kernel(B1, ours="")))
    assert behind.cause == "forward-policy"


def test_one_fault_is_reported_once_with_all_pairs_it_explains() -> None:
    view = FakeView(entries={("a", "b1"): None})
    outcomes = [lost(s, t) for s, t in [("a1", "b1"), ("a2", "b1"), ("b1", "a1"), ("b1", "a2")]]
    failures = group(diagnose(outcomes, sight(view)))
    assert [failure.fault.cause for failure in failures] == ["route-missing"]
    assert failures[0].pairs == (("a1", "b1"), ("a2", "b1"), ("b1", "a1"), ("b1", "a2"))
    assert failures[0].checks == ("container -> container, TCP 81",)


def test_what_explains_most_comes_first() -> None:
    def fault(where: str) -> Fault:
        return Fault(cause="host-down", where=where, what="w", hint="h")

    found = [(fault("a1"), ("a1", "b1"), "x")]
    found += [(fault("b1"), pair, "x") for pair in [("a1", "b1"), ("a2", "b1")]]
    assert [failure.fault.where for failure in group(found)] == ["b1", "a1"]


def test_a_cloud_is_asked_each_thing_once() -> None:
    view = FakeView()
    everywhere = sight(view)
    remembered = replace(everywhere, view=Remembered(view))
    for _ in range(3):
        explain(lost("a1", "b1"), remembered)
    assert len(view.asked) == len(set(view.asked)) == 2


def test_a_healthy_kernel_is_read_as_one() -> None:
    look = kernel(B1)
    assert look.device(TARGETS["b1"].containers[2]) == "br-routed"
    assert look.uplink == "eth0"
    assert look.on("docker0") == IPv4Address("172.30.0.2")
    assert look.on("br-other") is None


def test_a_look_without_routes_is_read_as_one_without_bridges() -> None:
    look = Look.parse("== ip_forward\n0\n== iptables\n== routes\nnot json\n== rules\nno rules\n")
    assert (look.forwarding, look.routes, look.complaint) == (False, (), "no rules")
    assert look.device(IPv4Address("10.225.3.2")) == ""


RECORDED = Path(__file__).parent.parent / "support" / "recorded_hosts"


@pytest.mark.parametrize(
    ("version", "host", "cause", "evidence"),
    [
        ("26", TARGETS["a2"], "forward-policy", "filter FORWARD: policy DROP"),
        ("28", TARGETS["a1"], "raw-rule", "-d 10.225.1.2/32 ! -i br-di2yqx35bk9d -j DROP"),
    ],
)
def test_a_host_recorded_without_our_rules_shows_the_cause_of_its_docker(
    version: str, host: Target, cause: str, evidence: str
) -> None:
    look = Look.parse((RECORDED / f"docker-{version}-naive.txt").read_text())
    fault = explain(lost("b1", host.name), sight(FakeView(), **{host.name: look}))
    assert (fault.cause, fault.where) == (cause, host.name)
    assert evidence in fault.evidence
    assert "no /usr/local/sbin/fairway-rules on this host" in fault.evidence
