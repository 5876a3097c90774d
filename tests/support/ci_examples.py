"""The CI examples as a CI runs them: steps by bash, and the outside by stand-ins that note it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.support.bench_project import ROOT, Finished

EXAMPLES = ROOT / "examples" / "ci"
GITHUB = EXAMPLES / "github"
GITLAB = EXAMPLES / "gitlab" / "fairway.gitlab-ci.yml"
STUBS = ROOT / "tests" / "support" / "ci_stubs.py"
PROGRAMS = ("apt-get", "curl", "gh", "jq", "make")
SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")


def workflow(name: str) -> dict[str, Any]:
    """A workflow of the GitHub examples; YAML calls its key `on` true."""
    told: dict[Any, Any] = yaml.safe_load((GITHUB / name).read_text())
    return {"on": told.pop(True), **told}


def gitlab() -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load(GITLAB.read_text())
    return told


@dataclass
class Runner:
    """Runs a job's shell steps in `folder`, where `./fairway` is; `env` is what they inherit.

    `known` are the values of the expressions that the jobs ask for. `answers` are what `gh` says to
    a call that holds a text, and `shown` is the folder that it downloads.
    """

    folder: Path
    tools: Path
    env: Mapping[str, str]
    known: dict[str, str] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    shown: Path | None = None

    def __post_init__(self) -> None:
        self.tools.mkdir(parents=True, exist_ok=True)
        for name in PROGRAMS:
            program = self.tools / name
            program.write_text(f'#!/bin/sh\nexec {sys.executable} {STUBS} {name} "$@"\n')
            program.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        """Every call of a stand-in, its words joined."""
        file = self.tools / "calls"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def summary(self) -> str:
        return (self.tools / "summary").read_text()

    def github(self, file: str, job: str) -> Finished:
        """Run a job of a workflow, its shell steps alone; artifacts are the caller's to carry."""
        told = workflow(file)["jobs"][job]
        done, text = 0, ""
        for step in told["steps"]:
            if "run" not in step or not self._wanted(step.get("if", ""), failed=done != 0):
                continue
            words = {**told.get("env", {}), **step.get("env", {})}
            ran = self.shell(step["run"], {k: self.filled(v) for k, v in words.items()})
            self._outputs(step.get("id", ""))
            done, text = done or ran.status, text + ran.text
        return Finished(done, text)

    def gitlab(self, job: str, **variables: str) -> Finished:
        """Run a job's script, after that of what it extends."""
        told = gitlab()
        base = told.get(told[job].get("extends", ""), {})
        words = {**base.get("variables", {}), **told[job].get("variables", {})}
        env = {k: os.path.expandvars(str(v)) for k, v in words.items()} | variables
        lines = [*base.get("before_script", ()), *_flat(told[job]["script"])]
        return self.shell("\n".join(lines), env)

    def shell(self, script: str, env: Mapping[str, str]) -> Finished:
        done = subprocess.run(
            [*SHELL, script],
            cwd=self.folder,
            env={**self.env, **env, **self._own()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=3600,
            check=False,
        )
        return Finished(done.returncode, done.stdout)

    def filled(self, text: str) -> str:
        """The text with its expressions' values; one that nobody knows is a KeyError."""
        return re.sub(r"\$\{\{ (.+?) \}\}", lambda found: self.known[found[1]], str(text))

    def _own(self) -> dict[str, str]:
        answers = "\n".join(f"{call}\t{said}" for call, said in self.answers.items())
        return {
            "PATH": f"{self.tools}:{self.env['PATH']}",
            "GITHUB_STEP_SUMMARY": str(self.tools / "summary"),
            "GITHUB_OUTPUT": str(self.tools / "output"),
            "GITHUB_REPOSITORY": "team/infra",
            "GITHUB_SHA": "0" * 40,
            "STUB_CALLS": str(self.tools / "calls"),
            "STUB_ANSWERS": answers,
            "STUB_SHOWN": str(self.shown or ""),
        }

    def _wanted(self, condition: str, *, failed: bool) -> bool:
        if condition == "failure()":
            return failed
        asked = re.fullmatch(r"(\S+) == '(\w+)'", condition)
        return not failed and (asked is None or self.known.get(asked[1], "") == asked[2])

    def _outputs(self, step: str) -> None:
        file = self.tools / "output"
        for line in file.read_text().splitlines() if file.exists() else ():
            name, _, value = line.partition("=")
            self.known[f"steps.{step}.outputs.{name}"] = value
        file.unlink(missing_ok=True)


def _flat(script: list[Any]) -> list[str]:
    """A script's lines; an anchor among them is a list of its own."""
    return [line for each in script for line in (each if isinstance(each, list) else [each])]
