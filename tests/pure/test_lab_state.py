from __future__ import annotations

import json
import stat
import threading
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.errors import LabError
from lab import locks, state
from lab.model import Machine, Route, Rule, SecurityGroup, Vpc, VSwitch
from lab.state import MachineRecord, State, Store

SECRET = "-----BEGIN OPENSSH PRIVATE KEY-----"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "LABS", tmp_path / "labs")
    monkeypatch.setattr(locks, "LOCKS", tmp_path / "locks")


words = st.text("abcdefgh-", min_size=1, max_size=8)
cidrs = st.integers(8, 30).map(lambda length: IPv4Network((10 << 24, length)))
rules = st.builds(
    Rule,
    direction=st.sampled_from(["in", "out"]),
    source=words | cidrs,
    protocol=st.sampled_from(["tcp", "udp", "icmp", "any"]),
    ports=st.none() | st.tuples(st.integers(1, 9), st.integers(10, 65535)),
)
machines = st.builds(
    Machine,
    name=words,
    vswitch=words,
    address=st.integers(0, 2**32 - 1).map(IPv4Address),
    image=words,
    groups=st.lists(words, max_size=3).map(tuple),
    user_data=st.text(max_size=40),
    source_dest_check=st.booleans(),
)
states = st.builds(
    State,
    boot_id=words,
    vpc=st.none()
    | st.builds(
        Vpc,
        cidr=cidrs,
        containers=cidrs,
        uplink=st.none() | cidrs,
        quota=st.integers(1),
        mtu=st.integers(576, 9001),
    ),
    tables=st.dictionaries(words, st.integers(1001, 1100)),
    vswitches=st.dictionaries(
        words, st.builds(VSwitch, name=words, zone=words, cidr=cidrs, table=words)
    ),
    groups=st.dictionaries(
        words, st.builds(SecurityGroup, name=words, rules=st.lists(rules, max_size=3).map(tuple))
    ),
    machines=st.dictionaries(
        words,
        st.builds(
            MachineRecord, spec=machines, id=words, failed=st.booleans(), whole=st.booleans()
        ),
    ),
    routes=st.dictionaries(
        words, st.builds(Route, table=words, destination=cidrs, machine_id=words)
    ),
    failed_zones=st.sets(words),
)


@given(states)
def test_what_is_saved_is_what_is_read(records: State) -> None:
    store = Store("t2s")
    store.save(records)
    assert store.read() == records


def test_a_lab_that_does_not_exist_has_no_records_and_gets_no_directory() -> None:
    store = Store("t2s")
    assert store.read().vpc is None
    assert not store.exists()


def test_records_from_before_there_was_an_mtu_are_read_as_ethernets() -> None:
    store = Store("t2s")
    old = Vpc(cidr=IPv4Network("10.92.0.0/16"), containers=IPv4Network("10.222.0.0/16"), mtu=9001)
    store.save(State(vpc=old))
    records = json.loads(store.path.read_text())
    del records["vpc"]["mtu"]
    store.path.write_text(json.dumps(records))
    assert store.read().vpc == replace(old, mtu=1500)


def test_only_root_can_read_the_records() -> None:
    store = Store("t2s")
    store.save(State())
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.directory.stat().st_mode) == 0o700


def test_a_failed_write_leaves_the_old_records_and_no_litter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = Store("t2s")
    store.save(State(boot_id="old"))

    def broken(_: int) -> None:
        raise OSError

    monkeypatch.setattr("os.fsync", broken)
    with pytest.raises(OSError):  # noqa: PT011 -- any failure of the disk
        store.save(State(boot_id="new"))
    assert store.read().boot_id == "old"
    assert [path.name for path in store.directory.iterdir()] == ["state.json"]


@pytest.mark.parametrize("content", ["", "{", '{"vpc": {}}', '{"tables": {"a": "x"}}', "[]"])
def test_records_that_cannot_be_read_name_the_sweep(content: str) -> None:
    store = Store("t2s")
    store.save(State())
    store.path.write_text(content)
    with pytest.raises(LabError, match=r"python -m lab sweep --lab t2s"):
        store.read()


def test_the_message_about_unreadable_records_holds_none_of_their_secrets() -> None:
    store = Store("t2s")
    machine = Machine(name="a1", vswitch="a", address=IPv4Address("10.92.1.11"), user_data=SECRET)
    store.save(State(machines={"a1": MachineRecord(spec=machine, id="a1-1")}))
    store.path.write_text(store.path.read_text().replace("10.92.1.11", SECRET))
    with pytest.raises(LabError) as caught:
        store.read()
    assert SECRET not in str(caught.value)


def test_user_data_is_in_no_repr() -> None:
    machine = Machine(name="a1", vswitch="a", address=IPv4Address("10.92.1.11"), user_data=SECRET)
    record = MachineRecord(spec=machine, id="a1-1")
    assert SECRET not in repr(State(machines={"a1": record}))


def test_changes_from_many_threads_are_all_kept() -> None:
    store = Store("t2s")

    def add(number: int) -> None:
        with store.changing() as records:
            records.tables[f"t{number}"] = number
            store.save(records)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.read().tables) == 24


def test_a_lock_that_is_not_given_up_names_its_holder() -> None:
    with (
        locks.hold("t2s"),
        pytest.raises(LabError, match=r"found process \d+"),
        locks.hold("t2s", deadline=0.05),
    ):
        pass


def test_a_machines_lock_does_not_hold_the_labs_nor_another_machines() -> None:
    with locks.hold("t2s", "a1"), locks.hold("t2s", "b1"), locks.hold("t2s", deadline=0):
        pass


def test_a_lock_that_was_removed_while_waiting_is_taken_anew() -> None:
    with locks.hold("t2s"):
        locks.forget("t2s")
        with locks.hold("t2s", deadline=0):
            assert locks.path_of("t2s").exists()


def test_a_free_table_number_is_none_that_is_taken() -> None:
    records = State(tables={"a": 1001, "c": 1003})
    assert records.free_table() == 1002


def test_a_machine_is_off_by_itself_or_with_its_zone() -> None:
    vswitch = VSwitch(name="va", zone="a", cidr=IPv4Network("10.92.1.0/24"), table="t")
    machine = Machine(name="a1", vswitch="va", address=IPv4Address("10.92.1.11"))
    record = MachineRecord(spec=machine, id="a1-1")
    records = State(vswitches={"va": vswitch}, machines={"a1": record})
    assert not records.is_off(record)
    assert records.is_off(replace(record, failed=True))
    records.failed_zones.add("a")
    assert records.is_off(record)
