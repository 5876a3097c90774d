from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Any, cast

import pytest

from components.errors import LabError
from components.verify.lab_view import LabView
from components.verify.model import OWN_GROUP, Flow, GroupRule
from lab.lab import Lab
from lab.model import Entry, Held, Machine, RouteTable, Rule, SecurityGroup, Status, VSwitch

RANGE = IPv4Network("10.225.0.0/16")
GROUP_OF_HOSTS = Rule(direction="in", source="hosts", protocol="tcp", ports=(1, 1000))
CONTAINERS = Rule(direction="in", source=RANGE)


PREFIX = IPv4Network("10.95.1.128/28")


class FakeLab:
    """A lab of two machines in one zone, as its records and its kernel would show it."""

    name = "t5"

    def __init__(self, *rules: Rule, entry: Entry | None = None, check: bool = False) -> None:
        names = {"a1": "10.95.1.11", "a2": "10.95.1.12"}
        self._all: dict[type, list[Any]] = {
            SecurityGroup: [SecurityGroup(name="hosts", rules=rules)],
            VSwitch: [VSwitch(name="a", zone="z-a", cidr=RANGE, table="main")],
            RouteTable: [RouteTable(name="main"), RouteTable(name="table-a")],
            Machine: [
                Machine(
                    name=name,
                    vswitch="a",
                    address=IPv4Address(address),
                    groups=("hosts",),
                    source_dest_check=check,
                )
                for name, address in names.items()
            ],
        }
        self._entry = entry

    def all(self, kind: type) -> list[Held[Any]]:
        return [Held(spec, Status(id="x", state="running")) for spec in self._all[kind]]

    def get(self, kind: type, name: str) -> Held[Any] | None:
        return next((held for held in self.all(kind) if held.spec.name == name), None)

    def entries(self, table: str) -> tuple[Entry, ...]:
        return (self._entry,) if self._entry and table == "table-a" else ()

    def prefixes(self) -> dict[str, tuple[IPv4Network, ...]]:
        return {"a1": (PREFIX,), "a2": ()}

    def lookup(self, table: str, address: IPv4Address) -> Entry:
        assert self._entry is not None
        return self._entry


def view(*rules: Rule, entry: Entry | None = None, check: bool = False) -> LabView:
    return LabView(cast("Lab", FakeLab(*rules, entry=entry, check=check)))


def flow(direction: str, peer: str, port: int = 81) -> Flow:
    return Flow(direction=direction, peer=IPv4Address(peer), protocol="tcp", port=port)  # type: ignore[arg-type]


def test_a_group_as_source_lets_its_machines_in_and_not_their_containers() -> None:
    looked = view(GROUP_OF_HOSTS)
    assert looked.refusal("a1", flow("in", "10.95.1.12")) == ""
    refused = looked.refusal("a1", flow("in", "10.225.2.2"))
    assert refused == "tcp 81 from 10.225.2.2 fits none of: hosts: in tcp 1-1000 hosts"


def test_a_rule_for_the_range_lets_containers_in_on_every_port() -> None:
    assert view(GROUP_OF_HOSTS, CONTAINERS).refusal("a1", flow("in", "10.225.2.2", 60606)) == ""


def test_a_port_outside_a_rule_is_refused() -> None:
    assert "fits none of" in view(GROUP_OF_HOSTS).refusal("a1", flow("in", "10.95.1.12", 60606))


def test_a_group_without_rules_lets_everything_out_and_nothing_in() -> None:
    assert view().refusal("a1", flow("out", "192.0.2.1")) == ""
    assert view().refusal("a1", flow("in", "10.95.1.12")).endswith("fits none of: no rules")


def test_a_rule_for_the_way_out_closes_all_other_ways_out() -> None:
    looked = view(Rule(direction="out", source=RANGE))
    assert looked.refusal("a1", flow("out", "10.225.2.2")) == ""
    assert "to 192.0.2.1" in looked.refusal("a1", flow("out", "192.0.2.1"))


def test_an_entry_is_told_with_its_next_hop() -> None:
    kernel = Entry(
        table="main",
        destination=IPv4Network("10.225.2.0/24"),
        kind="route",
        state="active",
        machine="a2",
        machine_id="a2-1234",
    )
    entry = view(entry=kernel).entry("a", IPv4Address("10.225.2.2"))
    assert entry is not None
    assert (entry.next_hop, entry.active) == ("a2", True)
    assert entry.text == "main: 10.225.2.0/24 -> a2 (active)"


def test_an_entry_of_a_machine_that_is_gone_has_no_next_hop() -> None:
    kernel = Entry(
        table="main",
        destination=IPv4Network("10.225.2.0/24"),
        kind="route",
        state="blackhole",
        machine_id="a2-1234",
    )
    entry = view(entry=kernel).entry("a", IPv4Address("10.225.2.2"))
    assert entry is not None
    assert (entry.next_hop, entry.active) == ("", False)
    assert entry.text == "main: 10.225.2.0/24 -> a2-1234 (gone) (blackhole)"


@pytest.mark.parametrize("kind", ["none", "route"])
def test_what_the_kernel_does_not_have_is_no_entry(kind: str) -> None:
    kernel = Entry(table="main", destination=RANGE, kind=kind, state="missing")  # type: ignore[arg-type]
    assert view(entry=kernel).entry("a", IPv4Address("10.225.2.2")) is None


def test_machines_tell_their_state_and_their_check() -> None:
    looked = view(check=True)
    assert (looked.machine("a1"), looked.machine("c9")) == ("running", "absent")
    assert (looked.source_dest_check("a1"), looked.source_dest_check("c9")) == (True, False)


def test_a_zone_without_a_subnet_is_an_error_not_a_missing_entry() -> None:
    assert view().table("a") == "main"
    with pytest.raises(LabError, match="zone b has no vSwitch"):
        view().table("b")


def test_everything_at_once_has_the_program_s_tables_and_the_subnets_own() -> None:
    kernel = Entry(
        table="table-a",
        destination=IPv4Network("10.225.2.0/24"),
        kind="route",
        state="active",
        machine="a2",
        machine_id="a2-1234",
    )
    held = view(CONTAINERS, GROUP_OF_HOSTS, entry=kernel, check=True).held()
    assert (held.tables, held.serving) == ({"a": "table-a"}, {"a": "main"})
    assert [entry.text for entry in held.entries["table-a"]] == [
        "table-a: 10.225.2.0/24 -> a2 (active)"
    ]
    assert held.machines == {"a1": "running", "a2": "running"}
    assert held.checked == {"a1", "a2"}
    assert held.groups["a1"] == (OWN_GROUP,)


def test_rules_are_told_in_shared_words_and_no_way_out_means_every_way_out() -> None:
    out = GroupRule(direction="out", peer="0.0.0.0/0")
    own = GroupRule(direction="in", peer=OWN_GROUP, protocol="tcp", ports=(1, 1000))
    assert view(GROUP_OF_HOSTS).held().rules == {own, out}
    narrow = Rule(direction="out", source=RANGE)
    assert view(narrow).held().rules == {GroupRule(direction="out", peer="10.225.0.0/16")}


def test_prefixes_are_those_that_the_router_delivers() -> None:
    looked = view()
    assert (looked.prefixes("a1"), looked.prefixes("c9")) == ((PREFIX,), ())
    assert looked.held().prefixes["a1"] == (PREFIX,)
