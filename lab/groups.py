"""Source/destination check and security groups: one nftables file for the router, pure text.

The check comes first and knows each machine's port, address and prefixes. Then, for new
connections only, the sender's groups must let the packet out and the receiver's must let it in.
The router's connection tracking is its own: that hosts do not track their containers' packets does
not matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network

from lab import names
from lab.model import Direction, Rule
from lab.state import MachineRecord, State

TABLE = "vpc"


def render(state: State) -> str:
    """Write the router's whole table; loading it replaces the old one at once."""
    machines = sorted(state.machines.values(), key=lambda record: record.spec.name)
    body = [
        *_counters(machines),
        *_check(state, machines),
        *_members(state, machines),
        *(line for machine in machines for line in _chains(state, machine)),
        *_decide(machines),
    ]
    inside = "\n".join(f" {line}" for line in body)
    return f"table ip {TABLE}\ndelete table ip {TABLE}\ntable ip {TABLE} {{\n{inside}\n}}\n"


def word(name: str) -> str:
    """Turn a name into one nftables accepts; "_" is in none of ours, so no two become one."""
    return name.replace("-", "_")


def _counters(machines: Iterable[MachineRecord]) -> list[str]:
    kinds = ("source", "destination", "group_in", "group_out")
    return [f"counter {kind}_{word(m.spec.name)} {{ }}" for m in machines for kind in kinds]


def _check(state: State, machines: list[MachineRecord]) -> list[str]:
    checked = [_port(m) for m in machines if m.spec.source_dest_check]
    own = [f"{_port(m)} . {m.spec.address}" for m in machines]
    delivered = [
        f"{_port(m)} . {prefix}"
        for m in machines
        if (held := state.prefixes.get(str(m.spec.address)))
        for prefix in held.prefixes
    ]
    intervals = "; flags interval" if delivered else ""
    return [
        _set("checked", "ifname", checked),
        _set("own", f"ifname . ipv4_addr{intervals}", own + delivered),
        "chain check_source {",
        " type filter hook prerouting priority raw; policy accept;",
        *_drop("iifname @checked iifname . ip saddr != @own", "iifname", machines, "source"),
        "}",
        "chain check_destination {",
        " type filter hook forward priority filter - 10; policy accept;",
        *_drop("oifname @checked oifname . ip daddr != @own", "oifname", machines, "destination"),
        "}",
    ]


def _drop(match: str, side: str, machines: Iterable[MachineRecord], kind: str) -> list[str]:
    counters = ", ".join(f'{_port(m)} : "{kind}_{word(m.spec.name)}"' for m in machines)
    return [f" {match} counter name {side} map {{ {counters} }} drop"] if counters else []


def _members(state: State, machines: Iterable[MachineRecord]) -> list[str]:
    """Write one set per group with its members' own addresses: containers' are no members."""
    members: dict[str, list[str]] = {name: [] for name in sorted(state.groups)}
    for machine in machines:
        for group in machine.spec.groups:
            members[group].append(str(machine.spec.address))
    return [_set(f"members_{word(n)}", "ipv4_addr", found) for n, found in members.items()]


def _chains(state: State, machine: MachineRecord) -> list[str]:
    """Write what one machine may receive and send; a group without a rule "out" lets all out."""
    name = word(machine.spec.name)
    groups = [state.groups[group] for group in machine.spec.groups]
    inward = [rule for group in groups for rule in group.rules if rule.direction == "in"]
    outward = [[rule for rule in g.rules if rule.direction == "out"] for g in groups]
    free = not all(outward) or not outward
    sends = [] if free else [_match(rule) for rules in outward for rule in rules]
    return [
        f"chain in_{name} {{",
        *_unique(f" {_match(rule)} accept" for rule in inward),
        f" counter name group_in_{name} drop",
        "}",
        f"chain out_{name} {{",
        *([" return"] if free else _unique(f" {match} return" for match in sends)),
        *([] if free else [f" counter name group_out_{name} drop"]),
        "}",
    ]


def _decide(machines: list[MachineRecord]) -> list[str]:
    senders = [f"{_port(m)} : jump out_{word(m.spec.name)}" for m in machines]
    receivers = [f"{_port(m)} : goto in_{word(m.spec.name)}" for m in machines]
    return [
        "chain groups {",
        " type filter hook forward priority filter; policy accept;",
        " ct state vmap { established : accept, related : accept, invalid : drop }",
        *([f" iifname vmap {{ {', '.join(senders)} }}"] if senders else []),
        *([f" oifname vmap {{ {', '.join(receivers)} }}"] if receivers else []),
        "}",
    ]


def _match(rule: Rule) -> str:
    return " ".join(word for word in (_peer(rule.direction, rule.source), _what(rule)) if word)


def _peer(direction: Direction, peer: IPv4Network | str) -> str:
    side = "saddr" if direction == "in" else "daddr"
    if isinstance(peer, str):
        return f"ip {side} @members_{word(peer)}"
    return f"ip {side} {peer}" if peer.prefixlen else ""


def _what(rule: Rule) -> str:
    if rule.protocol == "any":
        return ""
    if rule.ports is None:
        return f"meta l4proto {rule.protocol}"
    low, high = rule.ports
    return f"{rule.protocol} dport {low}-{high}" if low != high else f"{rule.protocol} dport {low}"


def _port(machine: MachineRecord) -> str:
    return f'"{names.port(machine.spec.name)}"'


def _set(name: str, kind: str, elements: list[str]) -> str:
    held = f" elements = {{ {', '.join(elements)} }}" if elements else ""
    return f"set {name} {{ type {kind};{held} }}"


def _unique(lines: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(lines))
