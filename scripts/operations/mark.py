"""The mark of an operation in the Swarm, which all operators of a stack share.

It is a config object, which the managers' raft makes once and refuses a second time, with the
holder in its labels. It holds no secret.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from components.errors import CommandFailed, FairwayError, SetupError
from components.remote.command import Command
from components.remote.endpoint import Endpoint
from components.swarm.look import missing
from components.swarm.managers import Managers
from scripts.operation import Holder, held_by
from scripts.operations.managers import Ground, opened
from scripts.progress import already

NAME: Final = "fairway-operation"
PATIENCE: Final = 15.0  # seconds for the managers to agree on a leader
# The data is the token, for Docker refuses an empty config.
_CREATE: Final = 'token=$1; shift; printf %s "$token" | docker config create "$@" -'
_LABELS: Final = Command.of(
    "docker", "config", "inspect", "--format", "{{json .Spec.Labels}}", NAME
)
_REMOVE: Final = Command.of("docker", "config", "rm", NAME)


@contextmanager
def marked(stack: str, holder: Holder) -> Iterator[None]:
    """Have the mark in the Swarm meanwhile, where one stands.

    Raises:
        SetupError: Another operation has it.
    """
    with _standing(stack) as managers:
        if managers is not None:
            _claim(stack, managers, holder)
    try:
        yield
    finally:
        _give_back(stack, holder)


def marked_by(stack: str) -> Holder | None:
    """Who has the mark, as the Swarm says; None where nobody has or no Swarm stands."""
    with _standing(stack) as managers:
        return _read(managers) if managers else None


def unmark(stack: str, holder: Holder) -> None:
    """Take this holder's mark away, if it is still there."""
    with _standing(stack) as managers:
        found = _read(managers) if managers else None
        if managers and found and found.token == holder.token:
            _remove(managers)


def _claim(stack: str, managers: Managers, holder: Holder) -> None:
    found = _create(managers, holder)
    if found is not None and found.gone:
        already("operation", f"released: {found.what} of process {found.pid}, which is no more")
        _remove(managers)
        found = _create(managers, holder)
    if found is not None:
        raise held_by(stack, found)


def _create(managers: Managers, holder: Holder) -> Holder | None:
    """Make the mark; who else has it, if somebody has."""
    labels = [
        word for key, text in _labels(holder).items() for word in ("--label", f"{key}={text}")
    ]
    create = Command.script(_CREATE, holder.token, *labels, NAME)
    try:
        managers.run(create)
    except CommandFailed as error:
        if "already exists" not in error.stderr.lower():
            raise
        # A manager that lost its leader may have done it before it said that it could not.
        found = _read(managers)
        return found if found and found.token != holder.token else None
    return None


def _give_back(stack: str, holder: Holder) -> None:
    """Remove the mark, at whatever Swarm stands now.

    An older one as well: it came with a backup that was put back, of a time when it was held.
    """
    try:
        with _standing(stack) as managers:
            found = _read(managers) if managers else None
            if managers and found and (found.token == holder.token or found.since < holder.since):
                _remove(managers)
    except FairwayError as error:
        print(
            f"the hold of this operation stays in the Swarm ({error.where}: {error.what}); remove"
            f" it later: ./fairway unlock {stack}",
            file=sys.stderr,
        )


def _labels(holder: Holder) -> dict[str, str]:
    told = {
        "what": holder.what,
        "pid": str(holder.pid),
        "user": holder.user,
        "host": holder.host,
        "since": repr(holder.since),
        "token": holder.token,
    }
    return {f"fairway.{key}": text for key, text in told.items()}


def _read(managers: Managers) -> Holder | None:
    try:
        labels = json.loads(managers.run(_LABELS).stdout)
        told = {key.removeprefix("fairway."): text for key, text in labels.items()}
        return Holder(
            what=told["what"],
            pid=int(told["pid"]),
            user=told["user"],
            host=told["host"],
            since=float(told["since"]),
            token=told["token"],
        )
    except CommandFailed as error:
        if missing(error):
            return None
        raise


def _remove(managers: Managers) -> None:
    try:
        managers.run(_REMOVE)
    except CommandFailed as error:
        if not missing(error):
            raise


@contextmanager
def _standing(stack: str) -> Iterator[Managers | None]:
    """The managers that can act; None where no Swarm stands or none of them can."""
    with ExitStack() as entered:
        try:
            ground = entered.enter_context(opened(stack))
        except SetupError:
            ground = None  # nothing was ever built
        doors = _doors(ground) if ground else []
        yield Managers(doors, ground.sessions, patience=PATIENCE) if ground and doors else None


def _doors(ground: Ground) -> list[Endpoint]:
    standing = {each.name for each in ground.look() if each.stands(ground.plan.environment)}
    return [each for each in ground.managers if each.name in standing]
