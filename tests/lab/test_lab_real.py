"""The lab with machines that really boot: their network lives and dies with each boot."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from lab import machine, names, namespaces
from lab.__main__ import main
from lab.lab import Lab
from lab.model import Machine
from tests.support.bare_lab import Town
from tests.support.machines import eventually, traces

LAB = "t2real"
HOSTS = ("a1", "b1")


class RealTown(Town):
    """A town whose machines are the lab's own."""

    def __init__(self) -> None:
        super().__init__(LAB, uplink=True)
        self.lab = Lab.open(LAB)


@pytest.fixture(scope="module")
def real() -> Iterator[RealTown]:
    made = RealTown()
    try:
        made.build()
        with ThreadPoolExecutor() as pool:
            list(pool.map(made.add, HOSTS))
        made.route_all(*HOSTS)
        yield made
    finally:
        made.lab.down()


def status(name: str) -> str:
    held = Lab.open(LAB).get(Machine, name)
    assert held is not None
    return held.status.state


def boots(name: str) -> int:
    return machine.status(LAB, name).boots


def shell(name: str, command: str) -> str:
    words = machine.shell_command(LAB, name, "sh", "-c", command)
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    return done.stdout + done.stderr


def routed(made: RealTown, *hosts: str) -> None:
    for host in hosts:
        made.container(host)


def test_machines_of_two_zones_reach_each_other_and_see_their_gateway(real: RealTown) -> None:
    assert real.reaches("a1", "b1")
    assert real.reaches("a1.c", "b1.c")
    assert f"via {real.subnet('a').network_address + 1}" in shell("a1", "ip route show default")
    assert "10.92.1.11/24" in shell("a1", "ip -4 addr show eth0")


def test_putting_a_running_machine_again_does_not_touch_it(real: RealTown) -> None:
    before = machine.status(LAB, "a1").init
    held = real.lab.get(Machine, "a1")
    assert held is not None
    assert real.lab.put(held.spec).state == "running"
    assert machine.status(LAB, "a1").init == before


def test_a_zone_that_fails_goes_silent_and_comes_back_with_disk_and_network(
    real: RealTown,
) -> None:
    shell("b1", "echo kept >/root/kept; sync")
    real.lab.fail_zone("b")
    assert status("b1") == "failed"
    assert not namespaces.exists(names.namespace(LAB, "b1"))
    assert real.lab.lookup("a", real.inner("b1")).state == "blackhole"
    real.lab.restore_zone("b")
    assert status("b1") == "running"
    assert shell("b1", "cat /root/kept") == "kept\n"
    routed(real, "b1")
    assert real.reaches("a1.c", "b1.c")
    assert real.lab.sync() == ()


def test_a_reboot_inside_gives_a_fresh_network_with_the_same_routes(real: RealTown) -> None:
    shell("a1", "iptables -A INPUT -p udp --dport 9 -j DROP")
    before = boots("a1")
    shell("a1", "systemctl reboot")
    eventually("a second boot", lambda: boots("a1") > before and status("a1") == "running")
    eventually("Docker again", lambda: machine.status(LAB, "a1").docker)
    assert "dport 9" not in shell("a1", "iptables -S")
    routed(real, "a1")
    assert real.reaches("b1.c", "a1.c")
    assert real.lab.sync() == ()


def test_a_machine_whose_init_is_killed_is_stopped_and_a_put_boots_it(real: RealTown) -> None:
    held = real.lab.get(Machine, "b1")
    assert held is not None
    init = machine.status(LAB, "b1").init
    assert init is not None
    os.kill(init.pid, signal.SIGKILL)
    inner = real.inner("b1")
    eventually("a black hole", lambda: real.lab.lookup("a", inner).state == "blackhole")
    again = real.lab.put(held.spec)
    assert (again.state, again.id) == ("running", held.status.id)
    routed(real, "b1")
    assert real.reaches("a1.c", "b1.c")


def test_a_put_that_meets_a_dying_machine_boots_it_again(real: RealTown) -> None:
    held = real.lab.get(Machine, "b1")
    assert held is not None
    init = machine.status(LAB, "b1").init
    assert init is not None
    os.kill(init.pid, signal.SIGKILL)
    assert real.lab.put(held.spec).state == "running"
    after = machine.status(LAB, "b1").init
    assert after is not None
    assert after != init


def test_the_command_runs_a_command_in_a_machine(real: RealTown) -> None:
    words = [sys.executable, "-m", "lab", "--lab", LAB, "shell", "a1", "hostname"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout == "a1\n"


def test_down_leaves_no_trace_of_real_machines() -> None:
    made = RealTown()
    made.build("c1")
    assert any(traces(LAB).values())
    assert main(["down", "--lab", LAB]) == 0
    assert not any(traces(LAB).values()), traces(LAB)
    assert LAB not in Lab.names()
