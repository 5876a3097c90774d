"""A throw-away project on the stand-in for Alibaba Cloud, with the API that shows its account."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, Final

from components.clouds.tags import SLOT
from lab.model import Machine, Route
from tests.support import environments
from tests.support.bench_project import REAL_PROGRAM, ROOT
from tests.support.cloud_project import CloudProject, LabRanges
from tests.support.standin.account import X86_IMAGE, Account, tags_of
from tests.support.standin.alicloud_api import AlicloudApi
from tests.support.standin.alicloud_items import forget

# Of another release in the account; in the lab the same, so that only its id tells a new image.
NEXT_IMAGE: Final = "debian_11_11_x64_20G_alibase_20250820.vhd"

# For programs that name resources by their tokens: the SDK takes seconds to import.
RESOURCES = """
class Ali(pulumi.CustomResource):
    def __init__(self, kind, name, outputs=(), opts=None, **inputs):
        known = {each: None for each in outputs if each not in inputs}
        super().__init__(f"alicloud:{kind}", name, {**known, **inputs}, opts)
"""


class AlicloudProject(CloudProject):
    """A project on Alibaba Cloud; `account` is what the stand-in made, `api` what shows it."""

    cloud = "alicloud"
    standin = ROOT / "tests" / "support" / "standin" / "alicloud"

    def __init__(self, folder: Path, account_folder: Path, api: AlicloudApi, **more: Any) -> None:
        self.account_folder, self.api, self.account = account_folder, api, api.account
        # How long a change of an entry takes, and how long a conflict of two is waited out.
        self.task_seconds, self.task_patience = 0.2, 0.0
        super().__init__(folder, **more)

    def standin_knows(self) -> dict[str, Any]:
        return {
            "account": str(self.account_folder),
            "task_seconds": self.task_seconds,
            "task_patience": self.task_patience,
        }

    def sdk_environment(self) -> dict[str, str]:
        return self.api.environ()

    def resources(self, text: str) -> None:
        """A program of the cloud's resources alone: `Ali("vpc/network:Network", "v", ...)`."""
        self.program(f"{RESOURCES}\n{text}")

    def actions(self) -> set[str]:
        """The actions that the real provider would have asked for by now, as a policy has them.

        What our own program asked of the API is among them.
        """
        return set(self.account.calls())

    def instance(self, slot: str) -> str:
        """The id of a slot's instance."""
        held = self.account.look()["instance"].values()
        (found,) = [each["InstanceId"] for each in held if tags_of(each).get(SLOT) == slot]
        return str(found)

    def tables(self) -> dict[str, str]:
        """The ids of the custom route tables, by their names without the stack's."""
        held = self.account.look()["route_table"].values()
        named = {table["RouteTableName"]: table["RouteTableId"] for table in held}
        return {name.partition("-")[2]: table for name, table in named.items() if name}

    def key_pairs(self) -> set[str]:
        return set(self.account.look().get("key_pair", ()))

    # -- somebody's hand in the console: the account and the lab have one truth

    def terminate(self, slot: str) -> str:
        """End a host's instance for good; gives its id."""
        instance = self.instance(slot)
        with self.account.open() as kinds:
            del kinds["instance"][instance]
            kinds.get("user_data", {}).pop(instance, None)
            forget(kinds, "network_interface", "InstanceId", instance)
        if self.ranges:
            self.lab.delete(Machine, instance)
        return instance

    def power_off(self, slot: str) -> str:
        """Stop a host's instance without a goodbye; gives its id."""
        instance = self.instance(slot)
        self._set_status(instance, "Stopped")
        if self.ranges:
            self.lab.fail_machine(instance)
        return instance

    def power_on(self, slot: str) -> None:
        """Start a host's stopped instance again, with its disk as it was."""
        instance = self.instance(slot)
        self._set_status(instance, "Running")
        if self.ranges:
            self.lab.restore_machine(instance)

    def check_source_dest(self, slot: str, *, on: bool) -> None:
        instance = self.instance(slot)
        with self.account.open() as kinds:
            for card in kinds["network_interface"].values():
                if card["InstanceId"] == instance:
                    card["SourceDestCheck"] = on
        if self.ranges:
            held = self.lab.get(Machine, instance)
            assert held is not None
            self.lab.put(replace(held.spec, source_dest_check=on))

    def delete_route(self, table: str, destination: str) -> None:
        with self.account.open() as kinds:
            del kinds["route_entry"][f"{table}:{destination}"]
        if self.ranges:
            self.lab.delete(Route, f"{table}/{destination}")

    def _set_status(self, instance: str, status: str) -> None:
        with self.account.open() as kinds:
            kinds["instance"][instance]["Status"] = status


@contextmanager
def alicloud_project(
    folder: Path,
    *,
    config: Mapping[str, Any] | None = None,
    lab: LabRanges | None = None,
    **more: Any,
) -> Iterator[AlicloudProject]:
    """A project within `folder` over a healthy account; its lab is swept at the end.

    With `config` (the `fairway:` keys) it runs the real program.
    """
    account = Account(folder / "account")
    account.seed()
    with AlicloudApi(account) as api:
        try:
            project = AlicloudProject(folder / "project", folder / "account", api, lab=lab, **more)
            if config is not None:
                project.program(REAL_PROGRAM)
                project.configure(dict(config))
            yield project
        finally:
            if lab is not None:
                lab.sweep()


def alicloud_lab(name: str, *, containers: str, uplink: str) -> LabRanges:
    """A lab whose machines are Debian 13, whatever Debian the cloud's image is."""
    return LabRanges(
        name=name,
        containers=IPv4Network(containers),
        uplink=IPv4Network(uplink),
        images={X86_IMAGE: "trixie", NEXT_IMAGE: "trixie"},
    )


def alicloud_config(*, uplink: str = "10.76.95.0/30") -> dict[str, Any]:
    """Six hosts over three zones, a bastion and a NAT gateway in each zone."""
    text = json.dumps(environments.alicloud_config())
    for theirs, ours in (("10.94.", "10.95."), ("10.224.", "10.225.")):
        text = text.replace(theirs, ours)
    config: dict[str, Any] = json.loads(text)
    # What comes over the lab's uplink has the computer's own address there.
    config["alicloud"] |= {"ssh_from": [uplink], "protect": False}
    return config
