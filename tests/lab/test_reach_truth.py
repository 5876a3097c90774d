"""Reachability on paper against the truth: random defects, and what packets really do.

The router, its tables, checks and groups are the lab's own; hosts are bare namespaces, so that
many networks can be tried. Where paper and packets differ, one of the two is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from components.reach import Host, Rule, World
from lab.model import Machine, Route, RouteTable, SecurityGroup, VSwitch
from tests.support.bare_lab import ANY, Town, lab_rule, town
from tests.support.truth import PORT, hold_against_packets, tries

HOSTS = ("a1", "b1", "c1")
ENDS = (*HOSTS, *(f"{host}.c" for host in HOSTS))
PAIRS = [pair for pair in permutations(ENDS, 2) if pair[0][:2] != pair[1][:2]]


@dataclass(frozen=True)
class Defects:
    """What is wrong: entries that lack or lead astray, checks, groups, tables, machines."""

    missing: frozenset[tuple[str, str]] = frozenset()  # table, host
    astray: tuple[tuple[str, str, str], ...] = ()  # table, host, the hop instead
    checked: frozenset[str] = frozenset()
    closed: tuple[tuple[str, str], ...] = ()  # host, the name of its group
    moved: tuple[tuple[str, str], ...] = ()  # zone, the table of another
    down: frozenset[str] = frozenset()


def groups(made: Town) -> dict[str, tuple[Rule, ...]]:
    """Groups that let in nothing, members only, the container range only, or one other port."""
    everywhere = Rule(direction="in", peer=ANY)
    return {
        "open": (everywhere,),
        "shut": (),
        "members": (Rule(direction="in", peer="open"),),
        "range": (Rule(direction="in", peer=made.containers),),
        "port": (Rule(direction="in", peer=ANY, protocol="tcp", ports=(1, PORT - 1)),),
        "silent": (everywhere, Rule(direction="out", peer=made.containers)),
    }


hosts = st.sampled_from(HOSTS)
zones = st.sampled_from("abc")
defects = st.builds(
    Defects,
    missing=st.frozensets(st.tuples(zones, hosts), max_size=2),
    astray=st.lists(st.tuples(zones, hosts, hosts), max_size=1).map(tuple),
    checked=st.frozensets(hosts, max_size=1),
    closed=st.lists(
        st.tuples(hosts, st.sampled_from(["shut", "members", "range", "port", "silent"])),
        max_size=1,
    ).map(tuple),
    moved=st.lists(st.tuples(zones, zones), max_size=1).map(tuple),
    down=st.frozensets(hosts, max_size=1),
)


def on_paper(made: Town, wrong: Defects) -> World:
    """The town with its defects, as the model has it."""
    hop = {(table, host): to for table, host, to in wrong.astray}
    tables = {
        table: {
            made.cidr(host): hop.get((table, host), host)
            for host in HOSTS
            if (table, host) not in wrong.missing
        }
        for table in "abc"
    }
    group = dict(wrong.closed)
    standing = {
        name: Host(
            name=name,
            zone=name[0],
            address=made.address(name),
            containers=made.cidr(name),
            groups=(group.get(name, "open"),),
            source_dest_check=name in wrong.checked,
            running=name not in wrong.down,
        )
        for name in HOSTS
    }
    return World(
        hosts=standing,
        tables=tables,
        associations={**dict(zip("abc", "abc", strict=True)), **dict(wrong.moved)},
        groups=groups(made),
    )


def build(made: Town, wrong: Defects) -> None:
    """Bring the lab to the town with these defects, from whatever it was before."""
    lab, group, hop = made.lab, dict(wrong.closed), {(t, h): to for t, h, to in wrong.astray}
    lab.restore_all()
    for zone in "abc":
        table = dict(wrong.moved).get(zone, zone)
        lab.put(VSwitch(name=zone, zone=zone, cidr=made.subnet(zone), table=table))
    for host in HOSTS:
        held = replace(made.machine(host), groups=(group.get(host, "open"),))
        lab.put(replace(held, source_dest_check=host in wrong.checked))
        made.container(host)
        for table in "abc":
            aim = lab.get(Machine, hop.get((table, host), host))
            assert aim is not None
            entry = Route(table=table, destination=made.cidr(host), machine_id=aim.status.id)
            if (table, host) in wrong.missing:
                if lab.get(Route, entry.name):
                    lab.delete(Route, entry.name)
            else:
                lab.put(entry)
    for host in wrong.down:
        lab.fail_machine(host)


@pytest.fixture(scope="module")
def built() -> Iterator[Town]:
    with town("t20", *HOSTS) as made:
        for name, rules in groups(made).items():
            made.lab.put(SecurityGroup(name=name, rules=tuple(map(lab_rule, rules))))
        made.lab.put(RouteTable(name="a"))
        yield made


@tries(14)
@given(wrong=defects, chosen=st.lists(st.sampled_from(PAIRS), min_size=5, max_size=5, unique=True))
@example(wrong=Defects(), chosen=PAIRS)
@example(wrong=Defects(astray=(("a", "b1", "c1"),)), chosen=[("a1.c", "b1.c"), ("b1", "a1.c")])
@example(wrong=Defects(closed=(("b1", "members"),)), chosen=[("a1", "b1.c"), ("a1.c", "b1.c")])
@example(wrong=Defects(moved=(("a", "b"),), missing=frozenset({("b", "c1")})), chosen=PAIRS)
def test_paper_and_packets_agree_whatever_is_wrong(
    built: Town, wrong: Defects, chosen: list[Any]
) -> None:
    build(built, wrong)

    hold_against_packets(built, on_paper(built, wrong), chosen)
