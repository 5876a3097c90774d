"""A stack of the bench's own: this checkout's program, another folder, state and lab."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from components.environment import read_stack_file
from components.plan import Plan, make_plan
from lab.lab import Lab
from scripts import workspace
from scripts.cli import state
from scripts.workspace import ROOT

SHARED = ("Pulumi.yaml", "__main__.py", "components", "lab", "provider", "scripts", ".venv")
NAME = "bench"
RANGES = (98, 228)  # second octets of the VPC and of the containers


def configuration(
    hosts: Mapping[str, tuple[int, int]], ranges: tuple[int, int] = RANGES
) -> dict[str, Any]:
    """A lab stack with managers and workers by zone, in ranges that no other stack here uses."""
    vpc, own = ranges
    zones = [
        {"name": zone, "subnet": f"10.{vpc}.{16 * i}.0/20", "containers": f"10.{own}.{64 * i}.0/18"}
        for i, zone in enumerate(sorted(hosts))
    ]
    pools = [
        {
            "name": role + "s",
            "role": role,
            "first": first,
            "size": 20,
            "hosts": {zone: counts[index] for zone, counts in hosts.items()},
        }
        for index, (role, first) in enumerate((("manager", 1), ("worker", 30)))
        if any(counts[index] for counts in hosts.values())
    ]
    return {
        "fairway:cloud": "lab",
        "fairway:network": {
            "vpc": f"10.{vpc}.0.0/16",
            "containers": f"10.{own}.0.0/16",
            "zones": zones,
        },
        "fairway:pools": pools,
        "fairway:survivable": False,
        "fairway:lab": {"uplink": f"10.76.{vpc}.0/30"},
    }


class World:
    """`with World(configuration(...)) as world: world.up()`; at the end nothing is left of it."""

    def __init__(self, config: Mapping[str, Any], name: str = NAME) -> None:
        self.name = name
        self.folder = Path(tempfile.mkdtemp(prefix="fairway-bench-"))
        for part in SHARED:
            (self.folder / part).symlink_to(ROOT / part)
        stacks = self.folder / "stacks"
        stacks.mkdir()
        self._file = stacks / f"Pulumi.{name}.yaml"
        self._file.write_text(yaml.safe_dump({"config": dict(config)}))
        self.plan: Plan = make_plan(read_stack_file(self._file))
        (self.folder / "state").mkdir()
        self._environment = {
            **workspace.full_environment(),
            "PULUMI_BACKEND_URL": (self.folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "bench",  # this state lives minutes, owner only
        }
        self._environment.pop("PULUMI_CONFIG_PASSPHRASE_FILE", None)

    def __enter__(self) -> Self:
        self.pulumi("stack", "init", self.name)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self.pulumi("destroy", "--yes", "--skip-preview", "--stack", self.name)
        finally:
            Lab.open(self.name, recover=False).down(lambda _: None)
            shutil.rmtree(self.folder, ignore_errors=True)

    def up(self) -> float:
        """Run `pulumi up` as a user does; returns its seconds."""
        began = time.monotonic()
        self.pulumi("up", "--yes", "--stack", self.name)
        return time.monotonic() - began

    def deployed(self) -> state.Deployed:
        told = self.pulumi("stack", "export", "--show-secrets", "--stack", self.name)
        return state.parse(self.name, json.loads(told))

    def pulumi(self, *words: str) -> str:
        """Run the engine; its standard output. Ends the bench with what it said on failure."""
        done = subprocess.run(
            ["pulumi", *words, "--non-interactive"],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SystemExit(f"pulumi {words[0]} failed:\n{done.stdout}{done.stderr}")
        return done.stdout


def computer() -> dict[str, Any]:
    """What a figure depends on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "kernel": os.uname().release,
        "measured": time.strftime("%Y-%m-%d", time.gmtime()),
    }
