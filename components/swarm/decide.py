"""Deciding: from what was seen and what is planned to the steps that are missing. Pure.

Only what can be known now is decided; after the steps one looks again. An empty list means
that nothing is to do.
"""

from __future__ import annotations

from components.host.names import GWBRIDGE, GWBRIDGE_UNIT, ROUTED_CONFIG, ROUTED_NETWORK
from components.host.user_data import INTERNET_MTU
from components.swarm import refusals, steps
from components.swarm.facts import Engine, Entry, LocalNetwork, Marker
from components.swarm.model import KEYS_LABEL, NodePlan
from components.swarm.seen import Seen, SwarmView
from components.swarm.steps import Step

NO_ADDRESS = ("", "0.0.0.0", "127.0.0.1")  # noqa: S104 - what managers show of one another


def decide(seen: Seen, plan: NodePlan) -> list[Step]:
    """The steps from `seen` to `plan`.

    Raises:
        QuorumLost: The Swarm has too few managers to change anything.
        SwarmError: What was found must not be touched, or cannot be mended by a step.
    """
    engine = seen.me.engine
    if engine is None:
        raise refusals.silent(seen.me)
    refusals.check_two_swarms(seen, plan)
    refusals.check_locked(engine, plan)
    return [*_local(seen, plan), *_membership(engine, seen, plan)]


def settled(seen: Seen, plan: NodePlan) -> bool:
    """Whether a decision can be taken: no join, election or restart is under way."""
    engine, swarm = seen.me.engine, seen.swarm
    if swarm is None or engine is None:
        return not seen.leaderless(plan.cluster) and not (engine and engine.state == "pending")
    entry = swarm.entry(engine.node_id)
    if engine.state == "pending":
        # One that was removed tries for ever; a join that is under way has no node id yet.
        return entry is None and engine.node_id != ""
    return entry is None or not _half_promoted(engine, entry)


def _half_promoted(engine: Engine, entry: Entry) -> bool:
    """Whether the list calls it a manager and it never became one, as after a broken link."""
    return entry.role == "manager" and not engine.control


def _local(seen: Seen, plan: NodePlan) -> list[Step]:
    bridge = seen.networks.get(GWBRIDGE)
    if bridge is None or (plan.gwbridge and bridge.subnets != (plan.gwbridge,)):
        raise refusals.gwbridge(bridge, plan, unit=GWBRIDGE_UNIT)
    config = seen.networks.get(ROUTED_CONFIG)
    if config is None:
        return [steps.MakeConfigNetwork(plan.containers, plan.mtu)]
    wrong = _config_fault(config, plan)
    return [steps.RemakeConfigNetwork(plan.containers, wrong, plan.mtu)] if wrong else []


def _config_fault(config: LocalNetwork, plan: NodePlan) -> str:
    if not config.config_only:
        return "not a config-only network"
    if config.subnets != (plan.containers,):
        return ", ".join(config.subnets) or "without a subnet"
    if config.options == steps.routed_options(plan.mtu):
        return ""
    mtu = config.options.get(steps.MTU_OPTION, str(INTERNET_MTU))
    return "with other options" if mtu == str(plan.mtu) else f"with MTU {mtu}"


def _membership(engine: Engine, seen: Seen, plan: NodePlan) -> list[Step]:
    if seen.swarm is None:
        return _without_swarm(engine, seen, plan)
    entry = seen.swarm.entry(engine.node_id) if engine.joined else None
    if entry and engine.state == "active" and not _half_promoted(engine, entry):
        return _member(entry, seen.swarm, seen, plan)
    leaving = _leave_first(engine, entry, seen, plan)
    dropping = _drop(seen.swarm, plan, keep="")
    return [*leaving, *dropping, steps.join(plan, seen.swarm.doors, seen.swarm.id)]


def _without_swarm(engine: Engine, seen: Seen, plan: NodePlan) -> list[Step]:
    refusals.check_quorum(seen, plan)
    if engine.joined and not seen.me.belongs(plan.cluster):
        raise refusals.foreign(seen.me, plan)
    if not plan.begins:
        return [steps.AwaitSwarm(plan.first.name)]
    refusals.check_may_begin(seen, plan)
    leaving = [steps.LeaveByForce("its Swarm has no manager any more")] if engine.joined else []
    return [*leaving, steps.Initialise(plan.address, plan.overlays, plan.cluster)]


def _leave_first(engine: Engine, entry: Entry | None, seen: Seen, plan: NodePlan) -> list[Step]:
    if not engine.joined:
        return []
    if entry is not None:
        return [steps.LeaveByForce(f"its engine is {engine.state} and does not recover")]
    if engine.stands or not seen.me.belongs(plan.cluster):
        raise refusals.foreign(seen.me, plan)
    return [steps.LeaveByForce("the managers do not know it any more")]


def _member(entry: Entry, swarm: SwarmView, seen: Seen, plan: NodePlan) -> list[Step]:
    found: list[Step] = []
    if seen.me.marker != Marker(plan.cluster, swarm.id):
        found.append(steps.MarkBelonging(plan.cluster, swarm.id))
    found += _drop(swarm, plan, keep=entry.id)
    if entry.role != plan.role:
        refusals.check_last_manager(entry, swarm, plan)
        found.append(steps.ChangeRole(entry.id, plan.role))
    return [*found, *_update(entry, plan), *_routed(swarm, plan)]


def _drop(swarm: SwarmView, plan: NodePlan, *, keep: str) -> list[Step]:
    old = [entry for entry in swarm.entries if entry.id != keep]
    for entry in old:
        # The machine of a slot answers at the slot's address: alive elsewhere it is someone's.
        if entry.status == "ready" and entry.address not in (plan.address, *NO_ADDRESS):
            raise refusals.name_taken(entry, plan)
    return [steps.DropEntry(e.id, plan.name, e.role == "manager") for e in old]


def _update(entry: Entry, plan: NodePlan) -> list[Step]:
    wanted = {**plan.labels, KEYS_LABEL: ",".join(sorted(plan.labels))}
    add = {key: value for key, value in wanted.items() if entry.labels.get(key) != value}
    remove = sorted(our_labels(entry, plan).keys() - wanted.keys() - {KEYS_LABEL})
    activate = entry.availability != "active"
    if not (add or remove or activate):
        return []
    return [steps.Update(entry.id, tuple(sorted(add.items())), tuple(remove), activate)]


def our_labels(entry: Entry, plan: NodePlan) -> dict[str, str]:
    """The labels of the entry that are ours: noted as such when set, or planned."""
    noted = [key for key in entry.labels.get(KEYS_LABEL, "").split(",") if key]
    ours = {*noted, *plan.labels}
    return {key: value for key, value in entry.labels.items() if key in ours}


def _routed(swarm: SwarmView, plan: NodePlan) -> list[Step]:
    if plan.role != "manager":
        return []
    if swarm.routed is None:
        return [steps.MakeRoutedNetwork()]
    network = swarm.routed
    if (network.scope, network.driver, network.config_from) != ("swarm", "bridge", ROUTED_CONFIG):
        raise refusals.routed_taken(network, ROUTED_NETWORK)
    return []
