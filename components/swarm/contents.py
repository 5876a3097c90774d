"""What a Swarm holds: nodes, services, networks, secrets and configs, as facts to compare.

A fact is a name and a text, `service web: Mode.Replicated.Replicas` and `3`. Two Swarms hold the
same when their facts are the same. What a secret holds nobody can read; its id is the fact, which
only the same Swarm's own state brings back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from components.swarm.engine_api import get
from components.swarm.managers import Managers
from components.swarm.model import KEYS_LABEL

Facts = Mapping[str, str]

_PATHS: Final = {
    "nodes": "/nodes",
    "services": "/services",
    "networks": '/networks?filters={"scope":["swarm"]}',
    "secrets": "/secrets",
    "configs": "/configs",
}
OPERATION: Final = "fairway-"  # configs of our own come and go


def contents(managers: Managers) -> dict[str, str]:
    """Ask a standing manager what the Swarm holds.

    Raises:
        CommandFailed: No manager has a leader to ask.
        HostUnreachable: No manager answered.
    """
    return read_contents(get(managers, _PATHS))


def read_contents(told: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, str]:
    """The facts in what Docker's API answered to `/nodes`, `/services` and so on."""
    return {
        **_named("node", _by_host(told["nodes"]), _node),
        **_named("service", _by_name(told["services"]), lambda each: each["Spec"]),
        **_named("network", {each["Name"]: each for each in told["networks"]}, _network),
        **_named("secret", _by_name(told["secrets"]), _secret),
        **_named("config", _by_name(told["configs"]), _config),
    }


def _by_name(items: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    named = {each["Spec"]["Name"]: each for each in items}
    return {name: each for name, each in named.items() if not name.startswith(OPERATION)}


def _by_host(nodes: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The nodes by slot; of several with one name the one that is not down."""
    down_first = sorted(nodes, key=lambda node: node["Status"]["State"] != "down")
    return {node["Description"]["Hostname"]: node for node in down_first}


def _node(node: Mapping[str, Any]) -> Mapping[str, Any]:
    spec = node["Spec"]
    labels = {key: value for key, value in spec.get("Labels", {}).items() if key != KEYS_LABEL}
    return {
        "role": spec["Role"],
        "availability": spec["Availability"],
        "state": node["Status"]["State"],
        "address": node["Status"].get("Addr", ""),
        "docker": node["Description"]["Engine"]["EngineVersion"],
        "label": labels,
    }


def _network(network: Mapping[str, Any]) -> Mapping[str, Any]:
    ranges = [each.get("Subnet", "") for each in network["IPAM"].get("Config") or []]
    return {"driver": network["Driver"], "ranges": ranges, "options": network["Options"] or {}}


def _secret(secret: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"id": secret["ID"], "label": secret["Spec"].get("Labels") or {}}


def _config(config: Mapping[str, Any]) -> Mapping[str, Any]:
    data = str(config["Spec"].get("Data", ""))
    digest = hashlib.sha256(data.encode()).hexdigest()
    return {"data (SHA-256)": digest, "label": config["Spec"].get("Labels") or {}}


def _named(kind: str, items: Mapping[str, Any], facts_of: Any) -> dict[str, str]:
    return {
        f"{kind} {name}: {path}": text
        for name, each in items.items()
        for path, text in _flat(facts_of(each))
    }


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The leaves of a JSON value, each with the dotted path to it."""
    if isinstance(value, Mapping):
        for key in sorted(value):
            yield from _flat(value[key], f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _flat(each, f"{path}[{index}]")
    else:
        yield path, str(value)
