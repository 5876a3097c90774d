"""What a stack asks of verify, as the engine's state keeps it, turned into verify's own values."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from importlib import import_module
from ipaddress import IPv4Address, IPv4Network
from typing import Any, Final

from components.errors import CloudError
from components.remote.command import Secret
from components.remote.way import endpoint
from components.verify.model import Entry, Flow, Held, NetworkFacts, NetworkView, Target

# One row a cloud whose tables are read through its API; only the asked one's SDK is imported.
_VIEWS: Final = {
    "aws": ("components.clouds.aws.view", "AwsView"),
    "alicloud": ("components.clouds.alicloud.view", "AlicloudView"),
}
_TABLE: Final = "table-"

Question = Mapping[str, Any]  # the inputs of a fairway:verify:Report


def targets(question: Question) -> list[Target]:
    """The hosts, each with its way in and its pinned key."""
    seed, led = Secret(question["seed"]), question.get("way") or {}
    return [
        Target(
            name=host["name"],
            zone=host["zone"],
            endpoint=endpoint(seed, question["cluster"], host["name"], host["address"], led),
            containers=IPv4Network(host["containers"]),
            address=IPv4Address(host["address"]),
        )
        for host in question["hosts"]
    ]


def facts(question: Question) -> NetworkFacts:
    """The ranges, and what hosts may open on each other."""
    network = question["network"]
    outside = network.get("outside")
    return NetworkFacts(
        environment=question["cluster"],
        vpc=IPv4Network(network["vpc"]),
        ranges=tuple(map(IPv4Network, network["containers"].split())),
        outside=IPv4Address(outside) if outside else None,
        between_hosts=network.get("hosts") or "services",
    )


def view(question: Question) -> NetworkView | None:
    """Open the cloud's own tables, as the input `view` names them; None where it names none.

    Raises:
        LabError: The lab is not there.
    """
    told: Mapping[str, str] = question.get("view") or {}
    if "lab" in told:
        return _lab_view(told["lab"])
    cloud = next((cloud for cloud in _VIEWS if cloud in told), "")
    return _CloudView(cloud, told) if cloud else None


def _lab_view(name: str) -> NetworkView:
    from components.verify.lab_view import LabView  # noqa: PLC0415 - exists on Linux only
    from lab.lab import Lab  # noqa: PLC0415

    return LabView(Lab.open(name, recover=False))


class _CloudView:
    """A cloud's tables, opened when a fault is looked for: where all is well no SDK is loaded."""

    def __init__(self, cloud: str, told: Mapping[str, str]) -> None:
        self._cloud = cloud
        self._told = told

    @cached_property
    def _view(self) -> NetworkView:
        module, name = _VIEWS[self._cloud]
        try:
            kind = getattr(import_module(module), name)
        except ImportError as error:
            raise CloudError(
                where=f"the tables of {self._cloud}",
                what="they cannot be looked at without the cloud's SDK",
                found=str(error),
                hint="run: make setup",
            ) from error
        opened: NetworkView = kind(
            region=self._told[self._cloud],
            environment=self._told["environment"],
            tables=_tables(self._told),
        )
        return opened

    def machine(self, slot: str) -> str:
        return self._view.machine(slot)

    def table(self, zone: str) -> str:
        return self._view.table(zone)

    def entry(self, zone: str, address: IPv4Address) -> Entry | None:
        return self._view.entry(zone, address)

    def source_dest_check(self, slot: str) -> bool:
        return self._view.source_dest_check(slot)

    def prefixes(self, slot: str) -> tuple[IPv4Network, ...]:
        return self._view.prefixes(slot)

    def refusal(self, slot: str, flow: Flow) -> str:
        return self._view.refusal(slot, flow)

    def held(self) -> Held:
        return self._view.held()


def _tables(told: Mapping[str, str]) -> dict[str, str]:
    """The route tables' ids by zone name."""
    return {
        key.removeprefix(_TABLE): table for key, table in told.items() if key.startswith(_TABLE)
    }
