"""A cluster that stands, on whichever cloud: what is asked of it, and how it is broken."""

from __future__ import annotations

import json
import os
import socket
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from components.environment import read_environment
from components.plan import Plan, make_plan
from components.remote.command import Command, Secret
from components.remote.session import Sessions
from components.remote.way import endpoint
from components.verify import Report, verify
from components.verify.asked import facts, targets, view
from components.verify.compare import compare
from components.verify.model import Deviation
from lab.lab import Lab
from lab.model import Machine, Route
from scripts.operations.verify import wanted as as_planned
from tests.support.alicloud_project import AlicloudProject, alicloud_lab, alicloud_project
from tests.support.alicloud_town import left_over
from tests.support.aws_project import AwsProject, aws_lab, aws_project
from tests.support.bench_project import REAL_PLUGIN, REAL_PROGRAM, Finished, Project
from tests.support.machines import traces
from tests.support.standin.account import REGION as ALIBABA_REGION
from tests.support.standin.account import X86_IMAGE
from tests.support.standin.aws_moto import IMAGE, REGION

STACK = "t6"
CLOUDS = ("lab", "aws", "alicloud")
P = TypeVar("P", bound=Project)
Config = dict[str, Any]
# Second octets of the VPC, the containers and the uplink: each cloud's own, so that they may meet.
RANGES = {"lab": (96, 226), "aws": (88, 218), "alicloud": (89, 219)}
LABS = {"lab": STACK, "aws": "t9aws", "alicloud": "t9ali"}
REGIONS = {"aws": REGION, "alicloud": ALIBABA_REGION}
OWN: Mapping[str, Mapping[str, Any]] = {
    "aws": {"image": IMAGE, "type": "m7i.large"},
    "alicloud": {"image": X86_IMAGE, "type": "ecs.g8i.large"},
}
BASTIONS = {"aws": "t3.nano", "alicloud": "ecs.g7.large"}


def uplink(cloud: str) -> str:
    return _uplink(RANGES[cloud][0])


def _uplink(vpc: int) -> str:
    return f"10.76.{vpc}.0/30"


def config(
    cloud: str,
    *,
    zones: str = "abc",
    managers: str = "abc",
    workers: str = "a",
    ranges: tuple[int, int] | None = None,
) -> Config:
    """Some zones, a manager in each of some of them, and workers, on a cloud behind a bastion.

    `zones`, `managers` and `workers` name a zone for each; twice for two workers there. `ranges`
    are the second octets of the VPC and of the containers, where several labs shall stand.
    """
    vpc, containers = ranges or RANGES[cloud]
    network = {
        "vpc": f"10.{vpc}.0.0/16",
        "containers": f"10.{containers}.0.0/16",
        "zones": [_zone(cloud, name, vpc, containers) for name in zones],
    }
    pools: list[dict[str, Any]] = [
        {"name": "managers", "role": "manager", "first": 1, "size": 9},
        {"name": "workers", "role": "worker", "first": 10, "size": 40},
    ]
    for pool, where in zip(pools, (managers, workers), strict=True):
        pool["hosts"] = dict(Counter(where))
    survives = len(managers) > 2
    common = {"cloud": cloud, "network": network, "pools": pools, "survivable": survives}
    if cloud == "lab":
        return {**common, "lab": {"uplink": _uplink(vpc)}}
    own = {
        **OWN[cloud],
        "region": REGIONS[cloud],
        "bastion": {"zone": "a", "type": BASTIONS[cloud]},
        "ssh_from": [_uplink(vpc)],  # what comes over the uplink has the computer's own address
        "owner": "team",
        "protect": False,
    }
    return {**common, cloud: own}


def with_every_docker(wanted: Config) -> Config:
    """The same with two workers more: each of the lab's images, so each Docker, has a host."""
    others = (
        {"name": image, "role": "worker", "first": first, "size": 5, "hosts": {"a": 1}}
        | {"image": image}
        for first, image in ((50, "bookworm"), (55, "sid"))
    )
    return {**wanted, "pools": [*wanted["pools"], *others]}


def _zone(cloud: str, name: str, vpc: int, containers: int) -> dict[str, Any]:
    index = "abcd".index(name)
    zone = {
        "name": name,
        "subnet": f"10.{vpc}.{16 * index}.0/20",
        "containers": f"10.{containers}.{64 * index}.0/18",
    }
    if cloud == "lab":
        return zone
    return {
        **zone,
        "zone": f"{REGIONS[cloud]}{name}",
        "public": f"10.{vpc}.{240 + index}.0/24",
    }


class Stage(ABC, Generic[P]):
    """One stack that stands, its lab, and a way into its hosts."""

    cloud: ClassVar[str]
    flags: ClassVar[tuple[str, ...]]  # what makes a plain `up` find drift there

    def __init__(self, project: P, config: Mapping[str, Any], lab: str = "") -> None:
        self.project = project
        self.lab = Lab.open(lab or LABS[self.cloud])
        self.environment = read_environment(config, stack=STACK, source="x")
        self.plan: Plan = make_plan(self.environment)

    def up(self, *words: str) -> Finished:
        return self.project.up("-p", "32", *self.flags, *words)

    @cached_property
    def seed(self) -> Secret:
        exported = self.project.pulumi("stack", "export", "--show-secrets").good().text
        resources = json.loads(exported)["deployment"]["resources"]
        (identity,) = [each for each in resources if each["type"] == "fairway:host:Identity"]
        return Secret(json.loads(identity["outputs"]["seed"]["plaintext"]))

    @property
    def question(self) -> dict[str, Any]:
        """What the stack's report asks."""
        return {**self.project.resource("Report", STACK)["inputs"], "seed": self.seed.reveal()}

    def verify(self) -> Report:
        """Ask again, with the cloud's own tables at hand."""
        asked = self.question
        with self._sdk(), Sessions.of(self.seed) as opened:
            return verify(targets(asked), facts(asked), opened, view(asked))

    def drift(self) -> tuple[Deviation, ...]:
        """What of the cloud's own tables is not as planned."""
        asked = self.question
        planned = as_planned(self.environment, self.plan, asked)
        with self._sdk():
            looked = view(asked)
            assert looked is not None
            return compare(planned, looked.held())

    def causes(self) -> set[str]:
        return {failure.fault.cause for failure in self.verify().failures}

    def sh(self, slot: str, *words: str) -> str:
        """Run a command on a host, by the stack's own way in; its output."""
        way = self.question.get("way") or {}
        host = endpoint(self.seed, STACK, slot, str(self.plan.slot(slot).address), way)
        with Sessions.of(self.seed) as opened:
            return opened.to(host).run(Command.of(*words), timeout=600).stdout

    def closed(self, slot: str, port: int) -> bool:
        """Whether this computer gets no answer at a host's own address and port."""
        try:
            where = (str(self.plan.slot(slot).address), port)
            socket.create_connection(where, timeout=1).close()
        except TimeoutError:
            return True
        except OSError:
            return False  # refused: the packet arrived
        return False

    @contextmanager
    def _sdk(self) -> Iterator[None]:
        """This process's environment with what leads a cloud's SDK to the account."""
        before = dict(os.environ)
        os.environ.update(self.sdk_environment())
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def sdk_environment(self) -> Mapping[str, str]:
        return {}

    @abstractmethod
    def machine(self, slot: str) -> str:
        """The id of the machine in a slot."""

    @abstractmethod
    def table(self, zone: str) -> str:
        """The id of a zone's route table."""

    @abstractmethod
    def lose_route(self, zone: str, slot: str) -> None:
        """Take an entry away behind everybody's back."""

    @abstractmethod
    def lose_machine(self, slot: str) -> None:
        """Take a machine away behind everybody's back."""

    @abstractmethod
    def left_over(self) -> set[str]:
        """What is left in the account."""

    def traces(self) -> dict[str, list[str]]:
        """What is left on this computer."""
        return {kind: left for kind, left in traces(self.lab.name).items() if left}


class LabStage(Stage[Project]):
    cloud = "lab"
    flags = ()

    def machine(self, slot: str) -> str:
        held = self.lab.get(Machine, slot)
        assert held is not None
        return held.status.id

    def table(self, zone: str) -> str:
        return f"table-{zone}"

    def lose_route(self, zone: str, slot: str) -> None:
        self.lab.delete(Route, f"{self.table(zone)}/{self.plan.slot(slot).containers}")

    def lose_machine(self, slot: str) -> None:
        self.lab.delete(Machine, slot)

    def left_over(self) -> set[str]:
        return {name for name in Lab.names() if name == STACK}


class AwsStage(Stage[AwsProject]):
    cloud = "aws"
    flags = ("--refresh",)

    def sdk_environment(self) -> Mapping[str, str]:
        return self.project.sdk_environment()

    def machine(self, slot: str) -> str:
        return str(self.project.account.instance(slot)["InstanceId"])

    def table(self, zone: str) -> str:
        return str(self.project.account.tables()[f"{STACK}-{zone}"]["RouteTableId"])

    def lose_route(self, zone: str, slot: str) -> None:
        self.project.delete_route(self.table(zone), str(self.plan.slot(slot).containers))

    def lose_machine(self, slot: str) -> None:
        self.project.terminate(slot)

    def left_over(self) -> set[str]:
        return self.project.account.left_over()


class AlicloudStage(Stage[AlicloudProject]):
    cloud = "alicloud"
    flags = ("--refresh",)

    def sdk_environment(self) -> Mapping[str, str]:
        return self.project.sdk_environment()

    def machine(self, slot: str) -> str:
        return self.project.instance(slot)

    def table(self, zone: str) -> str:
        return self.project.tables()[zone]

    def lose_route(self, zone: str, slot: str) -> None:
        self.project.delete_route(self.table(zone), str(self.plan.slot(slot).containers))

    def lose_machine(self, slot: str) -> None:
        self.project.terminate(slot)

    def left_over(self) -> set[str]:
        found = left_over(self.project.account)
        return {f"{kind} {name}" for kind, items in found.items() for name in items}


@contextmanager
def staged(
    cloud: str, folder: Path, wanted: Mapping[str, Any], *, lab: str = ""
) -> Iterator[Stage[Any]]:
    """A project of the real program and the real plugin on a cloud; nothing of it stays.

    Nothing is built yet: `stage.up()` does. `lab` is another lab than the cloud's usual, on AWS.
    """
    network = wanted["network"]
    second = int(network["vpc"].split(".")[1])
    ranges = {"containers": network.get("containers"), "uplink": _uplink(second)}
    if cloud == "lab":
        project = Project(folder, plugin=REAL_PLUGIN, name="fairway")
        project.program(REAL_PROGRAM)
        project.configure(dict(wanted))
        try:
            yield LabStage(project, wanted)
        finally:
            Lab.open(STACK).sweep()
    elif cloud == "aws":
        place = aws_lab(lab or LABS[cloud], **ranges)
        with aws_project(folder, config=wanted, lab=place, plugin=REAL_PLUGIN) as aws:
            yield AwsStage(aws, wanted, place.name)
    else:
        place = alicloud_lab(LABS[cloud], **ranges)
        with alicloud_project(folder, config=wanted, lab=place, plugin=REAL_PLUGIN) as ali:
            yield AlicloudStage(ali, wanted)
