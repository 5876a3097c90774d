"""Looking before a change: what the engine foresees, and what that does to what stands now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Final

from components.change.foreseen import Foreseen
from components.change.meaning import Meaning, Standing, meaning
from components.change.story import stories
from components.change.topology import standing, topology
from components.clouds.rules import into_hosts
from components.environment import CloudSettings, Environment, read_stack_file
from components.errors import FairwayError, SetupError
from components.picture import Change, change_page
from components.plan import Plan, make_plan
from components.plan.rules import entries_needed, quota_of
from components.reach.planned import of_allowed, planned
from components.reach.survey import Broken, survey
from components.remote.command import Command
from components.remote.endpoint import Endpoint
from components.remote.session import Sessions
from components.swarm.managers import Managers
from components.swarm.quorum import look_at_quorum
from components.swarm.spread import services
from components.verify import asked
from scripts.cli import state
from scripts.cli.state import Deployed
from scripts.operations.foreseen import foresee
from scripts.workspace import stack_file

_VOLUMES: Final = Command.of("docker", "volume", "ls", "--format", "{{.Name}}")
_ANONYMOUS: Final = re.compile(r"[0-9a-f]{64}")  # made for a container and gone with it
NEAR: Final = 8.0  # seconds for a host to let us in; a preview says what it could not see


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A preview with what it was read from."""

    environment: Environment
    plan: Plan
    deployed: Deployed | None
    foreseen: Foreseen
    meaning: Meaning


def preview(stack: str) -> Meaning:
    """Run the engine's preview of the stack and say what it means.

    Raises:
        FairwayError: The stack's file is wrong, or the engine's preview failed.
    """
    return seen(stack).meaning


def seen(stack: str) -> Seen:
    """The same, with all that a picture of it needs."""
    environment = read_stack_file(stack_file(stack))
    plan, deployed = make_plan(environment), _deployed(stack)
    question = deployed.question if deployed else {}
    ranges = {host["name"]: host["containers"] for host in question.get("hosts", [])}
    ranges |= {slot.name: str(slot.containers) for slot in plan.slots}
    foreseen = foresee(stack, frozenset(ranges))
    entries = entries_needed(len(plan.routes), environment.network, environment.settings)
    quota = quota_of(environment)
    said = Meaning((), (), {}, (), foreseen.fingerprint, entries, quota)
    if not foreseen.nothing:
        nothing = Standing(quota=quota)
        said = meaning(
            foreseen,
            look(environment, deployed, foreseen) if deployed else nothing,
            ranges=ranges,
            entries=entries,
            broken=newly_broken(environment, plan, question),
        )
    return Seen(
        environment=environment, plan=plan, deployed=deployed, foreseen=foreseen, meaning=said
    )


def picture(looked: Seen) -> str:
    """The page of the change."""
    deployed, settings = looked.deployed, looked.environment.settings
    question, roles = (deployed.question, deployed.roles) if deployed else ({}, {})
    pair = topology(
        looked.plan, looked.foreseen, standing(question, roles), question.get("network") or {}
    )
    return change_page(
        Change(
            stack=looked.environment.name,
            meaning=looked.meaning,
            topology=pair,
            stories=stories(looked.foreseen, looked.meaning, pair),
            quota=quota_of(looked.environment),
            uplink=settings.uplink,
        )
    )


def _deployed(stack: str) -> Deployed | None:
    try:
        found = state.read(stack)
    except SetupError:
        return None  # nothing stands: everything is new
    return found if found.question else None


def look(environment: Environment, deployed: Deployed, foreseen: Foreseen) -> Standing:
    """What stands, asked of managers and of the hosts that go; a silent one is told of."""
    question = deployed.question
    ends = {target.name: target.endpoint for target in asked.targets(question)}
    managers = [name for name in ends if deployed.roles.get(name) == "manager"]
    unseen: list[str] = []
    with Sessions.of(deployed.seed) as sessions:
        doors = [ends[name] for name in managers]
        quorum = look_at_quorum(doors, sessions, question["cluster"])
        try:
            found = services(Managers(doors, sessions, patience=NEAR))
        except FairwayError as error:
            found = ()
            unseen.append(f"services: {error.where}: {error.what}")
        volumes = _volumes(
            [ends[name] for name in foreseen.leaving if name in ends], sessions, unseen
        )
    return Standing(
        managers=frozenset(managers),
        working=quorum.standing,
        leaderless=quorum.leaderless,
        services=found,
        volumes=volumes,
        replaces_in=median(deployed.replaced_in) if deployed.replaced_in else None,
        quota=quota_of(environment),
        unseen=tuple(unseen),
    )


def _volumes(
    ends: list[Endpoint], sessions: Sessions, unseen: list[str]
) -> Mapping[str, tuple[str, ...]]:
    """Named volumes on the hosts that go, all asked at once."""

    def ask(end: Endpoint) -> tuple[str, tuple[str, ...]]:
        try:
            told = sessions.to(end, deadline=NEAR).run(_VOLUMES, timeout=NEAR).stdout.split()
        except FairwayError as error:
            unseen.append(f"volumes of {end.name}: {error.what}")
            return end.name, ()
        return end.name, tuple(name for name in told if not _ANONYMOUS.fullmatch(name))

    if not ends:
        return {}
    with ThreadPoolExecutor(min(len(ends), 16)) as pool:
        return dict(pool.map(ask, ends))


def newly_broken(
    environment: Environment, plan: Plan, question: Mapping[str, Any]
) -> tuple[Broken, ...]:
    """Paths that the planned network lacks on paper, and that today's rules would let work."""
    settings = environment.settings
    if not isinstance(settings, CloudSettings):
        return ()  # the lab's rules are the same for every plan
    after = survey(planned(plan, of_allowed(into_hosts(plan, settings))))
    today = (question.get("network") or {}).get("hosts") or settings.between_hosts
    was = replace(settings, between_hosts=today)
    known = survey(planned(plan, of_allowed(into_hosts(plan, was))))
    return tuple(each for each in after if each not in known)
