"""A cluster: one component, built in stages, each a method that says what it makes."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pulumi
from pulumi import Output, Resource, ResourceOptions

from components import resources
from components.clouds.base import Boot, Cloud, Entrance, Entry, Host, Network
from components.config.model import AT_ONCE
from components.environment import CloudSettings, Environment
from components.exports import exports
from components.host.bastion import BASTION, bastion_data
from components.host.user_data import digest, login_keys, planned_data
from components.plan.model import Plan, Slot
from components.remote.command import Secret
from components.remote.keys import host_key, operator_key
from components.standing import swarm_stands


class Cluster(pulumi.ComponentResource):
    """Machines in their slots, a Swarm over them, routes to their containers, and the proof.

    While a Swarm stands, machines are changed one manager, then `environment.batch` workers at a
    time, each after the node before it is back; `pulumi up` stops at the first that fails. A
    first creation makes all machines at once.
    """

    def __init__(
        self,
        environment: Environment,
        plan: Plan,
        cloud: Cloud,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__("fairway:index:Cluster", environment.name, None, opts)
        self._environment, self._plan, self._cloud = environment, plan, cloud
        self._rolling = swarm_stands(plan, cloud)
        self._warn()
        self.identity = self._identity()
        self._boots = {slot.name: self._boot(slot) for slot in plan.slots}
        self.network = self._network()
        self.quorum = self._quorum()
        self.hosts: dict[str, Host] = {}
        self.routes: dict[str, Entry] = {}
        self.nodes: dict[str, resources.Node] = {}
        self._hosts()
        self.report = self._verify()
        self.outputs = {
            **exports(
                plan, self.hosts, self.nodes, self.report, self.identity.seed, self.network.way
            ),
            "billed": cloud.bill(plan),
        }
        self.register_outputs({"swarm": self.outputs["swarm"]})

    def export(self) -> None:
        """Make the cluster's outputs the stack's."""
        for name, value in self.outputs.items():
            pulumi.export(name, value)

    # -- stages

    def _warn(self) -> None:
        if self._environment.backup is None:
            pulumi.log.warn(
                "no backups of the Swarm are made: name a bucket in fairway:backup, or say there"
                " that none are wanted (fairway:backup: false)",
                self,
            )

    def _identity(self) -> resources.Identity:
        name = self._environment.name
        keys = self._environment.keys
        return resources.Identity(
            name,
            cluster=name,
            generation=keys.generation,
            accept=keys.accept,
            opts=self._child(),
        )

    def _boot(self, slot: Slot) -> Boot:
        mtu = self._cloud.mtu
        text = self.identity.seed.apply(
            lambda seed: planned_data(self._environment, slot, Secret(seed), mtu=mtu)
        )
        return Boot(user_data=text, seed=self.identity.seed)

    def _entrance(self) -> Entrance:
        def told(seed: str) -> str:
            key, known = (
                host_key(Secret(seed), BASTION),
                login_keys(self._environment, Secret(seed)),
            )
            return bastion_data(host_key=key, authorized_keys=known)

        public = self.identity.seed.apply(lambda seed: operator_key(Secret(seed)).public)
        return Entrance(operator=Output.unsecret(public), bastion=self.identity.seed.apply(told))

    def _quorum(self) -> resources.Quorum:
        return resources.Quorum(
            self._environment.name,
            cluster=self._environment.name,
            managers={slot.name: str(slot.address) for slot in self._plan.managers},
            fingerprints={slot.name: self._fingerprint(slot) for slot in self._plan.managers},
            overlays=str(self._plan.network.overlays),
            way=self.network.way,
            seed=self.identity.seed,
            opts=self._child(),
        )

    def _network(self) -> Network:
        return self._cloud.network(self._plan, self._entrance(), self._child())

    def _hosts(self) -> None:
        """Make machines, routes and nodes, managers first."""
        if self._rolling:
            self._roll_managers()
        else:
            self._found_managers()
        for index, slot in enumerate(self._plan.workers):
            self._machine(slot, after=self._worker_waits_for(index))
            self._node(slot, after=[self.nodes[self._plan.managers[0].name]])

    def _roll_managers(self) -> None:
        """One manager after the other: a machine waits until the one before it is whole again."""
        before: list[Resource] = []
        for slot in self._plan.managers:
            self._machine(slot, after=before)
            self._node(slot, after=[])
            before = self._whole(slot)

    def _found_managers(self) -> None:
        """All at once: the first starts the Swarm, when all answer it, and the others join."""
        first, *others = self._plan.managers
        for slot in self._plan.managers:
            self._machine(slot, after=[])
        started = self._node(first, after=[])
        for slot in others:
            self._node(slot, after=[started])

    def _worker_waits_for(self, index: int) -> Sequence[Resource]:
        if not self._rolling:
            return []
        batch = max(self._environment.batch, int(os.environ.get(AT_ONCE, "1")))
        before = index - batch
        return self._whole(self._plan.workers[before] if before >= 0 else self._plan.managers[-1])

    def _whole(self, slot: Slot) -> list[Resource]:
        """What stands when a host is back: its node, and the routes to its containers."""
        return [self.nodes[slot.name], *self.routes[slot.name].resources]

    def _machine(self, slot: Slot, *, after: Sequence[Resource]) -> None:
        boot = self._boots[slot.name]
        opts = self._child(after=[self.quorum, *after])
        host = self._cloud.machine(slot, self.network, boot, opts)
        self.hosts[slot.name] = host
        self.routes[slot.name] = self._cloud.route(slot, self.network, host, self._child())

    def _node(self, slot: Slot, *, after: Sequence[Resource]) -> resources.Node:
        node = resources.Node(
            slot.name,
            cluster=self._environment.name,
            machine=self.hosts[slot.name].id,
            address=str(slot.address),
            role=slot.role,
            labels=slot.labels,
            containers=str(slot.containers),
            managers=[_place(manager) for manager in self._plan.managers],
            overlays=str(self._plan.network.overlays),
            gwbridge=str(self._plan.network.gwbridge),
            mtu=self._cloud.mtu,
            way=self.network.way,
            seed=self.identity.seed,
            backup=self._backup(slot),
            autolock=True if self._environment.autolock and slot.role == "manager" else None,
            # In this order a host gets tasks when they can be reached, and is drained before its
            # routes go.
            opts=self._child(after=[*after, *self.routes[slot.name].resources]),
        )
        self.nodes[slot.name] = node
        return node

    def _backup(self, slot: Slot) -> dict[str, str] | None:
        """What a manager is told of the backups that it makes."""
        wanted, settings = self._environment.backup, self._environment.settings
        if not wanted or slot.role != "manager":
            return None
        told = {"every": wanted.every, "keep": str(wanted.keep), "to": wanted.to}
        if isinstance(settings, CloudSettings):
            told |= {"cloud": settings.key, "region": settings.region}
        return told

    def _verify(self) -> resources.Report:
        network, environment = self._plan.network, self._environment
        ranges = {"vpc": str(network.vpc), "containers": network.ranges_text}
        return resources.Report(
            environment.name,
            cluster=environment.name,
            hosts=[_host_facts(slot) for slot in self._plan.slots],
            network={**ranges, "outside": self.network.outside, "hosts": self._between_hosts()},
            view=self._cloud.view(self.network),
            way=self.network.way,
            triggers=self._triggers(),
            seed=self.identity.seed,
            opts=self._child(),
        )

    def _between_hosts(self) -> str:
        """What hosts may open on each other: verify asks for nothing that is not allowed."""
        settings = self._environment.settings
        return settings.between_hosts if isinstance(settings, CloudSettings) else "services"

    # -- what the stages share

    def _child(self, after: Sequence[Resource] = ()) -> ResourceOptions:
        return ResourceOptions(parent=self, depends_on=list(after))

    def _fingerprint(self, slot: Slot) -> Output[str]:
        """What a manager's machine is made of; the text itself is secret, its hash is not."""
        text = self._boots[slot.name].user_data
        cloud = f" {slot.type} {slot.disk} {slot.spot}" if slot.type else ""
        made_of = f"{slot.image}{cloud} {slot.address}"
        return Output.unsecret(text.apply(lambda told: digest(f"{made_of} {told}")))

    def _triggers(self) -> dict[str, Output[str]]:
        """One text for each slot, and one for the network, that changes when either was touched."""
        slots = {
            slot.name: Output.concat(
                self.hosts[slot.name].revision,
                " ",
                self.routes[slot.name].revision,
                " ",
                self.nodes[slot.name].revision,
            )
            for slot in self._plan.slots
        }
        network = Output.all(*self.network.revisions.values()).apply(" ".join)
        return {**slots, "network": network}


def _place(slot: Slot) -> dict[str, str]:
    return {"name": slot.name, "address": str(slot.address)}


def _host_facts(slot: Slot) -> dict[str, str]:
    return {**_place(slot), "zone": slot.zone, "containers": str(slot.containers)}
