"""Reachability by prefixes on paper against the truth, as test_reach_truth.py does for tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network
from itertools import permutations
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from components.reach import Host, Rule, World
from lab import names
from lab.model import Prefixes, SecurityGroup
from tests.support.bare_lab import ANY, Town, lab_rule, net
from tests.support.truth import PORT, hold_against_packets, tries

LAB: Final = "t32"
RANGES: Final = {
    "a1": net("10.92.1.128/27"),
    "a2": net("10.92.1.160/27"),
    "b1": net("10.92.2.128/27"),
}
# A host, or its container in the first or the second of its two prefixes.
ENDS: Final = tuple(f"{host}{part}" for host in RANGES for part in ("", ".0", ".1"))
PAIRS: Final = [pair for pair in permutations(ENDS, 2) if pair[0][:2] != pair[1][:2]]
GROUPS: Final = {
    "open": (Rule(direction="in", peer=ANY),),
    "shut": (),
    "range": (Rule(direction="in", peer=net("10.92.1.128/25")),),
    "port": (Rule(direction="in", peer=ANY, protocol="tcp", ports=(1, PORT - 1)),),
}


class Prefixed(Town):
    """A town whose ends are hosts, `a1`, and a container in each of their prefixes, `a1.0`."""

    def where(self, end: str) -> tuple[str, IPv4Address]:
        host, _, which = end.partition(".")
        address = RANGES[host][2 + 16 * int(which)] if which else self.address(host)
        return names.namespace(self.name, host), address


@dataclass(frozen=True)
class Defects:
    """What is wrong: prefixes that lack or are another's, checks that are off, groups, machines."""

    missing: frozenset[tuple[str, int]] = frozenset()  # host, which of its two
    astray: tuple[tuple[str, int, str], ...] = ()  # host, which of its two, who has it instead
    unchecked: frozenset[str] = frozenset()
    closed: tuple[tuple[str, str], ...] = ()  # host, the name of its group
    down: frozenset[str] = frozenset()

    @property
    def given(self) -> dict[IPv4Network, str]:
        """Who has each prefix."""
        others = {(host, which): to for host, which, to in self.astray}
        return {
            prefix: others.get((host, which), host)
            for host, inner in RANGES.items()
            for which, prefix in enumerate(inner.subnets(new_prefix=28))
            if (host, which) not in self.missing
        }


hosts = st.sampled_from(sorted(RANGES))
halves = st.sampled_from([0, 1])
defects = st.builds(
    Defects,
    missing=st.frozensets(st.tuples(hosts, halves), max_size=2),
    # An interface is given parts of its own subnet alone, by AWS and by the lab.
    astray=st.lists(
        st.one_of(
            st.tuples(st.just("a1"), halves, st.just("a2")),
            st.tuples(st.just("a2"), halves, st.just("a1")),
        ),
        max_size=1,
    ).map(tuple),
    unchecked=st.frozensets(hosts, max_size=2),
    closed=st.lists(st.tuples(hosts, st.sampled_from(["shut", "range", "port"])), max_size=1).map(
        tuple
    ),
    down=st.frozensets(hosts, max_size=1),
)


def on_paper(made: Town, wrong: Defects) -> World:
    """The town with its defects, as the model has it."""
    group = dict(wrong.closed)
    standing = {
        name: Host(
            name=name,
            zone=name[0],
            address=made.address(name),
            containers=inner,
            groups=(group.get(name, "open"),),
            source_dest_check=name not in wrong.unchecked,
            running=name not in wrong.down,
        )
        for name, inner in RANGES.items()
    }
    return World(
        hosts=standing,
        tables={"a": {}, "b": {}},
        associations={"a": "a", "b": "b"},
        groups=GROUPS,
        prefixes=wrong.given,
    )


def build(made: Town, wrong: Defects) -> None:
    """Bring the lab to the town with these defects, from whatever it was before."""
    lab, group = made.lab, dict(wrong.closed)
    lab.restore_all()
    # Nobody is given what another still has.
    for name in RANGES:
        lab.put(Prefixes(address=made.address(name), prefixes=()))
    for name in RANGES:
        own = tuple(prefix for prefix, holder in wrong.given.items() if holder == name)
        lab.put(Prefixes(address=made.address(name), prefixes=own))
        held = replace(made.machine(name), groups=(group.get(name, "open"),))
        lab.put(replace(held, source_dest_check=name not in wrong.unchecked))
        for which in ("0", "1"):
            made.container(name, made.where(f"{name}.{which}")[1])
    for name in wrong.down:
        lab.fail_machine(name)


@pytest.fixture(scope="module")
def built() -> Iterator[Town]:
    made = Prefixed(LAB)
    made.vpc = replace(made.vpc, containers=None)
    try:
        made.build(*RANGES, source_dest_check=True)
        for name, rules in GROUPS.items():
            made.lab.put(SecurityGroup(name=name, rules=tuple(map(lab_rule, rules))))
        yield made
    finally:
        made.lab.sweep()


@tries(12)
@given(wrong=defects, chosen=st.lists(st.sampled_from(PAIRS), min_size=5, max_size=5, unique=True))
@example(wrong=Defects(), chosen=PAIRS)
@example(wrong=Defects(missing=frozenset({("b1", 1)})), chosen=PAIRS)
@example(
    wrong=Defects(missing=frozenset({("a1", 0)}), unchecked=frozenset({"a1"})),
    chosen=[("a1.0", "b1.0"), ("b1.0", "a1.0"), ("a1.1", "a2.0")],
)
@example(wrong=Defects(astray=(("a1", 0, "a2"),)), chosen=[("b1.0", "a1.0"), ("a1.0", "a2.0")])
@example(wrong=Defects(down=frozenset({"a2"})), chosen=[("a1.0", "a2.0"), ("a1.0", "b1.0")])
def test_paper_and_packets_agree_by_prefixes_whatever_is_wrong(
    built: Town, wrong: Defects, chosen: list[Any]
) -> None:
    build(built, wrong)

    hold_against_packets(built, on_paper(built, wrong), chosen)
