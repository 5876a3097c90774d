"""The first wrong entry in one sentence, and what is not as planned though nobody felt it."""

from __future__ import annotations

import json

import pytest

from components.clouds import rules
from components.verify.model import OWN_GROUP, Deviation, Failure, Fault
from components.verify.report import Line, Report

HOSTS = "a1 b1 b2 b3 c1 c2"
ENTRY = Fault(
    cause="route-missing",
    where="route table rtb-1 (zone c)",
    what="no entry for 10.200.18.0/24, the containers of b2",
    hint="run `pulumi up --refresh`",
    about="b2",
    short="table rtb-1 of zone c has no entry",
)
FROM_C = (("c1", "b2"), ("c2", "b2"), ("b2", "c1"), ("b2", "c2"))
FOREIGN = Deviation(
    kind="foreign-entry",
    where="route table rtb-1 (zone c)",
    found="rtb-1: 10.200.255.0/24 -> eni-1 (active)",
    wanted="nothing in 10.200.0.0/16 but the hosts' own entries",
    repair="delete it by hand",
)


def report(
    *failures: Failure,
    drift: tuple[Deviation, ...] = (),
    hosts: str = HOSTS,
    silent: str = "",
    unseen: str = "",
) -> Report:
    lines = [
        Line(
            name=name,
            zone=name[0],
            container="" if name == silent else "10.200.9.2",
            containers="10.200.18.0/24",
        )
        for name in hosts.split()
    ]
    return Report(
        environment="prod",
        hosts=tuple(lines),
        checks=9,
        failures=failures,
        notes=(),
        timings={},
        drift=drift,
        unseen=unseen,
    )


def failure(fault: Fault, *pairs: tuple[str, str]) -> Failure:
    return Failure(fault=fault, pairs=pairs, checks=("ping",))


def test_the_first_wrong_entry_is_named_with_who_reaches_the_host_and_who_does_not() -> None:
    assert report(failure(ENTRY, *FROM_C)).first == (
        "b2 (10.200.18.0/24): table rtb-1 of zone c has no entry; "
        "a1, b1, b2, b3 reach it, c1, c2 do not."
    )


def test_the_sentence_is_the_second_line_of_the_text_and_in_the_json() -> None:
    one = report(failure(ENTRY, *FROM_C))
    assert one.text().splitlines()[1] == one.first
    assert json.loads(json.dumps(one.to_dict()))["first"] == one.first


def test_a_host_that_nobody_reaches_is_said_to_be() -> None:
    down = Fault(cause="host-down", where="b1", what="this host does not answer", hint="up")
    others = [name for name in HOSTS.split() if name != "b1"]
    pairs = [(name, "b1") for name in others]
    told = report(failure(down, *pairs), silent="b1").first
    assert told == "b1 (10.200.18.0/24): this host does not answer; nobody reaches it."


def test_one_host_reaches_and_several_do_not_in_good_grammar() -> None:
    told = report(failure(ENTRY, *((n, "b2") for n in ("a1", "b3", "c1", "c2", "b1")))).first
    assert told.endswith("; b2 reaches it, a1, b1, b3, c1, c2 do not.")


def test_a_fault_about_no_host_is_told_by_its_place() -> None:
    fault = Fault(cause="large-packets-lost", where="between a and b", what="lost", hint="mtu")
    assert report(failure(fault, ("a1", "b1"))).first == "between a and b: lost."


def test_a_host_that_is_reached_and_does_not_reach_out_is_told_so() -> None:
    fault = Fault(cause="no-masquerade", where="a1", what="nothing masquerades", hint="repair")
    told = report(failure(fault, ("a1", "b1"), ("a1", "outside"))).first
    assert told == (
        "a1 (10.200.18.0/24): nothing masquerades; every host reaches it, "
        "it does not reach b1, outside."
    )


def test_of_many_hosts_whole_zones_are_named() -> None:
    names = " ".join(f"{zone}{number}" for zone in "abc" for number in range(1, 6))
    pairs = [(f"c{number}", "b2") for number in range(1, 6)] + [("a3", "b2")]
    told = report(failure(ENTRY, *pairs), hosts=names).first
    assert told.endswith("; a1, a2, a4, a5, all of zone b reach it, a3, all of zone c do not.")


def test_what_nobody_felt_is_told_with_what_is_wanted_and_what_repairs_it() -> None:
    one = report(drift=(FOREIGN,))
    text = one.text()
    assert text.splitlines()[0] == (
        "prod: 6 hosts in 3 zones: every container reaches every other (9 checks); "
        "not as planned: 1 thing"
    )
    assert "-  route table rtb-1 (zone c): rtb-1: 10.200.255.0/24 -> eni-1 (active)" in text
    assert "   wanted: nothing in 10.200.0.0/16" in text
    assert "   repair: delete it by hand" in text
    assert (one.ok, one.exit_code, one.error()) == (False, 3, None)


def test_what_explains_a_failure_is_not_told_twice() -> None:
    same = Deviation(
        kind="route-missing",
        where=ENTRY.where,
        found="no entry",
        wanted="10.200.18.0/24 -> b2",
        repair="up",
        about="b2",
    )
    one = report(failure(ENTRY, *FROM_C), drift=(same, FOREIGN))
    assert one.unfelt == (FOREIGN,)
    assert len(one.to_dict()["drift"]) == 2


def test_a_cloud_that_could_not_be_compared_is_told_and_is_no_success() -> None:
    one = report(unseen="AWS eu-central-1: no credentials")
    assert "note: the cloud was not compared with the plan: AWS eu-central-1" in one.text()
    assert (one.ok, one.exit_code) == (True, 1)


def test_a_report_with_drift_survives_the_way_through_json() -> None:
    one = report(failure(ENTRY, *FROM_C), drift=(FOREIGN,), unseen="no answer")
    assert Report.from_dict(json.loads(json.dumps(one.to_dict()))) == one


@pytest.mark.parametrize("gone", ["drift", "unseen", "first"])
def test_a_report_of_an_earlier_version_is_read(gone: str) -> None:
    old = report().to_dict()
    del old[gone]
    assert Report.from_dict(old) == report()


def test_the_hosts_own_group_has_one_name_in_rules_and_in_views() -> None:
    assert rules.MEMBERS == OWN_GROUP
