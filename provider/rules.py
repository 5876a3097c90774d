"""Security group rules as maps of a property map, and as the lab's own values."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network

from components.errors import ConfigError, FairwayError
from lab.model import Rule
from provider.schema import CIDR, NUMBER, TEXT
from provider.wire import Values

_WORDS: Mapping[str, tuple[str, ...]] = {
    "direction": ("in", "out"),
    "protocol": ("tcp", "udp", "icmp", "any"),
}


def rule_faults(where: str, rule: Values) -> list[FairwayError]:
    """Every fault of one security group rule as a map."""
    found = [
        ConfigError(
            where=where, what="unknown key", found=repr(key), wanted=_rule_keys(), hint="correct it"
        )
        for key in rule
        if key not in {*_WORDS, "source", "ports"}
    ]
    for key, words in _WORDS.items():
        if rule.get(key) not in words:
            given = repr(rule.get(key, ""))
            wanted = f"one of {', '.join(words)}"
            error = ConfigError(
                where=where, what=f"wrong {key}", found=given, wanted=wanted, hint=f"correct {key}"
            )
            found.append(error)
    if not TEXT.fits(rule.get("source")):
        found.append(
            ConfigError(
                where=where,
                what="the rule names no source",
                wanted="a CIDR or the name of a security group",
                hint="give source",
            )
        )
    return found + _port_faults(where, rule)


def _rule_keys() -> str:
    return ", ".join((*_WORDS, "source", "ports"))


def _port_faults(where: str, rule: Values) -> list[FairwayError]:
    ports = rule.get("ports")
    if ports is None:
        return []
    numbers = isinstance(ports, list) and len(ports) == 2 and all(map(NUMBER.fits, ports))
    if numbers and 0 <= ports[0] <= ports[1] <= 65535 and rule.get("protocol") in {"tcp", "udp"}:
        return []
    return [
        ConfigError(
            where=where,
            what="wrong ports",
            found=f"{ports} of protocol {rule.get('protocol')}",
            wanted="the lowest and the highest port, of tcp or udp",
            hint="correct ports, or leave them out for all",
        )
    ]


def rule(values: Values) -> Rule:
    source, ports = values["source"], values.get("ports")
    return Rule(
        direction=values["direction"],
        protocol=values["protocol"],
        source=IPv4Network(source) if CIDR.fits(source) else source,
        ports=(ports[0], ports[1]) if ports else None,
    )


def rule_values(rule: Rule) -> Values:
    ports = {"ports": list(rule.ports)} if rule.ports else {}
    side = {"direction": rule.direction, "protocol": rule.protocol}
    return {**side, "source": str(rule.source), **ports}
