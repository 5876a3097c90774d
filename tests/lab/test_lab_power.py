from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from components.errors import LabError
from lab.lab import Lab
from lab.model import Machine, Route, Vpc
from lab.place import MachineSpec
from tests.support.bare_lab import Town, town


@pytest.fixture
def empty() -> Iterator[Town]:
    with town("t2p") as made:
        yield made


def states(lab: Lab) -> dict[str, str]:
    return {held.spec.name: held.status.state for held in lab.all(Machine)}


def test_machines_put_at_once_all_stand_and_reach_each_other(empty: Town) -> None:
    hosts = [f"{zone}{number}" for zone in "abc" for number in (1, 2, 3, 4)]
    with ThreadPoolExecutor(len(hosts)) as pool:
        ids = list(pool.map(empty.add, hosts))
        list(pool.map(empty.route_all, hosts))
    assert len(set(ids)) == len(hosts)
    assert states(empty.lab) == dict.fromkeys(sorted(hosts), "running")
    assert empty.lab.sync() == ()
    for source, target in zip(hosts, reversed(hosts), strict=True):
        assert empty.reaches(f"{source}.c", f"{target}.c")


def test_a_machine_that_boots_holds_nobody_up(empty: Town) -> None:
    booting, go_on = threading.Event(), threading.Event()

    def slow(spec: MachineSpec) -> None:
        if spec.name == "a1":
            booting.set()
            assert go_on.wait(300)

    empty.machines.on_start = slow
    with ThreadPoolExecutor(1) as pool:
        put = pool.submit(empty.add, "a1")
        assert booting.wait(300)
        empty.add("b1")
        assert states(empty.lab) == {"a1": "stopped", "b1": "running"}
        go_on.set()
        put.result()
    assert states(empty.lab) == {"a1": "running", "b1": "running"}


def test_two_callers_that_put_one_machine_boot_it_once(empty: Town) -> None:
    with ThreadPoolExecutor(6) as pool:
        ids = set(pool.map(lambda _: empty.add("a1"), range(6)))
    assert len(ids) == 1
    assert empty.machines.boots == {"a1": 1}


def fail_once(made: Town) -> None:
    """Let the next start die as a killed process would, after the record was made."""

    def die(_: MachineSpec) -> None:
        made.machines.on_start = lambda _: None
        raise KeyboardInterrupt

    made.machines.on_start = die


def test_a_put_that_was_interrupted_is_adopted_by_the_next(empty: Town) -> None:
    fail_once(empty)
    with pytest.raises(KeyboardInterrupt):
        empty.add("a1")
    left = empty.lab.get(Machine, "a1")
    assert left is not None
    assert left.status.state == "stopped"
    assert empty.add("a1") == left.status.id
    assert states(empty.lab) == {"a1": "running"}


def test_what_an_interrupted_put_left_may_become_another_machine(empty: Town) -> None:
    fail_once(empty)
    with pytest.raises(KeyboardInterrupt):
        empty.add("a1")
    left = empty.lab.get(Machine, "a1")
    assert left is not None
    assert empty.add("a1", user_data="#cloud-config\nhostname: new\n") != left.status.id


def test_a_whole_machine_is_never_turned_into_another(empty: Town) -> None:
    empty.add("a1")
    with pytest.raises(LabError, match="a change of user_data"):
        empty.add("a1", user_data="#cloud-config\nhostname: new\n")
    assert empty.machines.boots == {"a1": 1}


def test_groups_and_check_change_under_a_running_machine(empty: Town) -> None:
    empty.add("a1")
    held = empty.lab.get(Machine, "a1")
    assert held is not None
    changed = empty.lab.put(replace(held.spec, groups=(), source_dest_check=True))
    assert changed.id == held.status.id
    assert empty.machines.boots == {"a1": 1}


def test_a_failed_machine_stays_off_whoever_puts_it_until_it_is_restored(empty: Town) -> None:
    empty.add("a1")
    empty.lab.fail_machine("a1")
    held = empty.lab.get(Machine, "a1")
    assert held is not None
    assert empty.lab.put(held.spec).state == "failed"
    empty.lab.recover()
    assert states(empty.lab) == {"a1": "failed"}
    empty.lab.restore_machine("a1")
    assert states(empty.lab) == {"a1": "running"}


def test_a_failed_zone_takes_only_its_own_machines_down_and_comes_back_with_them() -> None:
    with town("t2z", "a1", "b1", "b2", "c1") as made:
        made.lab.fail_machine("b2")
        made.lab.fail_zone("b")
        assert states(made.lab) == {
            "a1": "running",
            "b1": "failed",
            "b2": "failed",
            "c1": "running",
        }
        assert made.reaches("a1.c", "c1.c")
        assert made.lab.lookup("a", made.inner("b1")).state == "blackhole"
        with pytest.raises(LabError, match="restore zone b"):
            made.add("b3")
        made.lab.restore_zone("b")
        assert states(made.lab)["b1"] == "running"
        assert states(made.lab)["b2"] == "failed"  # it had failed by itself before
        made.container("b1")
        assert made.reaches("a1.c", "b1.c")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("fail_machine", "there is no machine 'zz'"),
        ("restore_machine", "there is no machine 'zz'"),
        ("fail_zone", "there is no zone 'zz': found a, b, c"),
        ("restore_zone", "there is no zone 'zz': found a, b, c"),
    ],
)
def test_a_name_that_is_not_there_is_answered_with_those_that_are(
    empty: Town, call: str, words: str
) -> None:
    with pytest.raises(LabError, match=words):
        getattr(empty.lab, call)("zz")


def test_a_deleted_machine_leaves_black_holes_and_its_name_is_free() -> None:
    with town("t2w", "a1", "b1") as made:
        route = made.route("a", "b1")
        made.lab.delete(Machine, "b1")
        made.lab.delete(Machine, "b1")
        held = made.lab.get(Route, route.name)
        assert held is not None
        assert (held.status.state, held.spec.machine_id) == ("blackhole", route.machine_id)
        made.lab.delete(Route, route.name)
        made.lab.delete(Route, route.name)
        assert made.lab.get(Route, route.name) is None
        assert made.add("b1") != route.machine_id


def test_another_process_sees_what_this_one_did(empty: Town) -> None:
    empty.add("a1")
    other = Lab.open("t2p", machines=empty.machines)
    held = other.get(Machine, "a1")
    assert held is not None
    assert held.status.state == "running"
    vpc = other.get(Vpc, "vpc")
    assert vpc is not None
    assert vpc.spec == empty.vpc
