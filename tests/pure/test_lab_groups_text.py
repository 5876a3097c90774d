from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, ip_network

from lab import groups
from lab.model import Machine, Rule, SecurityGroup
from lab.state import MachineRecord, State


def net(text: str) -> IPv4Network:
    return ip_network(text)  # type: ignore[return-value]


def records(*rules: Rule) -> State:
    state = State(groups={"web": SecurityGroup(name="web", rules=rules)})
    for number, name in enumerate(("a1", "db-one"), start=11):
        spec = Machine(name=name, vswitch="a", address=IPv4Address(f"10.92.1.{number}"))
        state.machines[name] = MachineRecord(spec=replace(spec, groups=("web",)), id=f"{name}-1")
    return state


def chain(text: str, name: str) -> list[str]:
    """Give the rules of one chain."""
    inside = text.split(f"chain {name} {{\n")[1].split("\n }", maxsplit=1)[0]
    return [line.strip() for line in inside.splitlines()]


def test_a_group_as_source_means_its_members_own_addresses() -> None:
    text = groups.render(
        records(Rule(direction="in", source="web", protocol="tcp", ports=(22, 22)))
    )
    assert "set members_web { type ipv4_addr; elements = { 10.92.1.11, 10.92.1.12 } }" in text
    assert chain(text, "in_a1")[0] == "ip saddr @members_web tcp dport 22 accept"


def test_without_a_rule_nothing_comes_in_and_everything_goes_out() -> None:
    text = groups.render(records())
    assert chain(text, "in_a1") == ["counter name group_in_a1 drop"]
    assert chain(text, "out_a1") == ["return"]


def test_a_rule_out_closes_every_other_way_out() -> None:
    rule = Rule(direction="out", source=net("10.222.0.0/16"), protocol="udp", ports=(1, 9))
    assert chain(groups.render(records(rule)), "out_a1") == [
        "ip daddr 10.222.0.0/16 udp dport 1-9 return",
        "counter name group_out_a1 drop",
    ]


def test_a_machine_without_a_group_takes_nothing_in() -> None:
    state = records(Rule(direction="in", source=net("0.0.0.0/0")))
    alone = state.machines["a1"]
    state.machines["a1"] = replace(alone, spec=replace(alone.spec, groups=()))
    text = groups.render(state)
    assert chain(text, "in_a1") == ["counter name group_in_a1 drop"]
    assert chain(text, "in_db_one") == ["accept", "counter name group_in_db_one drop"]


def test_the_check_is_off_for_the_machine_that_says_so_and_for_no_other() -> None:
    state = records()
    router = state.machines["a1"]
    state.machines["a1"] = replace(router, spec=replace(router.spec, source_dest_check=False))
    text = groups.render(state)
    assert 'set checked { type ifname; elements = { "m-db-one" } }' in text
    assert '"m-a1" . 10.92.1.11, "m-db-one" . 10.92.1.12' in text


def test_loading_replaces_the_whole_table_at_once() -> None:
    assert groups.render(State()).startswith("table ip vpc\ndelete table ip vpc\ntable ip vpc {")


def test_icmp_and_all_ports_of_a_protocol_can_be_named() -> None:
    text = groups.render(
        records(
            Rule(direction="in", source=net("10.92.0.0/16"), protocol="icmp"),
            Rule(direction="in", source=net("10.92.0.0/16"), protocol="tcp"),
        )
    )
    assert chain(text, "in_a1")[:2] == [
        "ip saddr 10.92.0.0/16 meta l4proto icmp accept",
        "ip saddr 10.92.0.0/16 meta l4proto tcp accept",
    ]
