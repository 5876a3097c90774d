"""A checkout whose lab, hosts and Swarm are entries in files, and `./fairway roll` over them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.support.bench_project import FAKE_PLUGIN, QUICK, ROOT, Finished
from tests.support.checkout import Checkout
from tests.support.plugin_world import World

ROLL = (sys.executable, "-m", "tests.support.fake_roll_main", "roll")


FAIRWAY = f"""#!/bin/sh
exec {sys.executable} -m tests.support.fake_roll_main "$@"
"""


class WorldCheckout(Checkout):
    """As a Checkout; its plugin keeps what it makes in `world`.

    With a `team`, a folder, world and state are there, for its other checkouts as well, and `user`
    is who works in this one.
    """

    def __init__(
        self,
        folder: Path,
        stack: str,
        config: Mapping[str, Any],
        *,
        team: Path | None = None,
        user: str = "",
    ) -> None:
        self._team, self._user = team, user
        self._things = (team or folder) / "world"
        self._things.mkdir(parents=True, exist_ok=True)
        super().__init__(folder, stack, config)
        (folder / "fairway").write_text(FAIRWAY)
        file = folder / "Pulumi.yaml"
        held = yaml.safe_load(file.read_text())
        held["plugins"]["providers"] = [{"name": "fairway", "path": str(FAKE_PLUGIN)}]
        file.write_text(yaml.safe_dump(held, sort_keys=False))

    @property
    def world(self) -> World:
        return World(self._things)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **super().environment,
            "FAIRWAY_TEST_WORLD": str(self._things),
            "PYTHONPATH": f"{QUICK}:{self.folder}:{ROOT}",
            **self._shared(),
        }

    def _shared(self) -> dict[str, str]:
        if self._team is None:
            return {}
        state = self._team / "state"
        state.mkdir(exist_ok=True)
        backend = {"PULUMI_BACKEND_URL": state.as_uri(), "PULUMI_CONFIG_PASSPHRASE": "shared"}
        return {**backend, "LOGNAME": self._user}

    def roll(self, *words: str, **extra: str) -> Finished:
        """Run `./fairway roll` without being asked."""
        return self.run(*ROLL, self.stack, "--yes", *words, **extra)

    def turns(self) -> list[str]:
        """The hosts in the order in which their machines were made or joined again."""
        acts = [act.split() for act in self.world.acts()]
        return [act[2] for act in acts if act[:2] == ["join", "Node"]]
