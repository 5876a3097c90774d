from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from lab import names, namespaces
from lab.model import Machine
from lab.netlink import link_index, netlink
from tests.support.bare_lab import PATIENCE, Town

PORT = 7033
HEADERS = 28  # of IP and UDP
JUMBO = 8900
DO_NOT_FRAGMENT = (socket.IPPROTO_IP, 10, 2)  # IP_MTU_DISCOVER, IP_PMTUDISC_DO


@contextmanager
def town(mtu: int) -> Iterator[Town]:
    made = Town("t2u", uplink=True)
    made.vpc = replace(made.vpc, mtu=mtu)
    try:
        yield made.build("a1", "b1").route_all("a1", "b1")
    finally:
        made.lab.sweep()


def passes(town: Town, source: str, target: str, size: int) -> bool:
    """Send one whole packet of this size; tells if it arrives."""
    to_ns, to_address = town.where(target)
    from_ns, from_address = town.where(source)

    def receiver() -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.settimeout(PATIENCE)
        made.bind((str(to_address), PORT))
        return made

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.setsockopt(*DO_NOT_FRAGMENT)
            sender.bind((str(from_address), 0))
            sender.sendto(bytes(size - HEADERS), (str(to_address), PORT))

    with namespaces.within(to_ns, receiver) as waiting:
        try:
            namespaces.within(from_ns, send)
            return len(waiting.recv(65535)) == size - HEADERS
        except OSError:
            return False


def mtu_of(namespace: str, link: str) -> int:
    def look() -> int:
        with netlink() as ip:
            return int(ip.get_links(link_index(ip, link))[0].get("mtu"))

    return namespaces.within(namespace, look)


@pytest.mark.parametrize("end", ["", ".c"])
def test_a_vpc_of_9001_bytes_carries_a_packet_of_8900_across_zones(end: str) -> None:
    with town(9001) as made:
        assert passes(made, f"a1{end}", f"b1{end}", JUMBO)
        assert not passes(made, f"a1{end}", f"b1{end}", 9002)


def test_a_vpc_that_says_nothing_carries_1500_and_no_more() -> None:
    with town(1500) as made:
        assert passes(made, "a1", "b1", 1500)
        assert not passes(made, "a1", "b1", JUMBO)


def test_a_machine_that_starts_again_has_the_vpcs_mtu_and_the_uplink_keeps_its_own() -> None:
    with town(9001) as made:
        made.lab.fail_machine("b1")
        made.lab.restore_machine("b1")
        assert made.machines.boots["b1"] == 2
        assert passes(made, "a1", "b1", JUMBO)
        assert mtu_of(names.namespace("t2u", "b1"), "eth0") == 9001
        assert mtu_of(names.router("t2u"), names.port("b1")) == 9001
        assert mtu_of(names.router("t2u"), names.UPLINK_PORT) == 1500


def test_a_lost_link_is_made_again_with_the_vpcs_mtu() -> None:
    with town(9001) as made:
        held = made.lab.get(Machine, "a1")
        assert held is not None

        def lose() -> None:
            with netlink() as ip:
                ip.link("del", index=link_index(ip, "eth0"))

        namespaces.within(names.namespace("t2u", "a1"), lose)
        made.lab.sync()
        assert passes(made, "a1", "b1", JUMBO)
