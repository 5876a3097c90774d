"""Two blocks of one VPC of AWS, built in the lab with bare machines: one network, as there."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

import pytest

from lab import names
from lab.lab import Lab
from lab.model import Rule
from lab.model import Vpc as LabVpc
from tests.support.bare_lab import BareMachines, connects, listening
from tests.support.standin.in_lab import InLab
from tests.support.standin.place import Instance

LAB, PORT = "t30blk", 7045
WHOLE, UPLINK = IPv4Network("10.120.0.0/14"), IPv4Network("10.76.120.0/30")
HOSTS = {"i-a": IPv4Address("10.120.0.11"), "i-b": IPv4Address("10.122.0.11")}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    machines = BareMachines()
    made = Lab.open(LAB, machines=machines)
    place = InLab(
        LAB, containers=None, uplink=UPLINK, images={"ami": "trixie"}, vpc=WHOLE, machines=machines
    )
    try:
        place.vpc(IPv4Network("10.120.0.0/16"), quota=3, mtu=9001)
        place.table("table")
        place.group("hosts", [Rule(direction="in", source=WHOLE)])
        for name, address in HOSTS.items():
            subnet, cidr = f"subnet-{name[-1]}", IPv4Network(f"{address}/17", strict=False)
            place.subnet(subnet, zone=f"eu-central-1{name[-1]}", cidr=cidr, table="table")
            place.instance(
                Instance(
                    id=name,
                    subnet=subnet,
                    address=address,
                    image="ami",
                    groups=("hosts",),
                    user_data="",
                    source_dest_check=True,
                )
            )
        yield made
    finally:
        made.sweep()


def test_the_lab_s_vpc_is_all_of_the_range(lab: Lab) -> None:
    held = lab.get(LabVpc, "vpc")

    assert held is not None
    assert held.spec.cidr == WHOLE


def test_hosts_in_different_blocks_reach_each_other_with_no_entry_in_any_table(lab: Lab) -> None:
    far = names.namespace(LAB, "i-b")

    with listening(far, HOSTS["i-b"], PORT):
        assert connects(names.namespace(LAB, "i-a"), HOSTS["i-a"], HOSTS["i-b"], PORT)
