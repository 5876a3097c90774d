"""A stack's managers, reached with its own keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from components.environment import Environment, read_stack_file
from components.errors import SwarmError
from components.plan import Plan, make_plan
from components.plan.model import Slot
from components.remote import way
from components.remote.command import Command
from components.remote.endpoint import Endpoint, Session
from components.remote.session import Sessions
from components.swarm import health
from components.swarm.health import Health
from components.swarm.look import survey
from components.swarm.model import NodePlan
from components.swarm.seen import Machine
from scripts.cli import state
from scripts.cli.state import Deployed
from scripts.workspace import stack_file

_LEADS: Final = Command.of(
    "docker", "node", "inspect", "self", "--format", "{{.ManagerStatus.Leader}}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A stack as it is planned, what its state says, and open sessions."""

    stack: str
    environment: Environment
    plan: Plan
    deployed: Deployed
    sessions: Sessions

    def endpoint(self, slot: Slot) -> Endpoint:
        known = self.deployed
        return way.endpoint(
            known.seed, self.plan.environment, slot.name, str(slot.address), known.way
        )

    @property
    def managers(self) -> tuple[Endpoint, ...]:
        """The managers' endpoints in the order of slots."""
        return tuple(self.endpoint(slot) for slot in self.plan.managers)

    def session(self, name: str) -> Session:
        return self.sessions.to(self.endpoint(self.plan.slot(name)))

    def node(self, name: str) -> NodePlan:
        """A manager as the node that it is planned to be."""
        slot, network = self.plan.slot(name), self.plan.network
        return NodePlan(
            name=slot.name,
            role=slot.role,
            address=str(slot.address),
            labels=slot.labels,
            containers=str(slot.containers),
            endpoint=self.endpoint(slot),
            managers=self.managers,
            overlays=str(network.overlays),
            cluster=self.plan.environment,
            gwbridge=str(network.gwbridge),
        )

    def look(self) -> tuple[Machine, ...]:
        """What every manager says now; a silent one is seen as such."""
        return survey(self.managers, self.sessions)

    def health(self) -> Health:
        """Whether the Swarm is whole now; what cannot be seen is told in it."""
        roles = {slot.name: slot.role for slot in self.plan.slots}
        return health.look(roles, self.plan.environment, self.managers, self.sessions)

    def leader(self) -> Session:
        """The session to the manager that leads.

        Raises:
            SwarmError: None does.
        """
        seen = self.look()
        for machine in seen:
            if machine.stands(self.plan.environment):
                session = self.session(machine.name)
                if session.run(_LEADS, ok=(0, 1)).stdout.strip() == "true":
                    return session
        raise _leaderless(self.stack, seen)


@contextmanager
def opened(stack: str) -> Iterator[Ground]:
    """Everything that a command needs to speak with a stack's managers."""
    environment = read_stack_file(stack_file(stack))
    plan, deployed = make_plan(environment), state.read(stack)
    with Sessions.of(deployed.seed) as sessions:
        yield Ground(
            stack=stack,
            environment=environment,
            plan=plan,
            deployed=deployed,
            sessions=sessions,
        )


def _leaderless(stack: str, seen: Sequence[Machine]) -> SwarmError:
    return SwarmError(
        where=f"stack {stack}",
        what="no manager leads the Swarm",
        found="; ".join(machine.says for machine in seen),
        hint=f"run `make up STACK={stack}`; for a lost quorum `./fairway recover {stack}`",
    )
