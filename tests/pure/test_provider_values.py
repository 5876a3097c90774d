"""Property maps on the wire, the table of fields, and the arithmetic of a replacement."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from components.config.keys import TOP
from components.config.schema import REQUIRED
from components.swarm.quorum import Quorum, replacement_fault
from provider import wire
from provider.schema import ADDRESS, CIDR, FLAG, NUMBER, TEXT, TEXTS, Field, Kind, faults
from tests.support.bench_project import ROOT
from tests.support.properties import patiently

plain = st.recursive(
    st.booleans() | st.integers(-(2**50), 2**50) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@patiently
@given(st.dictionaries(st.text(min_size=1), plain), st.data())
def test_values_come_back_from_the_wire_as_they_went_secrets_included(
    values: dict[str, Any], data: st.DataObject
) -> None:
    hidden = data.draw(st.sets(st.sampled_from(sorted(values)))) if values else set()

    back = wire.read(wire.write(values, hidden))

    assert back.values == values
    assert back.secrets == hidden


def test_a_secret_inside_a_list_marks_its_top_level_name() -> None:
    inner = wire.write({"x": "word"}, ["x"])
    struct = wire.write({"list": []})
    struct["list"].append(inner)

    assert wire.read(struct) == wire.Properties({"list": [{"x": "word"}]}, frozenset({"list"}))


def test_an_unknown_is_found_at_any_depth_and_travels_as_the_engines_mark() -> None:
    values = {"a": [{"b": wire.UNKNOWN}], "c": 1}

    back = wire.read(wire.write(values)).values

    assert back == values
    assert wire.has_unknown(back)
    assert not wire.has_unknown(back["c"])


FITS: list[tuple[Kind, Any, bool]] = [
    (TEXT, "a", True),
    (TEXT, "", False),
    (TEXT, 4, False),
    (FLAG, False, True),
    (FLAG, 0, False),
    (NUMBER, 0, True),
    (NUMBER, True, False),
    (NUMBER, 1.5, False),
    (CIDR, "10.0.0.0/8", True),
    (CIDR, "10.0.0.1/8", False),
    (CIDR, 10, False),
    (ADDRESS, "10.0.0.1", True),
    (ADDRESS, "10.0.0.256", False),
    (TEXTS, ["a"], True),
    (TEXTS, [1], False),
]


@pytest.mark.parametrize(("kind", "value", "fits"), FITS)
def test_a_kind_takes_its_own_values_only(kind: Kind, value: object, fits: bool) -> None:
    assert kind.fits(value) is fits


def test_a_secret_that_does_not_fit_is_not_shown() -> None:
    (error,) = faults("Node a1", {"seed": Field(kind=TEXT, secret=True)}, {"seed": 1234567})

    assert "1234567" not in str(error)
    assert str(error).startswith("Node a1: input 'seed' does not fit: found a secret")


def test_what_is_not_known_yet_is_not_judged() -> None:
    assert faults("Node a1", {"cidr": Field(kind=CIDR)}, {"cidr": wire.UNKNOWN}) == []


THREE = frozenset({"a1", "b1", "c1"})
REPLACED: list[tuple[set[str], set[str], str]] = [
    (set(THREE), {"a1", "b1", "c1"}, ""),
    ({"a1", "c1"}, {"a1", "b1"}, "a1 cannot be replaced"),
    ({"a1", "c1"}, {"b1"}, ""),
]


@pytest.mark.parametrize(("standing", "replaced", "refusal"), REPLACED)
def test_a_manager_is_replaced_only_where_the_others_are_a_majority(
    standing: set[str], replaced: set[str], refusal: str
) -> None:
    seen = Quorum(standing=frozenset(standing), silent=THREE - standing)

    assert refusal in str(replacement_fault(THREE, replaced, seen) or "")
    assert bool(refusal) == bool(replacement_fault(THREE, replaced, seen))


def test_a_lone_manager_is_not_replaced_while_it_holds_the_swarm() -> None:
    fault = replacement_fault({"a1"}, {"a1"}, Quorum(standing=frozenset({"a1"})))
    assert "the Swarm ends with its machine" in str(fault)
    assert "go to 3 managers first" in str(fault)
    assert replacement_fault({"a1"}, {"a1"}, Quorum(silent=frozenset({"a1"}))) is None


def test_the_schema_that_the_cli_checks_says_what_the_program_says() -> None:
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    for name, entry in declared.items():
        known = TOP.key(name)
        assert entry.get("default", REQUIRED) == known.default, name
