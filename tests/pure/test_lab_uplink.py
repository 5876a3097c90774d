from __future__ import annotations

from ipaddress import IPv4Network, ip_network
from pathlib import Path

import pytest

from lab import computer, firewall, locks, names, uplink
from lab.model import Vpc
from lab.uplink import ComputerRoute


def net(text: str) -> IPv4Network:
    return ip_network(text)  # type: ignore[return-value]


VPC = Vpc(cidr=net("10.92.0.0/16"), containers=net("10.222.0.0/16"), uplink=net("10.76.92.0/30"))


@pytest.mark.parametrize(
    ("destination", "what"),
    [
        ("10.92.3.0/24", "VPC"),
        ("10.0.0.0/8", "VPC"),
        ("10.222.1.2/32", "container range"),
        ("10.76.92.2/32", "uplink"),
    ],
)
def test_any_route_that_overlaps_is_a_conflict_that_names_it(destination: str, what: str) -> None:
    found = uplink.conflict("t2u", VPC, [ComputerRoute(net(destination), "wg0", 51820)])
    assert found is not None
    assert f"its {what} " in str(found)
    assert f"found {destination} dev wg0 (table 51820)" in str(found)


def test_default_routes_and_the_uplinks_own_are_no_conflict() -> None:
    own = names.uplink("t2u")
    routes = [
        ComputerRoute(net("0.0.0.0/0"), "eth0", 254),
        ComputerRoute(net("192.0.2.0/24"), "eth0", 254),
        ComputerRoute(VPC.cidr, own, 254),
        ComputerRoute(net("10.76.92.1/32"), own, 255),
    ]
    assert uplink.conflict("t2u", VPC, routes) is None


def test_another_labs_uplink_is_a_conflict_like_any_other() -> None:
    route = ComputerRoute(net("10.92.0.0/17"), names.uplink("other"), 254)
    assert uplink.conflict("t2u", VPC, [route]) is not None


def test_the_computers_neighbours_get_no_way_in_and_only_the_vpc_gets_nat() -> None:
    text = uplink.render("t2u", VPC)
    link = names.uplink("t2u")
    assert f'iifname "{link}" oifname != "{link}" ip saddr 10.92.0.0/16 masquerade' in text
    assert f'oifname "{link}" ct state established,related accept\n  oifname "{link}" drop' in text


def test_a_docker_computer_gets_its_accept_in_dockers_chain() -> None:
    assert firewall.place("-P FORWARD DROP\n-N DOCKER-USER\n") == "DOCKER-USER"


def test_a_computer_that_drops_without_docker_gets_its_accept_in_forward() -> None:
    assert firewall.place("-P INPUT ACCEPT\n-P FORWARD DROP\n") == "FORWARD"


def test_a_computer_that_forwards_anyway_gets_no_rule() -> None:
    assert firewall.place("-P FORWARD ACCEPT\n") is None
    assert firewall.place("") is None


@pytest.fixture
def sysctls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for link, value in (("fwu1", "0"), ("eth0", "0"), ("wlan0", "1")):
        path = tmp_path / "sys" / f"net/ipv4/conf/{link}/forwarding"
        path.parent.mkdir(parents=True)
        path.write_text(value)
    (tmp_path / "sys/net/ipv4/ip_forward").write_text("0")
    (tmp_path / "sys/fs/inotify").mkdir(parents=True)
    (tmp_path / "sys/fs/inotify/max_user_instances").write_text("128")
    monkeypatch.setattr(computer, "SYSCTLS", tmp_path / "sys")
    monkeypatch.setattr(computer, "NOTE", tmp_path / "note/forwarding.json")
    monkeypatch.setattr(computer, "_outer_interfaces", lambda: ["eth0", "wlan0"])
    monkeypatch.setattr(locks, "LOCKS", tmp_path / "locks")
    return tmp_path / "sys/net/ipv4/conf"


def values(conf: Path) -> dict[str, str]:
    return {link: (conf / link / "forwarding").read_text() for link in ("eth0", "wlan0")}


def test_the_last_lab_puts_forwarding_back_as_it_was(sysctls: Path) -> None:
    computer.open_for("one", "fwu1")
    computer.open_for("two", "fwu1")
    assert values(sysctls) == {"eth0": "1", "wlan0": "1"}
    computer.close_for("one")
    assert values(sysctls) == {"eth0": "1", "wlan0": "1"}
    computer.close_for("two")
    assert values(sysctls) == {"eth0": "0", "wlan0": "1"}
    assert not computer.NOTE.exists()


def test_the_global_setting_is_never_written(sysctls: Path) -> None:
    computer.open_for("one", "fwu1")
    assert (sysctls.parent / "ip_forward").read_text() == "0"


def test_forwarding_that_somebody_switched_on_for_all_stays_on(sysctls: Path) -> None:
    computer.open_for("one", "fwu1")
    (sysctls.parent / "ip_forward").write_text("1")  # as Docker does when it starts
    computer.close_for("one")
    assert values(sysctls) == {"eth0": "1", "wlan0": "1"}


def test_machines_get_inotify_instances_until_the_last_lab_goes(sysctls: Path) -> None:
    instances = sysctls.parents[2] / "fs/inotify/max_user_instances"
    computer.open_for("one", "fwu1")
    computer.open_for("two", "fwu1")
    computer.close_for("one")
    assert int(instances.read_text()) >= 8192
    computer.close_for("two")
    assert instances.read_text() == "128"


def test_inotify_instances_that_are_enough_or_changed_since_stay(sysctls: Path) -> None:
    instances = sysctls.parents[2] / "fs/inotify/max_user_instances"
    instances.write_text("65536")
    computer.open_for("one", "fwu1")
    assert instances.read_text() == "65536"
    instances.write_text("128")
    computer.open_for("one", "fwu1")
    instances.write_text("9000")
    computer.close_for("one")
    assert instances.read_text() == "9000"


def test_what_was_noted_before_a_reboot_is_void(
    sysctls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    computer.open_for("one", "fwu1")
    monkeypatch.setattr("lab.state.boot_id", lambda: "the next boot")
    (sysctls / "eth0/forwarding").write_text("1")  # now by the computer's own configuration
    computer.open_for("one", "fwu1")
    computer.close_for("one")
    assert values(sysctls) == {"eth0": "1", "wlan0": "1"}


def test_a_link_with_a_long_machine_name_fits_the_kernel_and_stays_apart() -> None:
    long = [names.port(f"manager-in-zone-{letter}1") for letter in "ab"]
    assert all(len(port) <= 15 for port in long)
    assert len({*long, names.port("a1")}) == 3


@pytest.mark.parametrize(
    ("label", "owner"),
    [("fw-a-b-c", "a-b"), ("fw-a-c", "a"), ("fw-a-b-router", "a-b"), ("fw-x-a1", None)],
)
def test_a_label_belongs_to_the_lab_with_the_longest_name(label: str, owner: str | None) -> None:
    assert names.owner(label, ["a", "a-b"]) == owner
