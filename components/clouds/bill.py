"""What costs money in an environment, counted and without prices, which change and differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from components.clouds.shape import gateways
from components.environment import CloudSettings
from components.plan.model import Plan

BASTION_DISK: Final = 40  # GiB: every public image fits


def bill(plan: Plan, settings: CloudSettings) -> dict[str, Any]:
    """Instances by type, spot ones apart, GiB of disks, NAT gateways, and public addresses.

    The bastion is among the instances, each gateway's address among the addresses. Traffic is not
    counted: between zones and to the internet it costs too.
    """
    bastion = settings.bastion
    owned = Counter(slot.type for slot in plan.slots if not slot.spot)
    if bastion:
        owned[bastion.type] += 1
    nats = len(set(gateways(plan.network.zones, settings.nat).values()))
    disks = sum(slot.disk for slot in plan.slots) + (BASTION_DISK if bastion else 0)
    return {
        "instances": _sorted(owned),
        "spot_instances": _sorted(Counter(slot.type for slot in plan.slots if slot.spot)),
        "disk_gib": disks,
        "nat_gateways": nats,
        "public_addresses": nats + (1 if bastion else 0),
    }


def _sorted(counted: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counted.items()))
