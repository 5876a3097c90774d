"""The packet rules in the kernel: complete, repeatable, repairable by name, and what they do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from components.environment import Network
from components.host.drift_rules import foreign
from tests.support.host_plan import NETWORK, PREFIXES
from tests.support.netns_rules import TABLES, Rules, call, neighbours, rules, tracked

CONTAINER = "10.223.1.2"  # of this host
OTHER_HOST = "10.93.2.12"
OUTSIDE = "203.0.113.9"


@pytest.fixture(params=[NETWORK, PREFIXES], ids=["tables", "prefixes"])
def network(request: pytest.FixtureRequest) -> Network:
    """The two ways of routing: one range of containers outside the VPC, or several inside."""
    given: Network = request.param
    return given


@pytest.fixture
def far(network: Network) -> str:
    """A container of another host, with prefixes in another zone."""
    return "10.223.2.2" if network.routing == "tables" else "10.224.2.2"


@pytest.fixture
def host(tmp_path: Path, network: Network) -> Iterator[Rules]:
    with rules(tmp_path, network=network) as host:
        yield host


def test_applied_once_nothing_is_missing(host: Rules) -> None:
    assert host.missing
    host.apply()
    assert host.missing == []


def test_applied_twice_every_rule_is_there_once(host: Rules) -> None:
    host.apply()
    once = host.listing
    host.apply()
    assert host.listing == once
    assert len(set(once)) == len(once)


def test_a_check_changes_nothing(host: Rules) -> None:
    before = host.listing
    assert host.missing
    assert host.listing == before


def test_removed_nothing_of_ours_is_left(host: Rules) -> None:
    host.apply()
    assert host.script("remove").returncode == 0
    assert host.listing == [("filter", "-A FORWARD -j DOCKER-USER")]
    for table in TABLES:
        assert "FAIRWAY" not in host.sh(f"iptables -t {table} -S")
    assert host.script("remove").returncode == 0


def test_each_rule_that_is_taken_away_is_named_and_put_back(host: Rules) -> None:
    host.apply()
    complete = sorted(host.listing)
    for table, line in complete:
        host.sh(f"iptables -t {table} {line.replace('-A', '-D', 1)}")
        (name,) = host.missing
        chain = line.split()[1]
        assert name.startswith(f"{table} {chain}: ")
        host.apply()
        assert sorted(host.listing) == complete


def test_every_rule_has_a_name_of_its_own(host: Rules) -> None:
    names = host.missing
    assert len(set(names)) == len(names)
    host.apply()
    switches = [name for name in names if name.startswith("sysctl ")]
    assert "sysctl net.ipv4.ip_forward: 1" in switches
    assert len(names) == len(host.listing) + len(switches)


def test_a_look_for_drift_takes_none_of_our_rules_for_strange_and_any_other(host: Rules) -> None:
    host.apply()
    assert list(foreign(host.asked, host.listing)) == []

    chains = {(table, line.split()[1]) for table, line in host.listing}
    ours = sorted((table, chain) for table, chain in chains if chain.startswith("FAIRWAY"))
    for table, chain in ours:
        host.sh(f"iptables -t {table} -A {chain} -s 192.0.2.7/32 -j RETURN")
    strange = [(table, f"-A {chain} -s 192.0.2.7/32 -j RETURN") for table, chain in ours]
    assert ours
    assert sorted(foreign(host.asked, host.listing)) == strange


@pytest.mark.parametrize("table", ["filter", "nat", "raw", "mangle"])
def test_a_flushed_table_is_named_and_repaired(host: Rules, table: str) -> None:
    host.apply()
    host.sh(f"iptables -t {table} -F")
    assert host.missing
    assert all(line.startswith(f"{table} ") for line in host.missing)
    host.apply()
    assert host.missing == []


def test_forwarding_switched_off_is_named_and_repaired(host: Rules) -> None:
    host.apply()
    host.sh("echo 0 > /proc/sys/net/ipv4/ip_forward")
    assert host.missing == ["sysctl net.ipv4.ip_forward: 1"]
    host.apply()
    assert host.missing == []


def test_rules_come_before_the_return_that_an_old_docker_ends_its_chain_with(host: Rules) -> None:
    host.sh("iptables -N DOCKER-USER; iptables -A DOCKER-USER -j RETURN")
    host.apply()
    lines = [line for table, line in host.listing if line.startswith("-A DOCKER-USER")]
    assert lines[-1] == "-A DOCKER-USER -j RETURN"
    assert len(lines) > 1


def test_rules_of_others_stay(host: Rules) -> None:
    foreign = "-A DOCKER-USER -s 198.51.100.7/32 -j DROP"
    host.sh(f"iptables -N DOCKER-USER; iptables {foreign}")
    host.apply()
    assert host.script("remove").returncode == 0
    assert ("filter", foreign) in host.listing


@pytest.fixture
def strict(tmp_path: Path, network: Network) -> Iterator[Rules]:
    """A host whose FORWARD policy is DROP and that lets its own containers out, as Docker does."""
    with rules(tmp_path, network=network, mtu=9000) as host:
        host.apply()
        host.sh("iptables -P FORWARD DROP")
        host.sh("iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT")
        host.sh("iptables -A FORWARD -s 10.223.1.0/24 -j ACCEPT")
        yield host


def test_containers_reach_each_other_by_their_own_addresses_untracked(
    strict: Rules, far: str
) -> None:
    with neighbours(strict, near=CONTAINER, far=far) as at:
        before = tracked(strict)
        assert call(at["far"], at["near"], CONTAINER).peer == far
        assert call(at["near"], at["far"], far).peer == CONTAINER
        assert tracked(strict) == before


def test_a_host_of_the_vpc_reaches_a_container_under_a_policy_of_drop(strict: Rules) -> None:
    with neighbours(strict, near=CONTAINER, other=OTHER_HOST) as at:
        assert call(at["other"], at["near"], CONTAINER).peer == OTHER_HOST


def test_without_the_rules_neither_gets_through(strict: Rules, far: str) -> None:
    strict.script("remove")
    with neighbours(strict, near=CONTAINER, far=far, other=OTHER_HOST) as at:
        for source in ("far", "other"):
            with pytest.raises(TimeoutError):
                call(at[source], at["near"], CONTAINER)


def test_a_container_shows_itself_outside_the_range_as_its_host(strict: Rules) -> None:
    with neighbours(strict, near=CONTAINER, other=OTHER_HOST, outside=OUTSIDE) as at:
        assert call(at["near"], at["outside"], OUTSIDE).peer == "203.0.113.1"
        assert call(at["near"], at["other"], OTHER_HOST).peer == "10.93.2.1"


def test_the_outside_does_not_reach_a_container(strict: Rules) -> None:
    with neighbours(strict, near=CONTAINER, outside=OUTSIDE) as at, pytest.raises(TimeoutError):
        call(at["outside"], at["near"], CONTAINER)


def test_segments_are_full_inside_and_small_to_the_outside(strict: Rules, far: str) -> None:
    with neighbours(strict, near=CONTAINER, far=far, other=OTHER_HOST, outside=OUTSIDE) as at:
        assert call(at["near"], at["far"], far).segment > 8900
        assert call(at["near"], at["other"], OTHER_HOST).segment > 8900
        assert call(at["near"], at["outside"], OUTSIDE).segment <= 1460


@pytest.mark.parametrize("address", ["169.254.169.254", "100.100.100.200"])
def test_no_container_reaches_the_metadata_and_learns_so_at_once(
    strict: Rules, address: str
) -> None:
    with (
        neighbours(strict, near=CONTAINER, cloud=address) as at,
        pytest.raises(OSError, match="No route to host"),
    ):
        call(at["near"], at["cloud"], address)
