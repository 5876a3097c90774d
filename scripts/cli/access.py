"""Ways in: SSH files with pinned keys, and a docker that uses them and nothing of the user's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.outputs import SSH_CONFIG, Bastion, door, inventory, write_access
from components.plan import Plan
from components.remote.keys import host_keys, operator_keys
from scripts.cli.state import Deployed
from scripts.workspace import FAIRWAY

WRAPPER = """\
#!/bin/sh
# docker runs the ssh that it finds first on PATH and cannot be told of a configuration file.
folder=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
PATH=$(printf %s "$PATH" | tr : '\\n' | grep -Fxv "$folder/bin" | paste -sd:)
exec ssh -F "$folder/ssh_config" "$@"
"""


def folder_of(stack: str) -> Path:
    """Where a stack's files are: `.fairway/<stack>`, for its owner alone."""
    return FAIRWAY / stack


def facts(plan: Plan, deployed: Deployed) -> dict[str, Any]:
    """The stack's inventory, ids included."""
    return inventory(plan, swarm=deployed.swarm, machines=deployed.machines, nodes=deployed.nodes)


def write(stack: str, plan: Plan, deployed: Deployed) -> Path:
    """Write everything that lets a person or a program in, and return its folder."""
    folder = folder_of(stack)
    keys = {slot.name: host_keys(deployed.seed, slot.name) for slot in plan.slots}
    write_access(
        folder,
        plan,
        host_keys=keys,
        operator_keys=operator_keys(deployed.seed),
        facts=facts(plan, deployed),
        door=door(deployed.seed, deployed.way),
    )
    _write_docker(folder, plan)
    return folder


def _write_docker(folder: Path, plan: Plan) -> None:
    """A docker configuration of its own with one context, and the ssh that it has to use.

    The files are what `docker context create` and `docker context use` write, so that the
    context is there before a docker client is.
    """
    name = f"fairway-{plan.environment}"
    manager = f"{plan.managers[0].name}.{plan.environment}"
    endpoint = {"Host": f"ssh://root@{manager}", "SkipTLSVerify": False}
    meta = {"Name": name, "Metadata": {}, "Endpoints": {"docker": endpoint}}
    home = folder / "docker"
    context = home / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    context.mkdir(parents=True, exist_ok=True)
    (context / "meta.json").write_text(json.dumps(meta))
    (home / "config.json").write_text(json.dumps({"currentContext": name}))
    wrapper = folder / "bin" / "ssh"
    wrapper.parent.mkdir(exist_ok=True)
    wrapper.write_text(WRAPPER)
    wrapper.chmod(0o755)


def docker_environment(stack: str, base: Mapping[str, str]) -> dict[str, str]:
    """What a shell exports so that plain `docker` speaks to the stack's first manager."""
    folder = folder_of(stack)
    return {"DOCKER_CONFIG": str(folder / "docker"), "PATH": f"{folder / 'bin'}:{base['PATH']}"}


def names(plan: Plan, deployed: Deployed) -> list[str]:
    """The hosts that `ssh` knows after `write`: every slot's, and the bastion."""
    led = door(deployed.seed, deployed.way)
    return [slot.name for slot in plan.slots] + ([led.name] if isinstance(led, Bastion) else [])


def ssh_words(stack: str, host: str, words: tuple[str, ...]) -> list[str]:
    return ["ssh", "-F", str(folder_of(stack) / SSH_CONFIG), host, *words]
