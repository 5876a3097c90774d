"""A user's checkout: stacks and a state of its own, and `./fairway` works there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shutil import copy, copytree, ignore_patterns
from typing import Any

import yaml

from components.environment import read_environment
from components.plan import Plan, make_plan
from components.remote.command import Command
from components.remote.session import Sessions
from components.remote.way import endpoint
from lab.lab import Lab
from scripts.cli import state
from tests.support.bench_project import QUICK, ROOT, Finished
from tests.support.cloud_project import CloudProject

COPIED = ("Pulumi.yaml", "__main__.py", "fairway", "components", "lab", "provider", "scripts")
LINKED = (".venv", ".tools")
PATIENCE = 3600.0  # seconds that one command may take
ON_A_HOST = 600.0  # and one on a host


class Checkout:
    """A copy of this checkout in `folder` that holds one stack, and its own state.

    With a `project` its stand-in makes the cloud's resources.
    """

    def __init__(
        self,
        folder: Path,
        stack: str,
        config: Mapping[str, Any],
        *,
        project: CloudProject | None = None,
    ) -> None:
        self.folder, self.stack, self._project = folder, stack, project
        folder.mkdir(parents=True, exist_ok=True)
        for name in COPIED:
            _copy(name, folder)
        for name in LINKED:
            (folder / name).symlink_to(ROOT / name)
        self.configure(config)
        if project is not None:
            _add_plugin(folder / "Pulumi.yaml", project)
        self.run(
            sys.executable, "-c", "from scripts import workspace; workspace.make_backend()"
        ).good()

    @property
    def project(self) -> CloudProject:
        """The account that its stack is built in, where that is a stand-in's."""
        assert self._project is not None, "this stack is on no stand-in"
        return self._project

    @property
    def file(self) -> Path:
        """The stack's file."""
        return self.folder / "stacks" / f"Pulumi.{self.stack}.yaml"

    @property
    def config(self) -> dict[str, Any]:
        """What the stack's file says now, without the `fairway:` of its keys."""
        held = yaml.safe_load(self.file.read_text())["config"]
        return {key.removeprefix("fairway:"): value for key, value in held.items()}

    def configure(self, config: Mapping[str, Any]) -> None:
        """Write the stack's file; what the engine put beside its `config` stays."""
        held = yaml.safe_load(self.file.read_text()) if self.file.exists() else {}
        held["config"] = {f"fairway:{key}": value for key, value in config.items()}
        self.file.parent.mkdir(exist_ok=True)
        self.file.write_text(yaml.safe_dump(held, sort_keys=False))

    @property
    def plan(self) -> Plan:
        return make_plan(read_environment(self.config, stack=self.stack, source=str(self.file)))

    @property
    def environment(self) -> dict[str, str]:
        own = {k: v for k, v in os.environ.items() if not k.startswith("PULUMI_")}
        if self._project is not None:
            theirs = self._project.environment
            own |= {k: v for k, v in theirs.items() if not k.startswith("PULUMI_")}
        return {
            **own,
            "PATH": f"{ROOT / '.tools' / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": f"{QUICK}:{self.folder}",
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
        }

    def run(self, *words: str, **extra: str) -> Finished:
        """Run a command there; both its streams are the text."""
        done = subprocess.run(words, **self._there(extra), timeout=PATIENCE, check=False)
        return Finished(done.returncode, done.stdout)

    def start(self, *words: str, **extra: str) -> subprocess.Popen[str]:
        """Begin a command there, in a process group of its own, and do not wait for it."""
        return subprocess.Popen(
            words,
            **self._there(extra),
            start_new_session=True,
            # A shell's background jobs ignore the interrupt, and children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
        )

    def _there(self, extra: Mapping[str, str]) -> dict[str, Any]:
        """In which folder and environment a command runs, and where its words go."""
        return {
            "cwd": self.folder,
            "env": {**self.environment, **extra},
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.STDOUT,
            "text": True,
        }

    def fairway(self, *words: str, **extra: str) -> Finished:
        """Run `./fairway` with these words."""
        return self.run(str(self.folder / "fairway"), *words, **extra)

    def make(self, verb: str, **extra: str) -> Finished:
        """Run what `make up`, `down` or `preview` runs once everything is installed."""
        return self.run(sys.executable, "-m", "scripts.stack", verb, self.stack, **extra)

    def pulumi(self, *words: str) -> Finished:
        """Run the engine there, on the stack."""
        shell = [sys.executable, "-c", _PULUMI, *words, "--stack", self.stack, "--non-interactive"]
        return self.run(*shell)

    def deployed(self) -> state.Deployed:
        """What the stack's state says."""
        told = self.pulumi("stack", "export", "--show-secrets").good().text
        return state.parse(self.stack, json.loads(told))

    def sh(self, slot: str, *words: str) -> str:
        """Run a command on a host; its output."""
        deployed = self.deployed()
        address = str(self.plan.slot(slot).address)
        host = endpoint(deployed.seed, self.stack, slot, address, deployed.way)
        with Sessions.of(deployed.seed) as opened:
            return opened.to(host).run(Command.of(*words), timeout=ON_A_HOST).stdout


@contextmanager
def lab_checkout(folder: Path, stack: str, config: Mapping[str, Any]) -> Iterator[Checkout]:
    """A checkout whose stack is a lab of that name; nothing of the lab stays."""
    made = Checkout(folder, stack, config)
    try:
        yield made
    finally:
        Lab.open(stack).sweep()


_PULUMI = """
import subprocess, sys
from scripts import workspace
sys.exit(subprocess.call(["pulumi", *sys.argv[1:]], env=workspace.full_environment()))
"""


def _copy(name: str, folder: Path) -> None:
    if (ROOT / name).is_dir():
        copytree(ROOT / name, folder / name, ignore=ignore_patterns("__pycache__"))
    else:
        copy(ROOT / name, folder)


def _add_plugin(file: Path, project: CloudProject) -> None:
    held = yaml.safe_load(file.read_text())
    held["plugins"]["providers"].append({"name": project.cloud, "path": str(project.standin)})
    file.write_text(yaml.safe_dump(held, sort_keys=False))
