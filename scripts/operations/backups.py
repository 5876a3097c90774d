"""Backups of a stack's Swarm: made, listed, kept as files, and put back."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from components.backup import making, putting_back
from components.backup.names import Backup, key_of, read_name
from components.errors import (
    ConfigError,
    DeadlineExceeded,
    FairwayError,
    SetupError,
    SwarmError,
)
from components.remote.command import Secret
from components.remote.endpoint import Session
from components.swarm import health
from components.swarm.again import go_on_alone
from components.swarm.apply import leave_by_force
from scripts import stack as engine
from scripts.operations.managers import Ground, opened

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Held:
    """A backup with what it holds, encrypted."""

    backup: Backup
    content: bytes

    def write(self, path: Path) -> None:
        """Write it for its owner alone, its name in the first line: the file may have any."""
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(self.backup.name.encode() + b"\n" + self.content)
        fresh.replace(path)

    @classmethod
    def read(cls, path: Path) -> Held:
        """Read what `write` wrote, or a file as it lies at its place, under its own name.

        Raises:
            ConfigError: It is no backup.
        """
        text = path.read_bytes()
        first, _, rest = text.partition(b"\n")
        for name, content in ((first.decode(errors="replace"), rest), (path.name, text)):
            backup = read_name(name, len(content))
            if backup is not None:
                return cls(backup, content)
        raise ConfigError(
            where=str(path),
            what="this is no backup",
            wanted="a file that `./fairway backup STACK --out FILE` wrote",
            hint="name another file",
        )


def make_now(stack: str) -> Backup:
    """Make a backup on the manager that leads."""
    with opened(stack) as ground:
        _refuse_unmade(ground)
        return making.make(ground.leader(), ground.plan.environment)


def listing(stack: str) -> tuple[Backup, ...]:
    """The stack's backups at their place, the newest first."""
    with opened(stack) as ground:
        return _listing(ground)


def take(stack: str, name: str = "") -> Held:
    """Fetch a backup, still encrypted: the newest, or the one of this name.

    Raises:
        ConfigError: There is none.
    """
    with opened(stack) as ground:
        found = [each for each in _listing(ground) if name in ("", each.name)]
        if not found:
            raise ConfigError(
                where=f"stack {stack}",
                what="there is no such backup" if name else "there is no backup",
                found=name,
                hint=f"see `./fairway backup {stack} --list`",
            )
        return Held(found[0], making.fetch(_some_manager(ground), found[0]))


def save(stack: str, path: Path) -> None:
    """Make a backup now, and write it to `path`, encrypted and for its owner alone."""
    take(stack, make_now(stack).name).write(path)


def put_back(stack: str, held: Held, say: Say) -> bool:
    """Make the backup the stack's Swarm, bring every other node in; whether all is whole then.

    The Swarm that stands is given up. Nothing is touched before the backup is open on its host.

    Raises:
        FairwayError: A manager does not answer, or the backup cannot be used.
    """
    with opened(stack) as ground:
        key = check(ground, held)
        here = held.backup.slot
        session = ground.session(here)
        say(f"opening the backup on {here}")
        putting_back.unpack(session, held.content, key)
        try:
            _give_up(ground, here, say)
            say(f"putting the Swarm's state back on {here}")
            putting_back.put_back(session)
        except FairwayError:
            putting_back.forget(session)
            raise
        go_on_alone(ground.node(here), ground.sessions, say, gone=lambda _: True)
    return finish(stack, say)


def check(ground: Ground, held: Held) -> Secret:
    """The key that opens the backup, when it can be put back now.

    Raises:
        FairwayError: It cannot.
    """
    slot = held.backup.slot
    names = [manager.name for manager in ground.plan.managers]
    if held.backup.environment != ground.plan.environment or slot not in names:
        raise ConfigError(
            where=held.backup.name,
            what="a backup can only be put back where it was made: a manager's address is in it",
            found=f"{slot} of {held.backup.environment}",
            wanted=f"{' or '.join(names)} of {ground.plan.environment}",
            hint="take another backup, or plan that manager again",
        )
    silent = [machine.name for machine in ground.look() if machine.engine is None]
    if silent:
        raise SwarmError(
            where=f"stack {ground.stack}",
            what="every manager must answer before a backup is put back",
            found=f"no answer from {', '.join(silent)}",
            hint=f"run `make up STACK={ground.stack}` first: it builds what is gone",
        )
    known = ground.deployed
    return key_of(held.backup, known.seeds.values() or (known.seed,))


def _give_up(ground: Ground, last: str, say: Say) -> None:
    """Make all managers leave the Swarm that stands, `last` at the end."""
    for machine in sorted(ground.look(), key=lambda one: one.name == last):
        if machine.joined:
            say(f"{machine.name} leaves the Swarm that stands")
            leave_by_force(ground.session(machine.name))


def finish(stack: str, say: Say) -> bool:
    """Let the engine bring the other nodes in, and wait for services; whether all is whole then.

    Raises:
        SetupError: It ended with an error.
    """
    say("bringing the other hosts in")
    status = engine.up(stack)
    if status != 0:
        raise SetupError(
            where=f"stack {stack}",
            what="the Swarm is back on one manager, but not all hosts are in it",
            found=f"the engine's status {status}, told above",
            hint=f"mend that, then run `make up STACK={stack}`",
        )
    with opened(stack) as ground:
        return _whole(ground, say)


def _whole(ground: Ground, say: Say) -> bool:
    roles = {slot.name: slot.role for slot in ground.plan.slots}
    cluster, doors = ground.plan.environment, ground.managers
    try:
        health.wait_whole(
            lambda: health.look(roles, cluster, doors, ground.sessions),
            where=f"Swarm of {cluster}",
            report=say,
        )
    except DeadlineExceeded as error:
        say(str(error))
        return False
    return True


def _listing(ground: Ground) -> tuple[Backup, ...]:
    _refuse_unmade(ground)
    return making.listing(_some_manager(ground), ground.plan.environment)


def _some_manager(ground: Ground) -> Session:
    """Any manager that answers: all of them reach the place."""
    for machine in ground.look():
        if machine.engine is not None:
            return ground.session(machine.name)
    return ground.session(ground.plan.managers[0].name)


def _refuse_unmade(ground: Ground) -> None:
    if not ground.environment.backup:
        raise ConfigError(
            where=f"stack {ground.stack}",
            what="no backups are made of it",
            found="fairway:backup is off",
            hint="say there where they go, and run `pulumi up`; docs/configuration.md shows how",
        )
