"""What a cloud is to the rest: a few verbs with plain values both ways, and one table of clouds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final, Protocol

from pulumi import Input, Output, Resource, ResourceOptions

from components.environment import Environment
from components.errors import ConfigError
from components.plan.model import Plan, Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """What the way into a network is made with."""

    operator: Output[str]  # the public key that Fairway logs in with, OpenSSH format
    bastion: Output[str]  # the user data of a bastion, for clouds that have one


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network that machines can be put in. Keys and meanings beyond these are the driver's."""

    subnets: Mapping[str, Output[str]]  # by zone name
    tables: Mapping[str, Output[str]]  # every route table that carries traffic to containers
    groups: tuple[Output[str], ...]
    revisions: Mapping[str, Output[str]] = field(default_factory=dict)
    outside: str = ""  # an address beyond the network that answers ping; "" = none is known
    way: Mapping[str, Input[str]] = field(default_factory=dict)  # in; see components/remote/way.py


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """What a machine is told when it first starts, and the secret that opens it to us."""

    user_data: Output[str]
    seed: Output[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A machine in a slot. `id` is the machine's own: the next machine there has another."""

    resource: Resource
    id: Output[str]
    address: str
    revision: Output[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A slot's container CIDR in every route table."""

    resources: tuple[Resource, ...]
    revision: Output[str]


class Cloud(Protocol):
    """A cloud. Its constructor refuses what cannot work, before anything exists."""

    @property
    def mtu(self) -> int:
        """The largest packet between two hosts, in bytes."""
        ...

    def network(self, plan: Plan, entrance: Entrance, opts: ResourceOptions) -> Network: ...

    def machine(self, slot: Slot, network: Network, boot: Boot, opts: ResourceOptions) -> Host: ...

    def route(self, slot: Slot, network: Network, host: Host, opts: ResourceOptions) -> Entry: ...

    def running(self) -> Mapping[str, str]:
        """Ask the cloud now: the ids of the environment's running machines, by slot."""
        ...

    def view(self, network: Network) -> Mapping[str, Input[str]]:
        """Say where the plugin finds the cloud's own tables when it looks for a fault."""
        ...

    def bill(self, plan: Plan) -> Mapping[str, Any]:
        """Count what costs money, in the cloud's own terms; empty where nothing does."""
        ...


# One row a cloud; only the chosen one's module, and so its SDK, is imported.
_CLOUDS: Final = {
    "lab": ("components.clouds.lab", "LabCloud"),
    "aws": ("components.clouds.aws.driver", "AwsCloud"),
    "alicloud": ("components.clouds.alicloud.driver", "AlicloudCloud"),
}


def open_cloud(environment: Environment) -> Cloud:
    """Return the environment's cloud.

    Raises:
        FairwayError: the cloud is not known, or cannot work here.
    """
    row = _CLOUDS.get(environment.cloud)
    if row is None:
        raise ConfigError(
            where=f"{environment.source}: fairway:cloud",
            what="this cloud is not known",
            found=repr(environment.cloud),
            wanted=f"one of {', '.join(_CLOUDS)}",
            hint="choose one of them",
        )
    module, name = row
    cloud: Cloud = getattr(import_module(module), name)(environment)
    return cloud
