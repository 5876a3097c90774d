"""The plugin's start: every resource type and function that it offers, served to one engine."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

from provider.host import Identity
from provider.lab import RouteTableType, SecurityGroupType, VpcType, VSwitchType
from provider.machine import MachineType, running
from provider.process import serve
from provider.quorum import QuorumType
from provider.resource import ResourceType
from provider.route import RouteType
from provider.server import FairwayProvider, Function
from provider.swarm import NodeType
from provider.verify import ReportType

FUNCTIONS: Final[Mapping[str, Function]] = {"fairway:lab:running": running}


def resource_types() -> dict[str, ResourceType]:
    every: tuple[ResourceType, ...] = (
        Identity(),
        VpcType(),
        RouteTableType(),
        VSwitchType(),
        SecurityGroupType(),
        MachineType(),
        RouteType(),
        QuorumType(),
        NodeType(),
        ReportType(),
    )
    return {each.urn_type: each for each in every}


if __name__ == "__main__":
    serve(FairwayProvider(resource_types(), FUNCTIONS), sys.argv[1:])
