"""A stack on a cloud is run from a Mac too: nothing on its path needs Linux, or the lab."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from provider.offered import resource_types
from tests.support.source import ROOT, modules, name_of

CLOUDS = ("aws", "alicloud")
TYPES = [token for token in resource_types() if not token.startswith("fairway:lab:")]


def loaded(*wanted: str) -> subprocess.CompletedProcess[str]:
    """What a computer without Linux says when it loads these."""
    words = [sys.executable, "-m", "tests.support.other_computer", *wanted]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)


def module_of(path: Path) -> str:
    return name_of(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@pytest.mark.parametrize(
    "wanted",
    ["lab.lab", "pyroute2", "provider.lab", "components.clouds.lab", "tests.support.plugin_world"],
)
def test_what_needs_linux_cannot_be_loaded_there(wanted: str) -> None:
    """The test's own proof: a module that needs the lab is caught."""
    done = loaded(wanted)
    assert done.returncode == 1
    assert "exists on Linux only" in done.stderr


def test_the_plugin_is_loaded_with_every_type_that_is_not_the_lab_s() -> None:
    assert len(TYPES) == 6
    done = loaded("provider.__main__", *(f"provider.offered:{token}" for token in TYPES))
    assert done.returncode == 0, done.stderr


def test_the_program_and_every_command_are_loaded() -> None:
    commands = ["scripts.stack", "scripts.steps", "scripts.workspace"]
    commands += [module_of(path) for path in modules("scripts/cli")]
    done = loaded("components.cluster", "components.orphan", *commands)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_cloud_s_driver_is_loaded_as_a_whole(cloud: str) -> None:
    parts = [module_of(path) for path in modules(f"components/clouds/{cloud}")]
    assert parts
    done = loaded("components.clouds.base", *parts)
    assert done.returncode == 0, done.stderr
