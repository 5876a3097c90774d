"""What Swarm membership refuses to do, each with what was found and the way out."""

from __future__ import annotations

from collections.abc import Sequence

from components.errors import FairwayError, HostUnreachable, QuorumLost, SwarmError
from components.host.names import ROUTED_CONFIG
from components.swarm.facts import Engine, Entry, LocalNetwork
from components.swarm.model import MARKER_FILE, NodePlan
from components.swarm.seen import Machine, Seen, SwarmView

FORCE = "run `./fairway recover STACK`, which goes on from {} and keeps the services"


def silent(machine: Machine) -> FairwayError:
    return HostUnreachable(
        where=machine.name,
        what="nothing can be decided, because it does not answer",
        found=machine.problem,
        hint="start the machine, or replace it",
    )


def check_two_swarms(seen: Seen, plan: NodePlan) -> None:
    """Refuse where managers of this cluster act for different Swarms."""
    acting = seen.standing(plan.cluster)
    ids = {m.name: m.engine.swarm_id for m in acting if m.engine}
    if len(set(ids.values())) > 1:
        raise SwarmError(
            where=f"Swarm of {plan.cluster}",
            what="two Swarms stand where there should be one",
            found=", ".join(f"{name} in {swarm}" for name, swarm in sorted(ids.items())),
            wanted="all managers in one",
            hint="decide which one holds your services; on each manager of the other run "
            "`docker swarm leave --force`, then run `pulumi up` again",
        )


def check_locked(engine: Engine, plan: NodePlan) -> None:
    if engine.state == "locked":
        raise SwarmError(
            where=plan.name,
            what="its Swarm state is locked, as after a restart of a Swarm with autolock",
            hint=f"run `docker swarm unlock` on {plan.name}, then `pulumi up` again",
        )


def check_quorum(seen: Seen, plan: NodePlan) -> None:
    """Refuse where a manager of this cluster is alone without a leader."""
    alone = seen.leaderless(plan.cluster)
    if alone:
        raise quorum_lost(plan.cluster, (seen.me, *seen.peers), alone)


def quorum_lost(
    cluster: str, machines: Sequence[Machine], survivors: Sequence[Machine]
) -> QuorumLost:
    return QuorumLost(
        where=f"Swarm of {cluster}",
        what="more than half of its managers are gone, so nothing in it can be changed",
        found="; ".join(machine.says for machine in machines),
        wanted="a leader",
        hint="start the missing managers' machines again; if they are lost for good, "
        + FORCE.format(" or ".join(machine.name for machine in survivors)),
    )


def foreign(machine: Machine, plan: NodePlan) -> SwarmError:
    label = machine.engine.cluster if machine.engine else ""
    owner = label or (machine.marker.cluster if machine.marker else "")
    return SwarmError(
        where=machine.name,
        what="it is in a Swarm that is not this cluster's",
        found=f"a Swarm of {owner}" if owner else f"a Swarm without {MARKER_FILE}",
        wanted=f"none, or the Swarm of {plan.cluster}",
        hint=f"if that membership is not needed, run `docker swarm leave --force` on "
        f"{machine.name}",
    )


def check_may_begin(seen: Seen, plan: NodePlan) -> None:
    """Refuse a first Swarm while any planned manager might be in one already."""
    silent_ones = [peer for peer in seen.peers if peer.engine is None]
    if silent_ones:
        raise SwarmError(
            where=plan.name,
            what="it does not begin a Swarm while another manager might be in one",
            found=f"no answer from {', '.join(peer.name for peer in silent_ones)} "
            f"({silent_ones[0].problem})",
            wanted="every planned manager to answer",
            hint="start those machines, or take them out of the configuration",
        )
    for peer in seen.peers:
        if peer.joined and not peer.belongs(plan.cluster):
            raise foreign(peer, plan)
        if peer.joined:
            raise SwarmError(
                where=peer.name,
                what="it is in a Swarm of which no manager can act",
                found=peer.says,
                wanted="a manager that can act, or no Swarm at all",
                hint=f"if that Swarm is lost, run `docker swarm leave --force` on {peer.name}",
            )


def gwbridge(found: LocalNetwork | None, plan: NodePlan, *, unit: str) -> SwarmError:
    return SwarmError(
        where=plan.name,
        what="the network docker_gwbridge is not as the host's boot should have made it",
        found=", ".join(found.subnets) or "no subnet" if found else "no such network",
        wanted=plan.gwbridge or "one",
        hint=f"see `systemctl status {unit}` on {plan.name}, or replace the machine",
    )


def check_last_manager(entry: Entry, swarm: SwarmView, plan: NodePlan) -> None:
    """Refuse to make the only manager a worker."""
    if entry.role == "manager" and len(swarm.managers) == 1:
        raise SwarmError(
            where=plan.name,
            what="it is the Swarm's only manager and cannot become a worker",
            hint="bring up another manager first",
        )


def name_taken(entry: Entry, plan: NodePlan) -> SwarmError:
    return SwarmError(
        where=plan.name,
        what="another living node of the Swarm has this name",
        found=f"{entry.id} at {entry.address}",
        wanted=f"only the slot's own machine at {plan.address}",
        hint=f"rename that machine, or run `docker swarm leave` on it and "
        f"`docker node rm {entry.id}` on a manager",
    )


def routed_taken(network: LocalNetwork, name: str) -> SwarmError:
    return SwarmError(
        where=f"network {name}",
        what="a network of this name exists that does not route containers",
        found=f"{network.scope} {network.driver} from {network.config_from or 'nothing'}",
        wanted=f"swarm bridge from {ROUTED_CONFIG}",
        hint=f"move its services to another network and run `docker network rm {name}`",
    )
