"""All rules between the values of a configuration, for as many of them as could be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from components.config.faults import Fault
from components.config.model import CloudSettings, Network, Pool, Settings
from components.plan.claims import claim_faults, network_claims
from components.plan.cloud_rules import cloud_faults
from components.plan.rules import capacity_faults, name_faults, pool_faults, quota_faults
from components.plan.safety import safety_faults


def rule_faults(
    stack: str,
    *,
    network: Network | None,
    pools: Sequence[Pool] | None,
    settings: Settings | None,
    survivable: bool,
) -> Iterator[Fault]:
    """Every broken rule; None stands for a part that could not be read and is not judged."""
    if network is not None:
        yield from claim_faults(network_claims(network, settings.uplink if settings else None))
    if pools is not None:
        yield from pool_faults(pools)
        yield from name_faults(stack, pools)
        if any(sum(pool.hosts.values()) for pool in pools):
            yield from safety_faults(pools, survivable=survivable)
    if network is not None and pools is not None:
        yield from capacity_faults(network, pools)
    by_tables = network is None or not network.by_prefixes
    if by_tables and settings is not None and pools is not None:
        yield from quota_faults(pools, network, settings)
    if network is not None and isinstance(settings, CloudSettings):
        yield from cloud_faults(network, pools or (), settings)
