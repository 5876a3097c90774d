"""Rotating the SSH keys of hosts and operator: three runs of the engine, taken up from anywhere.

Where a rotation is, is what the stack's file declares and what the state says was done. No host
is ever reached with a key that is not derived from a seed of the secret state.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from components.environment import Keys, read_stack_file
from components.errors import LoginRefused, RemoteError, SetupError
from components.plan import Plan, make_plan
from components.remote import way
from components.remote.command import Secret
from components.remote.endpoint import Endpoint
from components.remote.keys import operator_key, seeds
from components.remote.session import Sessions, connect
from components.swarm.quorum import OVERRIDE, only_manager
from scripts import locks
from scripts import stack as engine
from scripts.cli import access, stack_text, state
from scripts.cli.stack_text import StackText
from scripts.cli.state import Deployed
from scripts.workspace import stack_file

SECTION: Final = "fairway:keys"
NEAR: Final = 30.0  # seconds for a host that stands to answer
AT_ONCE: Final = 16  # hosts that are asked at the same time
Say = Callable[[str], None]


def stages(declared: Keys, stored: Keys, drawn: Collection[int]) -> tuple[Keys, ...]:
    """What is to be declared and run, one after the other, to the end of a rotation.

    `declared` is what the stack's file says, `stored` what the last run was told, `drawn` the
    generations that ever were. Where no rotation is under way a new one begins.
    """
    now, accepted = declared.generation, declared.accept
    if accepted and max(accepted) > now:
        new = max(accepted)
        return (declared, Keys(generation=new, accept=(now,)), Keys(generation=new))
    if accepted or declared != stored:
        return tuple(dict.fromkeys((declared, Keys(generation=now))))
    new = max((*drawn, now)) + 1
    following = Keys(generation=now, accept=(new,))
    return (following, Keys(generation=new, accept=(now,)), Keys(generation=new))


def meaning(keys: Keys, hosts: Collection[str]) -> str:
    """What a stage does, for a reader who is to agree."""
    others = ", ".join(map(str, keys.accept))
    if not keys.accept:
        return f"only generation {keys.generation} is accepted from then on; no host changes"
    if max(keys.accept) > keys.generation:
        return f"generation {others} is accepted beside {keys.generation}; no host changes"
    return (
        f"generation {keys.generation} comes into use, {others} stays accepted: hosts that do not"
        f" have it are replaced, one after the other: {', '.join(hosts)}"
    )


def refuse_only_manager(plan: Plan, todo: Collection[Keys]) -> None:
    """Refuse before the first step what the engine would refuse in the middle of the second.

    Raises:
        SwarmError: Hosts are replaced, and one of them is the only manager.
    """
    replaces = any(keys.accept and max(keys.accept) < keys.generation for keys in todo)
    if replaces and len(plan.managers) == 1 and not os.environ.get(OVERRIDE):
        raise only_manager(plan.managers[0].name)


def declare(file: StackText, keys: Keys) -> str:
    """The stack file's text with these keys in it, and nothing else changed.

    Raises:
        ConfigError: The section is written in a form that cannot be changed without the rest.
    """
    accept = list(keys.accept)
    wanted = {"generation": keys.generation, "accept": accept}
    if not isinstance(file.value(SECTION), dict) or not file.value(SECTION):
        text = f"{{generation: {keys.generation}, accept: {accept}}}"
        return file.changed((SECTION,), text, means=wanted)
    for name, value in wanted.items():
        if file.value(SECTION, name) != value:
            file = file.now(file.changed((SECTION, name), str(value), means=value))
    return file.text


def rotate(stack: str, todo: Collection[Keys], say: Say) -> None:
    """Declare and run each stage; prove the new keys before the former ones are forgotten.

    Raises:
        FairwayError: A run failed, or a host is not as it must be; the same command goes on.
    """
    for number, keys in enumerate(todo, 1):
        plan, before = make_plan(read_stack_file(stack_file(stack))), state.read(stack)
        say(f"step {number} of {len(todo)}: generation {keys.generation}")
        if not keys.accept:
            _all_show(plan, before)
        _write(stack, keys)
        _up(stack)
        after = state.read(stack)
        access.write(stack, plan, after)
        if not keys.accept:
            former = [seed for seed in seeds(before.seed) if seed not in seeds(after.seed)]
            _all_refuse(plan, after, former)
            say(f"{len(plan.slots)} hosts show their new keys and refuse the operator's former one")


def _write(stack: str, keys: Keys) -> None:
    file = stack_text.read(stack_file(stack))
    stack_text.write(file, declare(file, keys))


def _up(stack: str) -> None:
    locks.release_stale(stack)
    engine.forget_pending(stack)
    words = (
        "up",
        "--yes",
        "--skip-preview",
        *engine.looking_first(stack),
        *engine.QUIET,
        "--stack",
        stack,
    )
    if engine.pulumi(*words) != 0:
        raise SetupError(
            where=f"stack {stack}",
            what="the engine stopped in the middle of the rotation; hosts of before and after"
            " are reached, each with its own keys",
            hint=f"mend what it says; then run `./fairway rotate {stack} keys` to go on",
        )


def _all_show(plan: Plan, deployed: Deployed) -> None:
    """Refuse to forget keys that a host still shows."""
    in_use = seeds(deployed.seed)[0]
    with Sessions.of(in_use) as sessions:
        old = _asked(plan, deployed, in_use, partial(sessions.to, deadline=NEAR))
    if old:
        raise SetupError(
            where=f"stack {plan.environment}",
            what="not every host has the new keys, so the former ones stay accepted",
            found="; ".join(f"{host}: {error.what}" for host, error in old.items()),
            wanted="new keys everywhere",
            hint=f"run `make up STACK={plan.environment}`, then the rotation again",
        )


def _all_refuse(plan: Plan, deployed: Deployed, former: Collection[Secret]) -> None:
    """Prove that no host lets the operator's former keys in."""
    door = way.bastion(deployed.seed, deployed.way)
    with Sessions.of(deployed.seed) as sessions:
        for seed in former:
            tried = partial(_knock, key=operator_key(seed).private, door=door, sessions=sessions)
            failed = _asked(plan, deployed, deployed.seed, tried)
            if failed:
                raise next(iter(failed.values()))


def _knock(host: Endpoint, *, key: Secret, door: Endpoint | None, sessions: Sessions) -> None:
    through = sessions.to(door, deadline=NEAR) if door and host.via else None
    try:
        connect(host, key, deadline=NEAR, through=through).close()
    except LoginRefused:
        return
    raise RemoteError(
        where=str(host),
        what="it still lets the operator's former key in",
        wanted="a host that was made with the new keys alone",
        hint=f"replace it: `pulumi up --replace '**::{host.name}'`",
    )


def _asked(
    plan: Plan, deployed: Deployed, ring: Secret, ask: Callable[[Endpoint], object]
) -> dict[str, RemoteError]:
    """What went wrong at each host, the bastion among them."""
    led, name = deployed.way, plan.environment
    hosts = [way.endpoint(ring, name, s.name, str(s.address), led) for s in plan.slots]
    door = way.bastion(ring, led)

    def tried(host: Endpoint) -> RemoteError | None:
        try:
            ask(host)
        except RemoteError as error:
            return error
        return None

    asked = [*hosts, *([door] if door else [])]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        met = dict(zip((host.name for host in asked), pool.map(tried, asked), strict=True))
    return {host: error for host, error in met.items() if error is not None}
