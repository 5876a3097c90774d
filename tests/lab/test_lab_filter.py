from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lab.model import Drops, Machine, Rule, SecurityGroup
from tests.support.bare_lab import OPEN, Town, net, town

SSH = 7022


@pytest.fixture(scope="module")
def pair() -> Iterator[Town]:
    with town("t2g", "a1", "b1", "c1") as made:
        yield made


def change(town: Town, host: str, **news: object) -> None:
    held = town.lab.get(Machine, host)
    assert held is not None
    town.lab.put(replace(held.spec, **news))  # type: ignore[arg-type]


def drops(town: Town, host: str) -> Drops:
    return town.lab.counters()[host]


def test_the_check_at_the_sender_counts_packets_with_a_foreign_source(pair: Town) -> None:
    change(pair, "a1", source_dest_check=True)
    try:
        assert not pair.reaches("a1.c", "b1.c")
        assert pair.reaches("a1", "b1")
        assert drops(pair, "a1").source > 0
        assert drops(pair, "b1") == Drops()
    finally:
        change(pair, "a1", source_dest_check=False)


def test_the_check_at_the_receiver_counts_packets_with_a_foreign_destination(pair: Town) -> None:
    change(pair, "b1", source_dest_check=True)
    try:
        assert not pair.reaches("a1.c", "b1.c")
        assert drops(pair, "b1").destination > 0
        assert drops(pair, "a1") == Drops()
    finally:
        change(pair, "b1", source_dest_check=False)
    assert pair.reaches("a1.c", "b1.c")


def test_a_group_as_source_admits_its_members_and_not_their_containers(pair: Town) -> None:
    rule = Rule(direction="in", source="members", protocol="tcp", ports=(SSH, SSH))
    pair.lab.put(SecurityGroup(name="members", rules=(rule,)))
    change(pair, "b1", groups=("members",))
    try:
        assert not pair.reaches("a1", "b1", SSH)  # no member yet
        change(pair, "a1", groups=("members",))
        assert pair.reaches("a1", "b1", SSH)
        assert not pair.reaches("a1", "b1", SSH + 1)
        assert not pair.reaches("a1.c", "b1", SSH)
        assert not pair.reaches("c1", "b1", SSH)
        assert drops(pair, "b1").group_in > 0
    finally:
        for host in ("a1", "b1"):
            change(pair, host, groups=("open",))
        pair.lab.delete(SecurityGroup, "members")


def test_a_cidr_as_source_admits_containers(pair: Town) -> None:
    rule = Rule(direction="in", source=net("10.222.0.0/17"), protocol="tcp")
    pair.lab.put(SecurityGroup(name="routed", rules=(rule,)))
    change(pair, "b1", groups=("routed",))
    try:
        assert pair.reaches("a1.c", "b1.c")
        assert not pair.reaches("a1", "b1.c")
    finally:
        change(pair, "b1", groups=("open",))
        pair.lab.delete(SecurityGroup, "routed")


def test_answers_pass_where_nothing_may_come_in(pair: Town) -> None:
    change(pair, "a1", groups=())
    try:
        assert pair.reaches("a1", "b1")
        assert not pair.reaches("b1", "a1")
    finally:
        change(pair, "a1", groups=("open",))


def test_a_rule_out_closes_the_other_ways_out_and_counts_what_it_stops(pair: Town) -> None:
    only = Rule(direction="out", source=net(f"{pair.address('b1')}/32"))
    pair.lab.put(SecurityGroup(name="narrow", rules=(OPEN, only)))
    change(pair, "a1", groups=("narrow",))
    try:
        assert pair.reaches("a1", "b1")
        assert not pair.reaches("a1", "c1")
        assert drops(pair, "a1").group_out > 0
        assert pair.reaches("c1", "a1")
    finally:
        change(pair, "a1", groups=("open",))
        pair.lab.delete(SecurityGroup, "narrow")


def test_a_changed_rule_takes_effect_at_once(pair: Town) -> None:
    closed = SecurityGroup(name="open")
    pair.lab.put(closed)
    try:
        assert not pair.reaches("a1", "b1")
    finally:
        pair.lab.put(replace(closed, rules=(OPEN,)))
    assert pair.reaches("a1", "b1")
