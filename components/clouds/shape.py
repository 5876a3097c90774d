"""What networks have in common in every cloud: which gateway serves a zone, which tables count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from pulumi import Input

from components.config.model import Nat
from components.environment import Zone

T = TypeVar("T")


def gateways(zones: Sequence[Zone], nat: Nat) -> dict[str, str]:
    """For each zone the zone whose NAT gateway its hosts leave by; {} where there is none."""
    match nat:
        case "zone":
            return {zone.name: zone.name for zone in zones}
        case "one":
            return {zone.name: zones[0].name for zone in zones}
        case "none":
            return {}


def distinct(tables: Mapping[str, str]) -> dict[str, str]:
    """The tables of an existing VPC by zone, each once: zones may share one."""
    first: dict[str, str] = {}
    for zone, table in tables.items():
        first.setdefault(table, zone)
    return {zone: table for table, zone in first.items()}


def view_of(
    cloud: str, region: str, environment: str, tables: Mapping[str, Input[str]]
) -> dict[str, Input[str]]:
    """The flat map by which the plugin finds a cloud's own tables; `tables` by zone name."""
    return {
        cloud: region,
        "environment": environment,
        **{f"table-{zone}": table for zone, table in tables.items()},
    }
