"""The network of a plan, on paper: a table for each zone, every host's entry in every table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from components.clouds.rules import BASTION, MEMBERS, Allow
from components.plan.model import Plan
from components.reach.model import Host, Rule, World

HOSTS: Final = "hosts"  # the group of all hosts
_GROUPS: Final = {MEMBERS: HOSTS, BASTION: "bastion"}


def planned(plan: Plan, rules: Iterable[Rule]) -> World:
    """What the drivers build from this plan; `rules` are those of the hosts' group."""
    zones = [zone.name for zone in plan.network.zones]
    entries = {slot.containers: slot.name for slot in plan.slots}
    return World(
        hosts={
            slot.name: Host(
                name=slot.name,
                zone=slot.zone,
                address=slot.address,
                containers=slot.containers,
                groups=(HOSTS,),
            )
            for slot in plan.slots
        },
        tables={zone: dict(entries) for zone in zones},
        associations={zone: zone for zone in zones},
        groups={HOSTS: tuple(rules)},
    )


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
