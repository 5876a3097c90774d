"""What the engine's state says about a stack, whether its last `up` ended well or not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from components.config.model import Keys
from components.errors import SetupError
from components.remote.command import Secret
from scripts import stack as engine

SECRET_MARK = "4dabf18193072939515e22adb298388d"  # noqa: S105  (the engine's name for "a secret follows")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """The parts of a stack's state that tools need. Ids are by slot name.

    `question` is what the stack's verify resource asks: hosts, network, and where the cloud's
    tables are; empty before an `up` came that far. `answer` is its report, `report` that as text.
    `way` is how hosts are reached (components/remote/way.py), `billed` what the cloud counts.
    `seed` is the keyring (components/remote/keys.py) of the generations in `keys`; `seeds` are all
    that were ever drawn, by generation: what was encrypted for a former one is read with it.
    `unlock` opens managers that autolock has locked. `duties` is what each host's node was told
    and has put there.
    `replaced_in` are the seconds for which hosts were away when they were last replaced.
    """

    seed: Secret
    machines: Mapping[str, str]
    nodes: Mapping[str, str]
    roles: Mapping[str, str]
    swarm: str
    question: Mapping[str, Any]
    answer: Mapping[str, Any]
    report: str
    way: Mapping[str, str]
    billed: Mapping[str, Any]
    unlock: Secret | None = None
    keys: Keys = field(default_factory=Keys)
    seeds: Mapping[int, Secret] = field(default_factory=dict)
    duties: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    replaced_in: tuple[float, ...] = ()


def read(stack: str) -> Deployed:
    """Read a stack's state through the engine, with its secrets.

    Raises:
        SetupError: There is no such stack, or nothing stands yet.
    """
    exported = engine.quietly(["stack", "export", "--show-secrets", "--stack", stack])
    if exported.returncode != 0:
        raise SetupError(
            where=f"stack {stack}",
            what="it never stood here, or its state cannot be read",
            found=exported.stderr.strip().removeprefix("error: "),
            hint=f"run: make up STACK={stack}",
        )
    return parse(stack, json.loads(exported.stdout))


def parse(stack: str, exported: Mapping[str, Any]) -> Deployed:
    """Pick the parts out of what `pulumi stack export --show-secrets` printed."""
    resources = list(_resources(exported))
    identity = _first(resources, "fairway:host:Identity")
    if "seed" not in identity.get("outputs", {}):
        raise SetupError(
            where=f"stack {stack}", what="nothing stands yet", hint=f"run: make up STACK={stack}"
        )
    nodes = {_name(each): each["outputs"] for each in _of(resources, "fairway:swarm:Node")}
    report = _first(resources, "fairway:verify:Report")
    return Deployed(
        seed=Secret(identity["outputs"]["seed"]),
        machines={name: each["machine"] for name, each in nodes.items() if "machine" in each},
        nodes={name: each.get("node", "") for name, each in nodes.items()},
        roles={name: each.get("role", "") for name, each in nodes.items()},
        swarm=next((each["swarm"] for each in nodes.values() if each.get("swarm")), ""),
        question=report.get("inputs", {}),
        answer=report.get("outputs", {}).get("report") or {},
        report=report.get("outputs", {}).get("summary", ""),
        way=_way(resources),
        billed=_first(resources, "pulumi:pulumi:Stack").get("outputs", {}).get("billed") or {},
        unlock=_unlock(nodes),
        keys=_keys(identity.get("inputs", {})),
        seeds=_seeds(identity["outputs"]),
        duties={name: _told(each) for name, each in nodes.items()},
        replaced_in=tuple(each["replacedIn"] for each in nodes.values() if "replacedIn" in each),
    )


def _told(node: Mapping[str, Any]) -> dict[str, Any]:
    return {name: node[name] for name in ("mtu", "backup", "comeback") if node.get(name)}


def _unlock(nodes: Mapping[str, Mapping[str, Any]]) -> Secret | None:
    held = next((each["unlock"] for each in nodes.values() if each.get("unlock")), "")
    return Secret(held) if held else None


def _keys(inputs: Mapping[str, Any]) -> Keys:
    generation, accept = inputs.get("generation", 1), inputs.get("accept", ())
    return Keys(generation=int(generation), accept=tuple(int(number) for number in accept))


def _seeds(outputs: Mapping[str, Any]) -> dict[int, Secret]:
    """A state of before generations has the first alone."""
    held = outputs.get("seeds") or {"1": outputs["seed"]}
    return {int(number): Secret(seed) for number, seed in held.items()}


def _way(resources: list[dict[str, Any]]) -> dict[str, str]:
    """The way to hosts, as the first resource knows it that takes one.

    It is needed most where a host's first boot failed, and no later resource is there then.
    """
    for kind in ("swarm:Quorum", "host:FirstBoot", "swarm:Node", "verify:Report"):
        led = _first(resources, f"fairway:{kind}").get("inputs", {}).get("way")
        if led:
            return dict(led)
    return {}


def _resources(exported: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The living resources, their secrets in clear."""
    for each in (exported.get("deployment") or {}).get("resources") or []:
        if not each.get("delete"):
            found: dict[str, Any] = _clear(each)
            yield found


def _clear(value: Any) -> Any:
    if isinstance(value, dict):
        if SECRET_MARK in value:
            return json.loads(value["plaintext"])
        return {key: _clear(each) for key, each in value.items()}
    return [_clear(each) for each in value] if isinstance(value, list) else value


def _of(resources: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [each for each in resources if each["type"] == kind and "outputs" in each]


def _first(resources: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(iter(_of(resources, kind)), {})


def _name(resource: Mapping[str, Any]) -> str:
    return str(resource["urn"]).rpartition("::")[2]
