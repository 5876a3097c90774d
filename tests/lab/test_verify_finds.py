"""Verify against real machines in two zones: proven when all is well, and told why when not."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest

from components.verify import Failure, Report
from components.verify.scripts import LIFETIME
from lab.model import Machine, Route
from tests.support.verify_town import FROM_COMPUTER, FROM_CONTAINERS, INSIDE, ZONES, Town, town

HOSTS = ("a1", "a2", "b1")
FROM_B1 = {("b1", "a1"), ("b1", "a2")}
TO_B1 = {("a1", "b1"), ("a2", "b1")}


@pytest.fixture(scope="module")
def t5() -> Iterator[Town]:
    with town("t5v", *HOSTS) as built:
        yield built


def only(report: Report) -> Failure:
    """The one cause that explains everything; more or fewer fail the test with the report."""
    assert len(report.failures) == 1, report.text()
    return report.failures[0]


def pairs(failure: Failure) -> set[tuple[str, str]]:
    return set(failure.pairs)


@contextmanager
def on(t5: Town, host: str, broken: str, mended: str) -> Iterator[None]:
    """Break something on a host by a shell text, and mend it afterwards."""
    t5.run(host, broken)
    try:
        yield
    finally:
        t5.run(host, mended)


def left_over(t5: Town) -> str:
    services = t5.run("a1", "docker service ls -q --filter label=fairway.verify")
    probe = "docker ps -aq --filter label=fairway.verify.run"
    port = "ip -o link show type veth | grep ': fairway' || true"
    return services + "".join(t5.run(host, f"{probe}; {port}") for host in HOSTS)


def test_a_healthy_network_is_proven_and_nothing_stays(t5: Town) -> None:
    report = t5.verify()
    assert report.ok, report.text()
    assert report.notes == ()
    assert left_over(t5) == ""


def test_the_image_is_sent_once_and_is_the_same_everywhere(t5: Town) -> None:
    t5.verify()
    with ThreadPoolExecutor() as pool:
        ids = pool.map(
            lambda host: t5.run(host, "docker images -q --no-trunc fairway-probe"), HOSTS
        )
    assert len(set(ids)) == 1


def test_a_route_missing_in_one_zones_table_names_table_and_entry(t5: Town) -> None:
    entry = t5.route("table-b", "a1")
    t5.lab.delete(Route, entry.name)
    try:
        found = only(t5.verify())
    finally:
        t5.lab.put(entry)
    assert (found.fault.cause, found.fault.where) == (
        "route-missing",
        "route table table-b (zone b)",
    )
    assert str(entry.destination) in found.fault.what
    assert pairs(found) == {("a1", "b1"), ("b1", "a1")}


def test_a_wrong_next_hop_names_the_machine_it_points_at(t5: Town) -> None:
    t5.lab.put(t5.route("table-a", "b1", through="a2"))
    try:
        found = only(t5.verify())
    finally:
        t5.lab.put(t5.route("table-a", "b1"))
    assert (found.fault.cause, found.fault.where) == (
        "route-wrong-hop",
        "route table table-a (zone a)",
    )
    assert "points at a2, not b1" in found.fault.what


def test_an_entry_of_a_machine_that_is_gone_is_a_black_hole(t5: Town) -> None:
    spare = replace(t5.machine("a2"), name="a9", address=ZONES["a"].subnet[19], user_data="")
    t5.lab.put(spare)
    t5.lab.put(t5.route("table-a", "b1", through="a9"))
    try:
        t5.lab.delete(Machine, "a9")
        found = only(t5.verify())
    finally:
        t5.lab.put(t5.route("table-a", "b1"))
    assert found.fault.cause == "black-hole"
    assert "it does not point at the machine that is b1 now" in found.fault.what


def test_a_source_destination_check_left_on_names_the_machine(t5: Town) -> None:
    t5.lab.put(t5.machine("b1", check=True))
    try:
        found = only(t5.verify())
    finally:
        t5.lab.put(t5.machine("b1"))
    assert (found.fault.cause, found.fault.where) == ("source-dest-check", "b1")
    assert pairs(found) == FROM_B1 | TO_B1


def test_a_security_group_without_the_container_range_is_told_with_its_rules(t5: Town) -> None:
    t5.group(INSIDE, FROM_COMPUTER)
    try:
        report = t5.verify()
    finally:
        t5.group(INSIDE, FROM_CONTAINERS, FROM_COMPUTER)
    assert {failure.fault.cause for failure in report.failures} == {"security-group"}, report.text()
    wheres = {failure.fault.where for failure in report.failures}
    assert wheres == {f"security groups of {host}" for host in HOSTS}
    assert "in any hosts" in report.failures[0].fault.evidence
    assert all(failure.checks[0].startswith("container") for failure in report.failures)


def test_flushed_rules_under_a_forward_policy_of_drop_name_the_host(t5: Town) -> None:
    with on(
        t5,
        "b1",
        "iptables -F DOCKER-USER; iptables -P FORWARD DROP",
        "iptables -P FORWARD ACCEPT; fairway-rules apply",
    ):
        found = only(t5.verify())
    assert (found.fault.cause, found.fault.where) == ("forward-policy", "b1")
    assert "accept container range to container range" in found.fault.evidence
    assert pairs(found) == FROM_B1 | TO_B1


def test_untracked_packets_without_the_masquerade_name_the_host(t5: Town) -> None:
    rule = "POSTROUTING -s 10.225.1.0/24 ! -d 10.225.0.0/16 -j MASQUERADE"
    with on(t5, "a1", f"iptables -t nat -D {rule}", "fairway-rules apply"):
        found = only(t5.verify())
    assert (found.fault.cause, found.fault.where) == ("no-masquerade", "a1")
    # The computer has a way back to the containers, so only the published port shows it here.
    assert "container -> published port" in found.checks
    assert "CT --notrack" in found.fault.evidence


def test_a_host_that_translates_its_containers_is_named_with_the_rule(t5: Town) -> None:
    rule = "POSTROUTING -s 10.225.1.0/24 ! -o docker0 -j MASQUERADE"
    with on(
        t5,
        "a1",
        f"iptables -t raw -F; iptables -t nat -I {rule}",
        f"iptables -t nat -D {rule}; fairway-rules apply",
    ):
        found = only(t5.verify())
    assert (found.fault.cause, found.fault.where) == ("source-translated", "a1")
    assert "10.225.1.0/24 ! -o docker0 -j MASQUERADE" in found.fault.evidence
    assert pairs(found) == {("a1", "a2"), ("a1", "b1")}


def now(t5: Town, host: str) -> str:
    return t5.run(host, "date +%s.%N")


def docker0_containers(t5: Town, host: str, since: str) -> int:
    """How many containers the host has put on docker0 since then."""
    made = f"docker events --since {since} --until {now(t5, host)}"
    put = t5.run(host, f"{made} --filter event=connect --filter network=bridge --format x")
    return len(put.split())


def test_what_docker0_loses_is_believed_only_from_a_container_on_it(t5: Town) -> None:
    begin = now(t5, "a1")
    rule = "DOCKER-USER -i docker0 -j DROP"
    with on(t5, "a1", f"iptables -I {rule}", f"iptables -D {rule}"):
        report = t5.verify()
    checks = {check for failure in report.failures for check in failure.checks}
    assert checks == {"docker0 container -> published port", "docker0 container -> outside"}
    assert docker0_containers(t5, "a1", begin) == 1
    assert left_over(t5) == ""


def test_a_question_that_a_busy_host_left_unanswered_is_asked_again(t5: Town) -> None:
    ends = f"-s {t5.slots['a1'].containers} -d {t5.slots['b1'].containers}"
    # The first try's three packets, at 0, 1 and 3 s.
    rule = f"FORWARD {ends} -p tcp --syn --dport 81 -m quota --quota 180 -j DROP"
    packets = "iptables -t mangle -L FORWARD -nvx | awk '/quota/ {print $1}'"
    with on(t5, "b1", f"iptables -t mangle -I {rule}", f"iptables -t mangle -D {rule}"):
        report = t5.verify()
        lost = int(t5.run("b1", packets))
    assert report.ok, report.text()
    assert lost >= 2


def test_a_host_that_cannot_plug_into_docker0_asks_from_a_container(t5: Town) -> None:
    begin = {host: now(t5, host) for host in HOSTS}
    with on(t5, "a2", "mv /usr/bin/unshare /root/", "mv /root/unshare /usr/bin/"):
        report = t5.verify()
    assert report.ok, report.text()
    made = {host for host in HOSTS if docker0_containers(t5, host, begin[host])}
    assert made == {"a2"}


def test_a_host_that_stopped_forwarding_is_named(t5: Town) -> None:
    switch = "sysctl -qw net.ipv4.ip_forward="
    with on(t5, "a2", f"{switch}0", f"{switch}1"):
        report = t5.verify()
    assert {failure.fault.cause for failure in report.failures} == {"forwarding-off"}, report.text()
    assert {failure.fault.where for failure in report.failures} == {"a2"}


def test_large_packets_lost_on_the_way_are_told_from_small_ones(t5: Town) -> None:
    drop = "FORWARD -m length --length 1400:65535 -j DROP"
    with on(t5, "b1", f"iptables -t mangle -I {drop}", f"iptables -t mangle -D {drop}"):
        found = only(t5.verify())
    assert (found.fault.cause, found.fault.where) == ("large-packets-lost", "between a and b")


def test_a_drained_node_runs_no_probe_and_says_how_to_bring_it_back(t5: Town) -> None:
    availability = "docker node update --availability"
    until = f"until {availability} {{}} b1; do sleep 1; done"  # no other change may come between
    with on(t5, "a1", until.format("drain"), until.format("active")):
        found = only(t5.verify())
    assert found.fault.cause == "task-not-running"
    assert "Ready, Drain" in found.fault.evidence
    assert pairs(found) == FROM_B1 | TO_B1


def test_what_an_interrupted_run_left_is_removed_and_a_young_run_is_not(t5: Town) -> None:
    make = (
        "docker service create --detach --quiet --no-resolve-image --replicas 0 --name {name} "
        "--label fairway.verify=$(($(date +%s) - {age})) "
        "$(docker images -q --no-trunc fairway-probe | head -n 1)"
    )
    t5.run("a1", make.format(name="old", age=LIFETIME + 5))
    t5.run("a1", make.format(name="young", age=5))
    try:
        assert t5.verify().ok
        names = t5.run("a1", "docker service ls --format '{{.Name}}'")
    finally:
        t5.run("a1", "docker service rm young")
    assert names == "young"


def test_a_machine_that_stopped_is_named_with_its_state(t5: Town) -> None:
    t5.lab.fail_machine("b1")
    try:
        found = only(t5.verify())
    finally:
        t5.lab.restore_machine("b1")
        t5.sessions.drop(t5.endpoint("b1"))
    assert (found.fault.cause, found.fault.where) == ("host-down", "b1")
    assert "its machine is failed" in found.fault.evidence
    assert pairs(found) == FROM_B1 | TO_B1
    held = t5.lab.get(Machine, "b1")
    assert held is not None
    assert held.status.state == "running"
