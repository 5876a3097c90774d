"""A VPC of several blocks: each zone of an environment in one of its own."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Network
from typing import Any


def apart(vpc: str) -> Callable[[dict[str, Any]], None]:
    """A change of a configuration: the VPC, and for each zone the next /16 of it.

    The hosts of a zone have the first half of its block, and public subnets its last /24.
    """

    def change(config: dict[str, Any]) -> None:
        network = config["network"]
        network["vpc"] = vpc
        for zone, block in zip(
            network["zones"], IPv4Network(vpc).subnets(new_prefix=16), strict=False
        ):
            zone["subnet"] = str(next(block.subnets()))
            zone["public"] = str([*block.subnets(new_prefix=24)][-1])

    return change
