from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network

from hypothesis import given
from hypothesis import strategies as st

from lab import names, reading, tables
from lab.model import Machine, Route, Vpc, VSwitch
from lab.reading import Seen
from lab.state import MachineRecord, State
from lab.tables import Line


def net(text: str) -> IPv4Network:
    return ip_network(text)  # type: ignore[return-value]


def address(text: str) -> IPv4Address:
    return ip_address(text)  # type: ignore[return-value]


def records(*, uplink: str | None = "10.76.92.0/30") -> State:
    """Two zones with a table each, machines a1 and b1, and the entries of both in table ta."""
    state = State(
        vpc=Vpc(
            cidr=net("10.92.0.0/16"),
            containers=net("10.222.0.0/16"),
            uplink=net(uplink) if uplink else None,
        ),
        tables={"ta": 1001, "tb": 1002},
    )
    for index, zone in enumerate("ab", start=1):
        state.vswitches[zone] = VSwitch(
            name=zone, zone=zone, cidr=net(f"10.92.{index}.0/24"), table=f"t{zone}"
        )
        spec = Machine(name=f"{zone}1", vswitch=zone, address=address(f"10.92.{index}.11"))
        state.machines[spec.name] = MachineRecord(spec=spec, id=f"{zone}1-0001")
        route = Route(
            table="ta", destination=net(f"10.222.{index}.0/24"), machine_id=f"{zone}1-0001"
        )
        state.routes[route.name] = route
    return state


def as_planned(state: State, *off: str) -> Seen:
    """Play a kernel that holds exactly what is planned while the machines `off` have no link."""
    ports = {names.port(name): i for i, name in enumerate(state.machines, 2) if name not in off}
    lines = tables.lines(state, ports)
    return Seen(lines=dict.fromkeys(lines, False), ports=ports)


def without(seen: Seen, destination: str, number: int = 1001) -> Seen:
    """Play a hand that deleted the entry towards a machine."""
    kept = {
        line: dead
        for line, dead in seen.lines.items()
        if not (line.table == number and line.destination == net(destination) and line.port)
    }
    return Seen(lines=kept, ports=seen.ports)


def test_every_entry_has_a_black_hole_below_it() -> None:
    planned = tables.lines(records(), ["m-a1", "m-b1"])
    for line in planned:
        if line.table == 1001 and line.port.startswith("m-"):
            assert tables.belt(1001, line.destination) in planned


def test_a_table_without_an_entry_does_not_get_that_of_another() -> None:
    planned = tables.lines(records(), ["m-a1", "m-b1"])
    assert not [line for line in planned if line.table == 1002 and line.port.startswith("m-")]


def test_an_entry_of_a_machine_that_is_off_is_only_its_black_hole() -> None:
    planned = tables.lines(records(), ["m-a1"])
    there = [line for line in planned if line.destination == net("10.222.2.0/24")]
    assert there
    assert all(not line.port for line in there)


def test_an_entry_of_a_replaced_machine_stays_a_black_hole_until_it_names_the_new_one() -> None:
    state = records()
    state.machines["b1"] = MachineRecord(spec=state.machines["b1"].spec, id="b1-0002")
    seen = as_planned(state)
    assert reading.entry_state(state, seen, state.routes["ta/10.222.2.0/24"]) == "blackhole"
    assert reading.entry_state(state, seen, state.routes["ta/10.222.1.0/24"]) == "active"


def test_every_table_ends_the_search_so_that_no_packet_falls_into_another_table() -> None:
    for uplink in (None, "10.76.92.0/30"):
        planned = tables.lines(records(uplink=uplink), [])
        for number in (1001, 1002, tables.MAIN):
            defaults = [
                line
                for line in planned
                if line.table == number and line.destination == tables.ANYWHERE
            ]
            assert len(defaults) == 1
            assert bool(defaults[0].port) == (uplink is not None)


def test_each_machine_is_looked_up_in_the_table_of_its_own_vswitch() -> None:
    wanted = {(choice.port, choice.table) for choice in tables.choices(records())}
    assert {("m-a1", 1001), ("m-b1", 1002), ("", tables.LOCAL)} == wanted


def test_the_uplink_sees_an_entry_that_any_table_has() -> None:
    planned = tables.lines(records(), ["m-a1", "m-b1"])
    assert Line(tables.MAIN, net("10.222.2.0/24"), "m-b1", "10.92.2.11") in planned


def test_a_lookup_tells_a_deleted_entry_from_a_black_hole() -> None:
    state = records()
    inside = address("10.222.2.7")
    running = as_planned(state)
    assert reading.lookup(state, running, "ta", inside).state == "active"
    deleted = reading.lookup(state, without(running, "10.222.2.0/24"), "ta", inside)
    assert (deleted.kind, deleted.state, deleted.machine) == ("route", "missing", "b1")
    off = reading.lookup(state, as_planned(state, "b1"), "ta", inside)
    assert (off.kind, off.state, off.machine) == ("route", "blackhole", "b1")


def test_a_lookup_in_a_table_without_the_entry_finds_nothing() -> None:
    state = records()
    entry = reading.lookup(state, as_planned(state), "tb", address("10.222.2.7"))
    assert (entry.kind, entry.state) == ("none", "missing")


def test_a_link_that_is_down_makes_its_entry_a_black_hole() -> None:
    state = records()
    seen = as_planned(state)
    dead = Seen(lines={line: line.port == "m-b1" for line in seen.lines}, ports=seen.ports)
    assert reading.lookup(state, dead, "ta", address("10.222.2.7")).state == "blackhole"


def test_a_lookup_of_the_vpcs_own_addresses_never_reads_a_table() -> None:
    state = records()
    seen = as_planned(state)
    own = reading.lookup(state, seen, "ta", address("10.92.2.11"))
    assert (own.kind, own.state, own.machine_id) == ("local", "active", "b1-0001")
    nobody = reading.lookup(state, seen, "ta", address("10.92.9.9"))
    assert (nobody.kind, nobody.state) == ("local", "blackhole")


def test_a_lookup_of_the_world_outside_finds_the_uplink() -> None:
    state = records()
    assert reading.lookup(state, as_planned(state), "ta", address("192.0.2.1")).kind == "default"


networks = st.builds(
    lambda bits, length: IPv4Network((bits & (0xFFFFFFFF << (32 - length)), length)),
    st.integers(0, 2**32 - 1),
    st.integers(1, 32),
)


@given(st.lists(networks, max_size=30), st.integers(0, 2**32 - 1))
def test_the_longest_prefix_wins(destinations: list[IPv4Network], number: int) -> None:
    target = IPv4Address(number)
    chosen = tables.longest((Line(1, d, "p") for d in destinations), target)
    matching = [d for d in destinations if target in d]
    assert (chosen is None) == (not matching)
    if chosen is not None:
        assert chosen.destination.prefixlen == max(d.prefixlen for d in matching)


@given(networks)
def test_of_one_prefix_the_lowest_metric_wins(destination: IPv4Network) -> None:
    lines = [Line(1, destination, metric=9999), Line(1, destination, "p")]
    assert tables.longest(lines, destination.network_address) == lines[1]
