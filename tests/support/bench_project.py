"""A throw-away Pulumi project on the real engine: its own state, its own program, one plugin."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
REAL_PLUGIN = ROOT / "provider"
FAKE_PLUGIN = ROOT / "tests" / "support" / "fake_plugin"
QUICK = ROOT / "tests" / "support" / "quick"  # what the engine's runs load before anything else


def real_program(checkout: Path) -> str:
    """A checkout's own program, run in a project folder that is not the checkout."""
    return f"""
import runpy
runpy.run_path({str(checkout / "__main__.py")!r}, run_name="__main__")
"""


REAL_PROGRAM = real_program(ROOT)
PREAMBLE = """
import os, signal
signal.signal(signal.SIGINT, lambda *_: os._exit(1))
import pulumi
from pulumi import ResourceOptions
from components import resources
"""


@dataclass(frozen=True, slots=True)
class Finished:
    """What one run of the CLI printed, and how it ended."""

    status: int
    text: str

    def good(self) -> Finished:
        assert self.status == 0, self.text
        return self

    @property
    def told(self) -> dict[str, Any]:
        """The JSON that it printed, after whatever progress came before."""
        found: dict[str, Any] = json.loads(self.text[self.text.index("{\n") :])
        return found


class Project:
    """A project in `folder` with stack `t6`. `world` is where the fake plugin keeps its things."""

    patience = 1800.0  # seconds that one command may take

    def __init__(self, folder: Path, *, plugin: Path = FAKE_PLUGIN, name: str = "bench") -> None:
        self.folder = folder
        self.world = folder / "world"
        for made in (folder / "state", self.world, folder / "home"):
            made.mkdir(parents=True)
        (folder / "Pulumi.yaml").write_text(
            f"name: {name}\nruntime: python\nplugins:\n  providers:\n"
            f"    - name: fairway\n      path: {plugin}\n"
        )
        self.pulumi("stack", "init", "t6").good()

    def configure(self, config: dict[str, Any], *, stack: str = "t6") -> None:
        """Give the stack these `fairway:` keys."""
        file = self.folder / f"Pulumi.{stack}.yaml"
        held = yaml.safe_load(file.read_text())
        held["config"] = {f"fairway:{key}": value for key, value in config.items()}
        file.write_text(yaml.safe_dump(held))

    @property
    def environment(self) -> dict[str, str]:
        return {
            **{k: v for k, v in os.environ.items() if not k.startswith("PULUMI_")},
            "PATH": f"{ROOT / '.tools' / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": f"{QUICK}:{ROOT}",
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": (self.folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "bench",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
            "FAIRWAY_TEST_WORLD": str(self.world),
        }

    def program(self, text: str) -> None:
        (self.folder / "__main__.py").write_text(PREAMBLE + textwrap.dedent(text))

    def pulumi(self, *words: str, **extra: str) -> Finished:
        done = subprocess.run(
            ["pulumi", *words, "--non-interactive"],
            cwd=self.folder,
            env={**self.environment, **extra},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=self.patience,
            check=False,
        )
        return Finished(done.returncode, done.stdout)

    def start(self, *words: str) -> Running:
        return Running(
            subprocess.Popen(
                ["pulumi", *words, "--non-interactive"],
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )

    def up(self, *words: str, **extra: str) -> Finished:
        return self.pulumi("up", "--yes", "--skip-preview", *words, **extra)

    def preview(self) -> dict[str, list[str]]:
        """Names of the resources by what a preview would do to them; {} when nothing."""
        done = self.pulumi("preview", "--json").good()
        found: dict[str, list[str]] = {}
        for step in json.loads(done.text[done.text.index("{") :])["steps"]:
            if step["op"] not in {"same", "refresh"}:
                kind, name = step["urn"].split("::", 3)[2:]
                short = f"{kind.rsplit(':', 1)[-1]} {name}"
                found.setdefault(step["op"], []).append(short)
        return found

    def destroy(self) -> Finished:
        return self.pulumi("destroy", "--yes", "--skip-preview")

    def state(self) -> list[dict[str, Any]]:
        """The stack's resources, as the engine's file has them: an export starts the engine."""
        (file,) = (self.folder / "state" / ".pulumi" / "stacks").glob("*/t6.json")
        latest = json.loads(file.read_text())["checkpoint"].get("latest") or {}
        resources: list[dict[str, Any]] = latest.get("resources") or []
        return resources

    def resource(self, kind: str, name: str) -> dict[str, Any]:
        suffix = f":{kind}::{name}"
        (found,) = [each for each in self.state() if each["urn"].endswith(suffix)]
        return found

    def output(self, name: str) -> Any:
        return json.loads(self.pulumi("stack", "output", name, "--json").good().text)

    def files_that_hold(self, text: str, *, begins_a_word: bool = False) -> list[str]:
        """Names of the state's files, of now, of history and of backups, in which `text` stands.

        `begins_a_word`: not in the middle of base64. A cipher text holds any four characters in
        one of some hundred states.
        """
        pattern = re.compile((r"(?<![A-Za-z0-9+/])" if begins_a_word else "") + re.escape(text))
        files = [each for each in (self.folder / "state").rglob("*") if each.is_file()]
        assert files, f"no state in {self.folder}"
        return [each.name for each in files if pattern.search(each.read_text(errors="replace"))]

    def processes(self) -> dict[int, str]:
        """Live processes that belong to this project: pid -> command line."""
        mark = f"FAIRWAY_TEST_WORLD={self.world}"
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    if mark in (entry / "environ").read_text(errors="replace").split("\0"):
                        line = (entry / "cmdline").read_text().replace("\0", " ")
                        found[int(entry.name)] = line
                except OSError:
                    continue
        return {pid: line for pid, line in found.items() if line}


@dataclass(slots=True)
class Running:
    """A CLI at work. Started from Python and not from a shell, so that SIGINT reaches it."""

    process: subprocess.Popen[str]

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def says(self, text: str) -> None:
        """Wait until it has printed this; what it has printed by then is no part of its end."""
        assert self.process.stdout is not None
        assert any(text in line for line in self.process.stdout), f"it ended without {text!r}"

    def kill(self) -> None:
        self.process.kill()

    def end(self) -> Finished:
        text, _ = self.process.communicate(timeout=600)
        return Finished(self.process.returncode, text)
