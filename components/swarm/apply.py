"""Doing the steps on the machine and through standing managers, one after the other."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import PurePosixPath

from components.errors import CommandFailed, SwarmError
from components.host.names import ROUTED_CONFIG, ROUTED_NETWORK
from components.remote.command import Command, Secret
from components.remote.endpoint import Session
from components.remote.session import Sessions
from components.remote.wait import Deadline, Report, wait_until
from components.swarm import engine_api, steps
from components.swarm.facts import Marker
from components.swarm.look import ask, missing, standing, survey
from components.swarm.managers import Managers
from components.swarm.model import MARKER_FILE, NodePlan
from components.swarm.seen import Seen
from components.swarm.steps import Step

BEGINS_WITHIN = 240.0  # seconds for the first manager to begin; its machine may still boot
ROLE_WITHIN = 60.0  # seconds from a change of role until the machine acts by it
LEAVES_WITHIN = 60.0


def apply(
    found: Sequence[Step], seen: Seen, plan: NodePlan, sessions: Sessions, report: Report
) -> None:
    """Do all steps in order, telling each by its phrase; stops at the first that fails."""
    worker = Worker(seen, plan, sessions, report)
    for step in found:
        report(step.phrase)
        worker.do(step)


class Worker:
    """One node's hands: its own session and the managers."""

    def __init__(self, seen: Seen, plan: NodePlan, sessions: Sessions, report: Report) -> None:
        self._plan = plan
        self._sessions = sessions
        self._report = report
        self._managers: Managers = standing(plan, seen.standing(plan.cluster), sessions)

    @property
    def _here(self) -> Session:
        return self._sessions.to(self._plan.endpoint)

    def do(self, step: Step) -> None:  # noqa: C901 - one line for each kind of step
        match step:
            case steps.MakeConfigNetwork():
                make_config_network(self._here, step.subnet, step.mtu)
            case steps.RemakeConfigNetwork():
                remake_config_network(self._here, step)
            case steps.MakeRoutedNetwork():
                make_routed_network(self._here)
            case steps.AwaitSwarm():
                self._await_swarm(step)
            case steps.Initialise():
                self._initialise(step)
            case steps.LeaveByForce():
                leave_by_force(self._here)
            case steps.DropEntry():
                drop_entry(self._managers, step.id, demote=step.manager)
            case steps.Join():
                self._join(step)
            case steps.MarkBelonging():
                mark(self._here, Marker(step.cluster, step.swarm))
            case steps.ChangeRole():
                self._change_role(step)
            case steps.Update():
                self._managers.run(update_command(step))

    def _await_swarm(self, step: steps.AwaitSwarm) -> None:
        last = [""]

        def begun() -> bool | None:
            machines = survey(self._plan.others, self._sessions)
            last[0] = "; ".join(machine.says for machine in machines)
            return True if any(m.stands(self._plan.cluster) for m in machines) else None

        wait_until(
            f"{step.first} to begin the Swarm",
            begun,
            where=self._plan.name,
            deadline=BEGINS_WITHIN,
            every=0.5,
            seen=lambda: last[0],
            hint=f"see what keeps {step.first} from it, then run `pulumi up` again",
            report=self._report,
        )

    def _initialise(self, step: steps.Initialise) -> None:
        # Noted before and after: a run that ends in between still finds whose Swarm this is.
        mark(self._here, Marker(step.cluster, ""))
        engine_api.initialise(self._here, step)
        engine = ask(self._plan.endpoint, self._here).engine
        mark(self._here, Marker(step.cluster, engine.swarm_id if engine else ""))

    def _join(self, step: steps.Join) -> None:
        mark(self._here, Marker(step.cluster, step.swarm))
        command = Command.of("docker", "swarm", "join-token", "--quiet", step.role)
        token = Secret(self._managers.run(command).stdout.strip())
        engine_api.join(self._here, step, token)

    def _change_role(self, step: steps.ChangeRole) -> None:
        verb = "promote" if step.role == "manager" else "demote"
        self._managers.run(Command.of("docker", "node", verb, step.id))
        wanted = step.role == "manager"

        def acts() -> bool | None:
            engine = ask(self._plan.endpoint, self._here).engine
            return True if engine and engine.control == wanted else None

        wait_until(
            f"it to act as a {step.role}",
            acts,
            where=self._plan.name,
            deadline=ROLE_WITHIN,
            retry_on=(CommandFailed,),
            hint="see `journalctl -u docker` on the host",
            report=self._report,
        )


def mark(session: Session, marker: Marker) -> None:
    session.run(Command.of("mkdir", "-p", PurePosixPath(MARKER_FILE).parent))
    session.put(MARKER_FILE, marker.text().encode(), 0o644)


def make_config_network(session: Session, subnet: str, mtu: int) -> None:
    options = [
        word
        for key, value in sorted(steps.routed_options(mtu).items())
        for word in ("--opt", f"{key}={value}")
    ]
    session.run(
        Command.of(
            "docker", "network", "create", "--config-only", "--subnet", subnet, *options,
            ROUTED_CONFIG,
        )
    )  # fmt: skip


def remake_config_network(session: Session, step: steps.RemakeConfigNetwork) -> None:
    """Replace the network.

    Raises:
        SwarmError: Containers still use it.
    """
    try:
        session.run(Command.of("docker", "network", "rm", ROUTED_CONFIG))
    except CommandFailed as error:
        raise SwarmError(
            where=session.endpoint.name,
            what=f"the network {ROUTED_CONFIG} cannot be changed while containers are on it",
            found=f"{step.found} ({error.stderr.strip()})",
            wanted=step.wanted,
            hint=f"replace the machine, or drain {session.endpoint.name} and run `pulumi up` again",
        ) from error
    make_config_network(session, step.subnet, step.mtu)


def make_routed_network(session: Session) -> None:
    """Make the Swarm's routed network; another manager may have been faster."""
    command = Command.of(
        "docker", "network", "create", "--driver", "bridge", "--scope", "swarm", "--config-from",
        ROUTED_CONFIG, ROUTED_NETWORK,
    )  # fmt: skip
    try:
        session.run(command)
    except CommandFailed as error:
        if "already exists" not in error.stderr:
            raise


def leave_by_force(session: Session) -> None:
    """Leave whatever Swarm the machine is in; having left already is fine.

    Docker gives its Swarm part 15 s to stop and then answers with a deadline, although the part
    goes on stopping (moby, daemon/cluster, `nodeRunner.Stop`): a manager that is the last one of
    a majority takes longer on a busy machine. Asking again waits for the same end.
    """
    limit = Deadline(LEAVES_WITHIN)
    while True:
        try:
            session.run(Command.of("docker", "swarm", "leave", "--force"), timeout=LEAVES_WITHIN)
        except CommandFailed as error:
            if "not part of a swarm" in error.stderr:
                return
            if "deadline exceeded" not in error.stderr or limit.passed:
                raise
        else:
            return


def drop_entry(managers: Managers, node_id: str, *, demote: bool) -> None:
    """Take a node that will not come back off the managers' list, and out of the quorum first."""
    try:
        if demote:
            demote_node(managers, node_id)
        _remove(managers, node_id)
    except CommandFailed as error:
        if not missing(error):
            raise


def demote_node(managers: Managers, node_id: str) -> None:
    """Make it a worker; a promotion that never reached raft has nothing to take back."""
    try:
        managers.run(Command.of("docker", "node", "demote", node_id))
    except CommandFailed as error:
        if "can't find manager in raft memberlist" not in error.stderr:
            raise


def _remove(managers: Managers, node_id: str, *, tries: int = 20, every: float = 0.5) -> None:
    # A demoted manager stays a member of raft for a moment, and is not removed while it is one.
    for left in reversed(range(tries)):
        try:
            managers.run(Command.of("docker", "node", "rm", "--force", node_id))
        except CommandFailed as error:
            if "raft" not in error.stderr or not left:
                raise
            time.sleep(every)
        else:
            return


def update_command(step: steps.Update) -> Command:
    words = [word for key, value in step.add for word in ("--label-add", f"{key}={value}")]
    words += [word for key in step.remove for word in ("--label-rm", key)]
    words += ["--availability", "active"] if step.activate else []
    return Command.of("docker", "node", "update", *words, step.id)
