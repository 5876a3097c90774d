"""Follow a packet through a host's own packet rules, as `iptables-save` prints them.

This reads what the kernel would do; it knows the matches that Docker, Swarm and Fairway use.
A rule with any other match counts as not matching, which is what almost every such rule does
to a probe's packet.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Network
from typing import Literal

State = Literal["NEW", "ESTABLISHED", "UNTRACKED"]
GOES_ON = {"LOG", "NFLOG", "MARK", "CONNMARK", "TCPMSS", "CT", "NOTRACK", "TRACE", "TTL"}
NO_VALUE = {"--notrack", "--log-ip-options", "--random", "--random-fully", "--clamp-mss-to-pmtu"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """A packet at one host. An empty interface name means that it starts or ends there."""

    source: IPv4Address
    destination: IPv4Address
    arrives: str
    leaves: str = ""
    protocol: str = "tcp"
    port: int = 0
    state: State = "NEW"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a chain decides, and the rule (or policy) that decided it, to show as evidence."""

    action: str
    evidence: str
    untracked: bool = False
    by_policy: bool = False

    @property
    def drops(self) -> bool:
        return self.action in {"DROP", "REJECT"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One `-A` line: its matches as (option, value, negated), and where it sends a match."""

    text: str
    matches: tuple[tuple[str, str, bool], ...]
    target: str
    returns: bool = True  # False for -g: what falls off the end does not come back here
    untracks: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """All tables of a host: policies and rules by (table, chain)."""

    policies: dict[tuple[str, str], str] = field(default_factory=dict)
    chains: dict[tuple[str, str], list[Rule]] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Rules:
        rules, table = cls(), ""
        for line in text.splitlines():
            if line.startswith("*"):
                table = line[1:].strip()
            elif line.startswith(":"):
                chain, policy = line[1:].split()[:2]
                rules.policies[table, chain] = policy
                rules.chains[table, chain] = []
            elif line.startswith("-A "):
                rules.chains.setdefault((table, line.split()[1]), []).append(parse_rule(line))
        return rules

    def walk(self, table: str, chain: str, packet: Packet) -> Verdict:
        """Give the verdict of a built-in chain; a chain that does not exist accepts."""
        verdict = self._chain(table, chain, packet)
        if verdict.action:
            return verdict
        policy = self.policies.get((table, chain), "ACCEPT")
        evidence = f"{table} {chain}: policy {policy}"
        return replace(verdict, action=policy, evidence=evidence, by_policy=True)

    def _chain(self, table: str, chain: str, packet: Packet) -> Verdict:
        untracked = False
        for rule in self.chains.get((table, chain), []):
            if not matches(rule, packet):
                continue
            untracked = untracked or rule.untracks
            if rule.target == "RETURN":
                break
            if (table, rule.target) not in self.chains:
                if rule.target and rule.target not in GOES_ON:
                    return Verdict(rule.target, f"{table}: {rule.text}", untracked)
                continue
            inner = self._chain(table, rule.target, packet)
            untracked = untracked or inner.untracked
            if inner.action:
                return replace(inner, untracked=untracked)
            if not rule.returns:
                break
        return Verdict("", "", untracked)


def parse_rule(line: str) -> Rule:
    """Read one line of `iptables-save` that begins with `-A CHAIN`."""
    target, returns, untracks = "", True, False
    found: list[tuple[str, str, bool]] = []
    for option, value, negated in _options(shlex.split(line)[2:]):
        if option in {"-j", "-g"}:
            target, returns = value, option == "-j"
        elif option == "--notrack":
            untracks = True
        elif not target and option not in {"-m", "--comment"}:
            found.append((option, value, negated))
    return Rule(line, tuple(found), target, returns, untracks or target == "NOTRACK")


def _options(words: list[str]) -> Iterator[tuple[str, str, bool]]:
    negated, at = False, 0
    while at < len(words):
        word = words[at]
        if word == "!":
            negated, at = True, at + 1
            continue
        lone = word in NO_VALUE or at + 1 == len(words)
        yield word, "" if lone else words[at + 1], negated
        # `--match-set NAME dst` has two values; the second one is read as a stray option.
        negated, at = False, at + (1 if lone else 2)


def matches(rule: Rule, packet: Packet) -> bool:
    """Tell whether every match of the rule holds for the packet."""
    return all(_holds(option, value, packet, negated) for option, value, negated in rule.matches)


def _holds(option: str, value: str, packet: Packet, negated: bool) -> bool:  # noqa: FBT001
    judge = MATCHES.get(option)
    return judge is not None and judge(value, packet) != negated


MATCHES: dict[str, Callable[[str, Packet], bool]] = {
    "-s": lambda value, packet: packet.source in IPv4Network(value, strict=False),
    "-d": lambda value, packet: packet.destination in IPv4Network(value, strict=False),
    "-i": lambda value, packet: _interface(value, packet.arrives),
    "-o": lambda value, packet: _interface(value, packet.leaves),
    "-p": lambda value, packet: value in {packet.protocol, "all"},
    "--dport": lambda value, packet: _port(value, packet.port),
    "--dports": lambda value, packet: any(_port(one, packet.port) for one in value.split(",")),
    "--ctstate": lambda value, packet: packet.state in value.split(","),
    "--state": lambda value, packet: packet.state in value.split(","),
}


def _interface(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("+") else name == pattern


def _port(span: str, port: int) -> bool:
    low, _, high = span.partition(":")
    return int(low) <= port <= int(high or low)
