"""Throw-away projects on a cloud's stand-in: the real engine, the real SDK, the real program."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from shutil import copy, copytree, ignore_patterns
from typing import Any, ClassVar

from lab.lab import Lab
from tests.support.bench_project import FAKE_PLUGIN, QUICK, ROOT, Project, real_program
from tests.support.standin.place import VARIABLE
from tests.support.standin.public import PublicAddresses


@dataclass(frozen=True, slots=True, kw_only=True)
class LabRanges:
    """The lab that is built in, and the ranges of it that a cloud has no word for."""

    name: str
    containers: IPv4Network | None
    uplink: IPv4Network
    images: Mapping[str, str]  # the cloud's id to the lab's
    vpc: IPv4Network | None = None  # where the cloud's VPC has several blocks: all of its range

    def told(self) -> dict[str, Any]:
        containers = str(self.containers) if self.containers else None
        ranges = {"containers": containers, "uplink": str(self.uplink)}
        if self.vpc is not None:
            ranges["vpc"] = str(self.vpc)
        return {"name": self.name, **ranges, "images": dict(self.images)}

    def open(self) -> Lab:
        return Lab.open(self.name)

    def sweep(self) -> None:
        """Leave nothing of it, nor of its public addresses."""
        PublicAddresses(self.name, self.uplink).close_all()
        self.open().sweep()


class CloudProject(Project):
    """A project whose resources of one cloud are made by a stand-in.

    `plugin` is ours: the real one, or the fake one that never touches a host. Without a lab the
    stand-in builds nothing and only keeps the account. `told` is more for the stand-in to know.
    """

    cloud: ClassVar[str]  # the name of the provider's package
    standin: ClassVar[Path]

    def __init__(
        self,
        folder: Path,
        *,
        lab: LabRanges | None = None,
        plugin: Path = FAKE_PLUGIN,
        name: str = "fairway",
        told: Mapping[str, Any] | None = None,
    ) -> None:
        self.ranges = lab
        self.told = dict(told or {})
        self.settings: dict[str, str] = {}  # more of the environment of every run
        super().__init__(folder, plugin=plugin, name=name)
        with (folder / "Pulumi.yaml").open("a") as file:
            file.write(f"    - name: {self.cloud}\n      path: {self.standin}\n")

    @property
    def environment(self) -> dict[str, str]:
        told = {
            **self.standin_knows(),
            "lab": self.ranges.told() if self.ranges else None,
            **self.told,
        }
        return {
            **super().environment,
            **self.sdk_environment(),
            VARIABLE: json.dumps(told),
            **self.settings,
        }

    @abstractmethod
    def standin_knows(self) -> dict[str, Any]:
        """What the stand-in must know of the account."""

    @abstractmethod
    def sdk_environment(self) -> dict[str, str]:
        """What leads the cloud's own SDK to the account."""

    @abstractmethod
    def terminate(self, slot: str) -> str:
        """End a host's instance for good behind everybody's back; gives its id."""

    @abstractmethod
    def key_pairs(self) -> set[str]:
        """The names of the account's key pairs."""

    def run_copy(self, checkout: Path) -> None:
        """Run the program of another checkout; our plugin and the stand-in stay this one's."""
        self.program(real_program(checkout))
        self.settings["PYTHONPATH"] = f"{QUICK}:{checkout}"

    def run_own(self) -> None:
        """Run this checkout's program again."""
        self.run_copy(ROOT)

    @property
    def lab(self) -> Lab:
        assert self.ranges is not None, "this project builds nothing"
        return self.ranges.open()


def altered_copy(folder: Path, changes: Mapping[str, tuple[str, str]]) -> Path:
    """A copy of the program in which each named file has its first text changed to its second.

    A text that is not in its file once is an error: the copy would prove nothing.
    """
    copytree(ROOT / "components", folder / "components", ignore=ignore_patterns("__pycache__"))
    copy(ROOT / "__main__.py", folder)
    for name, (old, new) in changes.items():
        text = (folder / name).read_text()
        assert text.count(old) == 1, f"{name} has {old!r} {text.count(old)} times"
        (folder / name).write_text(text.replace(old, new))
    return folder
