"""What the plugin offers, by token, each imported when it is first asked for.

A stack on a cloud so never loads the lab, and the plugin runs where the lab cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from threading import Lock
from typing import Any, Final, Generic, TypeVar

from provider.resource import ResourceType
from provider.server import Function

T = TypeVar("T")

_TYPES: Final[Mapping[str, str]] = {
    "fairway:aws:Prefixes": "provider.interface:PrefixesType",
    "fairway:host:Identity": "provider.identity:Identity",
    "fairway:host:FirstBoot": "provider.host:FirstBoot",
    "fairway:lab:Vpc": "provider.lab:VpcType",
    "fairway:lab:RouteTable": "provider.lab:RouteTableType",
    "fairway:lab:VSwitch": "provider.lab:VSwitchType",
    "fairway:lab:SecurityGroup": "provider.lab:SecurityGroupType",
    "fairway:lab:Machine": "provider.machine:MachineType",
    "fairway:lab:Route": "provider.route:RouteType",
    "fairway:lab:Prefixes": "provider.prefixes:PrefixesType",
    "fairway:swarm:Quorum": "provider.quorum:QuorumType",
    "fairway:swarm:Node": "provider.swarm:NodeType",
    "fairway:verify:Report": "provider.verify:ReportType",
}
_FUNCTIONS: Final[Mapping[str, str]] = {"fairway:lab:running": "provider.machine:running"}


class Late(Mapping[str, T], Generic[T]):
    """Values by token, each made from its `module:name` when it is first looked up, and kept."""

    def __init__(self, places: Mapping[str, str], make: Callable[[Any], T]) -> None:
        self._places = places
        self._make = make
        self._lock = Lock()
        self._made: dict[str, T] = {}

    def __getitem__(self, token: str) -> T:
        with self._lock:
            if token not in self._made:
                module, name = self._places[token].split(":")
                self._made[token] = self._make(getattr(import_module(module), name))
            return self._made[token]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def resource_types() -> Mapping[str, ResourceType]:
    return Late(_TYPES, lambda kind: kind())


def functions() -> Mapping[str, Function]:
    return Late(_FUNCTIONS, lambda function: function)
