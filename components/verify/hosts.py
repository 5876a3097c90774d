"""Every host's own part of the network against the plan: packet rules and the routed bridge.

A probe finds what stops packets now; this finds what is wrong and stops none yet.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from components.host.names import ROUTED_CONFIG, RULES_SCRIPT
from components.swarm.steps import MTU_OPTION, routed_options
from components.verify.crew import Crew, at_once, succeeded
from components.verify.model import Deviation, Target
from components.verify.scripts import HOST, sections

PATIENCE: Final = 20.0
SETTLES: Final = 1.5  # seconds until a bridge that comes or goes has done so


def deviations(crew: Crew, mtu: Mapping[str, int]) -> tuple[Deviation, ...]:
    """Look at all hosts at once; `mtu` is the routed network's by host.

    A host that does not answer says nothing here: it takes no part in the proof, which names it.
    """

    def one(name: str) -> list[Deviation]:
        arguments = (RULES_SCRIPT, ROUTED_CONFIG, str(crew.hosts[name].containers))
        text = crew.shell(name, HOST, *arguments, timeout=PATIENCE).stdout
        return list(judge(crew.hosts[name], mtu[name], text))

    told = succeeded(at_once(mtu, one))
    # A bridge is down for a moment when its first container comes or its last one goes.
    doubtful = [name for name, found in told.items() if any(map(_of_bridge, found))]
    if doubtful:
        time.sleep(SETTLES)
        told |= succeeded(at_once(doubtful, one))
    return tuple(each for found in told.values() for each in found)


def _of_bridge(found: Deviation) -> bool:
    return found.kind == "bridge"


def judge(host: Target, mtu: int, text: str) -> Iterator[Deviation]:
    """Compare what scripts.HOST printed with the plan."""
    part = sections(text)
    lacking = "; ".join(part.get("rules", "").splitlines())
    if lacking:
        yield Deviation(
            kind="packet-rules",
            where=host.name,
            found=f"missing: {lacking}",
            wanted="Fairway's packet rules, all of them",
            repair="run `pulumi up`, which puts them back",
            about=host.name,
        )
    yield from _config(host, mtu, part.get("network", ""))
    for link in _links(part.get("bridge", "")):
        yield from _bridge(host, mtu, link)


def _config(host: Target, mtu: int, text: str) -> Iterator[Deviation]:
    network = _object(text)
    options = network.get("Options") or {}
    subnets = [each.get("Subnet") for each in network.get("Ranges") or []]
    if subnets == [str(host.containers)] and options == routed_options(mtu):
        return
    found = f"{', '.join(map(str, subnets))} {_shown(options)}" if network else "no such network"
    yield Deviation(
        kind="bridge",
        where=f"network {ROUTED_CONFIG} of {host.name}",
        found=found.strip(),
        wanted=f"{host.containers} {_shown(routed_options(mtu))}",
        repair=f"move what is on it off {host.name}, then run `pulumi up`, which makes it anew",
        about=host.name,
    )


def _object(text: str) -> Mapping[str, Any]:
    """What Docker showed of the network; of one that is not there it shows something else."""
    try:
        shown = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return shown if isinstance(shown, dict) else {}


def _shown(options: Mapping[str, str]) -> str:
    return " ".join(f"{key.rpartition('.')[2]}={options[key]}" for key in sorted(options))


def _links(text: str) -> list[Mapping[str, Any]]:
    """The links that hold the host's container range; none while no container is on it."""
    try:
        found: list[Mapping[str, Any]] = [each for each in json.loads(text or "[]") if each]
    except json.JSONDecodeError:
        return []
    return found


def _bridge(host: Target, mtu: int, link: Mapping[str, Any]) -> Iterator[Deviation]:
    name, up = link["ifname"], "UP" in link.get("flags", ())
    if up and link["mtu"] == mtu:
        return
    yield Deviation(
        kind="bridge",
        where=f"bridge {name} of {host.name}",
        found=f"{'up' if up else 'down'}, {MTU_OPTION.rpartition('.')[2]} {link['mtu']}",
        wanted=f"up, mtu {mtu}",
        repair=f"run `ip link set {name} up mtu {mtu}` on {host.name}, or replace the host",
        about=host.name,
    )
