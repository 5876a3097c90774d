"""Standing managers used as one: a command goes to the first that can do it."""

from __future__ import annotations

from collections.abc import Sequence

from components.errors import CommandFailed, DeadlineExceeded, HostUnreachable
from components.remote.command import Command, Result
from components.remote.endpoint import Endpoint
from components.remote.session import Sessions
from components.remote.wait import Deadline, Pace

NEAR = 8.0  # seconds for a manager that should be up to let us in; others can do its work
CALL = 30.0  # seconds for one command; without a leader Docker itself gives up after 20
LEADER = 60.0  # seconds for the managers to agree on a leader after one was lost

# What managers say while a leader is missing or two changes met; the same command works later.
PASSING = (
    "does not have a leader",
    "no elected",
    "lost leadership",
    "deadlineexceeded",
    "deadline exceeded",
    "update out of sequence",
    "code = unavailable",
    "raft proposal dropped",
    "timeout was reached before node joined",
    "raft: stopped",
)
NOT_HERE = ("not a swarm manager", "not part of a swarm")


Trouble = CommandFailed | HostUnreachable | DeadlineExceeded


def passes(failure: CommandFailed) -> bool:
    """Whether a manager's refusal is one that a later attempt may not meet."""
    said = (failure.stdout + failure.stderr).lower()
    return any(word in said for word in PASSING)


def not_here(failure: Trouble) -> bool:
    """Whether it came from a machine that is no manager any more."""
    said = failure.stderr.lower() if isinstance(failure, CommandFailed) else ""
    return any(word in said for word in NOT_HERE)


class Managers:
    """The managers of one Swarm, asked in the order of `endpoints`.

    `patience` is how many seconds a command is tried around the loss of a leader.
    """

    def __init__(
        self, endpoints: Sequence[Endpoint], sessions: Sessions, *, patience: float = LEADER
    ) -> None:
        self._endpoints = list(endpoints)
        self._sessions = sessions
        self._patience = patience

    def run(self, command: Command) -> Result:
        """Run `command` on whichever manager can.

        A command may so run twice: give only such as do no harm then.

        Raises:
            CommandFailed: A manager refused it for a reason that does not pass, or none of
                them is a manager any more.
            HostUnreachable: No manager answered.
        """
        limit = Deadline(self._patience)
        pace = Pace(limit, 0.5)
        while True:
            met: list[Trouble] = []
            result = self._round(command, met)
            if result is not None:
                return result
            if limit.passed or all(not_here(trouble) for trouble in met):
                raise met[-1] if met else _nobody()
            pace.pause()

    def _round(self, command: Command, met: list[Trouble]) -> Result | None:
        for endpoint in list(self._endpoints):
            try:
                return self._sessions.to(endpoint, deadline=NEAR).run(command, timeout=CALL)
            except CommandFailed as error:
                if not (passes(error) or not_here(error)):
                    raise
                met.append(error)
            except (HostUnreachable, DeadlineExceeded) as error:
                met.append(error)
            self._ask_last(endpoint)
        return None

    def _ask_last(self, endpoint: Endpoint) -> None:
        self._endpoints.remove(endpoint)
        self._endpoints.append(endpoint)


def _nobody() -> HostUnreachable:
    return HostUnreachable(
        where="Swarm", what="no manager is left to ask", hint="start the managers' machines"
    )
