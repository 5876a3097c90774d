"""The network of a plan, on paper: every host's entry in every zone's table, or its prefixes."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network
from typing import Final

from components.clouds.rules import BASTION, MEMBERS, Allow
from components.plan.model import Plan, Slot
from components.plan.slots import prefixes
from components.reach.model import Host, Rule, World

HOSTS: Final = "hosts"  # the group of all hosts
_GROUPS: Final = {MEMBERS: HOSTS, BASTION: "bastion"}


def planned(plan: Plan, rules: Iterable[Rule]) -> World:
    """What the drivers build from this plan; `rules` are those of the hosts' group."""
    zones = [zone.name for zone in plan.network.zones]
    entries = {route.destination: route.slot for route in plan.routes}
    by_prefixes = plan.network.by_prefixes
    return World(
        hosts={
            slot.name: Host(
                name=slot.name,
                zone=slot.zone,
                address=slot.address,
                containers=slot.containers,
                groups=(HOSTS,),
                source_dest_check=by_prefixes,
            )
            for slot in plan.slots
        },
        tables={zone: dict(entries) for zone in zones},
        associations={zone: zone for zone in zones},
        groups={HOSTS: tuple(rules)},
        prefixes=_given(plan.slots) if by_prefixes else None,
    )


def _given(slots: Iterable[Slot]) -> dict[IPv4Network, str]:
    return {prefix: slot.name for slot in slots for prefix in prefixes(slot.containers)}


def of_allowed(allowed: Iterable[Allow]) -> tuple[Rule, ...]:
    """The clouds' rules (components/clouds/rules.py) as the model's."""
    return tuple(
        Rule(
            direction="in",
            peer=_GROUPS.get(each.source, each.source)
            if isinstance(each.source, str)
            else each.source,
            protocol=each.protocol,
            ports=each.ports,
        )
        for each in allowed
    )
