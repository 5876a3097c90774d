"""Everything that can go wrong, one leaf for each thing a user would do differently.

    FairwayError
    ├── ConfigError          edit the stack's configuration
    │   └── ConfigFaults     the same for several at once; `faults` holds each
    ├── CloudError           the cloud's account refused or lacks something: as the hint says
    │   └── CloudFaults      the same for several at once; `faults` holds each
    ├── SetupError           this computer lacks something, or a stack is in use: as the hint says
    ├── LabError             the one-computer cloud refused or could not do it
    │   ├── QuotaExceeded    ask for fewer routes, or raise the quota
    │   └── LabConflict      something on this computer that is not ours is in the way
    ├── RemoteError          talking to a host failed
    │   ├── HostUnreachable  the host does not answer: look at the machine and the path to it
    │   ├── HostKeyMismatch  somebody else answers: do not continue before you know who
    │   ├── LoginRefused     the right host answers, but does not let our key in
    │   ├── BootFailed       a host's first boot ended with an error: mend it, replace the machine
    │   ├── CommandFailed    a command on a host ended with a status that was not accepted
    │   └── DeadlineExceeded something awaited did not happen in time
    ├── SwarmError           the Swarm is not in a state to do this
    │   └── QuorumLost       too few managers answer: recover before changing anything
    └── VerifyFailed         the network is not what the plan says

A message has four parts (what, where, found against wanted, next step), so that the reader
at three in the morning needs no second look-up.
"""

from __future__ import annotations

from collections.abc import Sequence


class FairwayError(Exception):
    """An error that is shown to the user as it is, in four parts.

    Args:
        where: The place to look at: a file and key path, a host, a resource.
        what: What is wrong, in one clause.
        found: What was met.
        wanted: What would have been right.
        hint: The next step, in the imperative.

    `str(error)` reads `where: what: found F, wanted W; hint`, leaving out what is empty.
    """

    def __init__(
        self, *, where: str, what: str, found: str = "", wanted: str = "", hint: str
    ) -> None:
        self.where = where
        self.what = what
        self.found = found
        self.wanted = wanted
        self.hint = hint
        super().__init__(self._render())

    def _render(self) -> str:
        seen = [f"found {self.found}"] if self.found else []
        seen += [f"wanted {self.wanted}"] if self.wanted else []
        detail = f": {', '.join(seen)}" if seen else ""
        return f"{self.where}: {self.what}{detail}; {self.hint}"


class ConfigError(FairwayError):
    """The stack's configuration asks for something that cannot be built."""


class ConfigFaults(ConfigError):
    """Every fault found in one configuration, so that one round of edits mends them all.

    `str` shows one fault a line; `faults` holds the single errors, never none.
    """

    def __init__(self, faults: Sequence[ConfigError]) -> None:
        self.faults = tuple(faults)
        super().__init__(
            where=faults[0].where,
            what=f"{len(faults)} faults in the configuration",
            hint="mend each of them",
        )

    def _render(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


class CloudError(FairwayError):
    """The cloud's account lacks something, or its API refused or did not answer."""


class CloudFaults(CloudError):
    """Everything found wrong with an account, before anything is built.

    `str` shows one fault a line; `faults` holds the single errors, never none.
    """

    def __init__(self, faults: Sequence[CloudError]) -> None:
        self.faults = tuple(faults)
        super().__init__(
            where=faults[0].where,
            what=f"{len(faults)} things stand in the way",
            hint="mend each of them",
        )

    def _render(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


class SetupError(FairwayError):
    """Something that `make` needs is missing on this computer, or is held by somebody else."""


class LabError(FairwayError):
    """The lab could not do what it was asked to do."""


class QuotaExceeded(LabError):
    """A route table has no entry left."""


class LabConflict(LabError):
    """Something on this computer that is not ours is in the way; it is never touched."""


class RemoteError(FairwayError):
    """Talking to a host failed."""


class HostUnreachable(RemoteError):
    """The host does not answer at all."""


class HostKeyMismatch(RemoteError):
    """The host answered with a key that is not the pinned one."""


class LoginRefused(RemoteError):
    """The right host answered and did not accept our key."""


class BootFailed(RemoteError):
    """A host's first boot ended with an error."""


class CommandFailed(RemoteError):
    """A command on a host ended with a status that was not accepted.

    `status` is -1 where a signal ended it. The outputs are as the host sent them, secrets in
    them included: they are for decisions, the message holds what may be shown.
    """

    def __init__(  # noqa: PLR0913 - the four parts and what the command gave back
        self,
        *,
        where: str,
        what: str,
        found: str = "",
        wanted: str = "",
        hint: str,
        status: int = -1,
        stdout: str = "",
        stderr: str = "",
    ) -> None:
        self.status = status
        self.stdout = stdout
        self.stderr = stderr
        super().__init__(where=where, what=what, found=found, wanted=wanted, hint=hint)


class DeadlineExceeded(RemoteError):
    """Something awaited did not happen in time; `what` says what was waited for."""


class SwarmError(FairwayError):
    """The Swarm is not in a state in which this can be done."""


class QuorumLost(SwarmError):
    """Too few managers answer; any change would make it worse."""


class VerifyFailed(FairwayError):
    """Containers do not reach each other as planned; names the pair and the first wrong hop."""
