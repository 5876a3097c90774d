"""From an environment to its plan, or to everything that speaks against it."""

from __future__ import annotations

from collections.abc import Iterable

from components.config.faults import Faults
from components.config.model import Environment, Network
from components.plan.check import rule_faults
from components.plan.claims import Claim, claim_faults, network_claims, slot_claims
from components.plan.model import Plan, Route, Slot
from components.plan.slots import slots_of


def make_plan(environment: Environment) -> Plan:
    """The plan of an environment; raises ConfigFaults when it breaks a rule."""
    faults = Faults(environment.source)
    faults.extend(
        rule_faults(
            environment.name,
            network=environment.network,
            pools=environment.pools,
            settings=environment.settings,
            survivable=environment.survivable,
        )
    )
    faults.raise_any()
    slots = slots_of(environment)
    faults.extend(claim_faults(claims_of(environment, slots)))
    faults.raise_any()
    return Plan(
        environment=environment.name,
        network=environment.network,
        slots=slots,
        routes=routes_of(environment.network, slots),
    )


def routes_of(network: Network, slots: Iterable[Slot]) -> tuple[Route, ...]:
    """The entries of every route table: one for each slot, and with prefixes none."""
    if network.by_prefixes:
        return ()
    return tuple(Route(destination=slot.containers, slot=slot.name) for slot in slots)


def claims_of(environment: Environment, slots: tuple[Slot, ...]) -> list[Claim]:
    """Every range of an environment with its owner, each host's container CIDR included."""
    return network_claims(environment.network, environment.settings.uplink) + slot_claims(slots)
