"""Looking at all hosts of a stack for what was changed by hand; nothing is changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from components.backup.kit import kit
from components.environment import Environment, read_stack_file
from components.errors import ConfigError, RemoteError
from components.host import comeback
from components.host.drift import Drift, judge
from components.host.drift_look import Seen, look
from components.host.drift_planned import Planned, PlannedFile
from components.host.former import former_texts
from components.host.user_data import INTERNET_MTU, SYSCTLS, planned_data
from components.plan import Plan, make_plan
from components.plan.model import Slot
from components.remote import way
from components.remote.command import Secret
from components.remote.session import Sessions
from components.verify.crew import at_once, failed, succeeded
from scripts.cli import state
from scripts.cli.state import Deployed
from scripts.workspace import stack_file

NEAR: Final = 10.0  # seconds for a host to let us in
PATIENCE: Final = 60.0  # seconds for a busy host to answer; it takes about one


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was found, by host. Each host that was asked is in just one of `found` and `silent`.

    `outdated` hosts were booted with other user data than the plan has now: what that wrote was
    not judged, and the next `up` replaces them anyway.
    """

    found: Mapping[str, tuple[Drift, ...]]
    silent: Mapping[str, str]
    outdated: tuple[str, ...]

    @property
    def drifted(self) -> tuple[str, ...]:
        """The hosts on which something was changed by hand."""
        return tuple(name for name, found in self.found.items() if found)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "drifted": list(self.drifted),
            "hosts": {name: [_told(each) for each in found] for name, found in self.found.items()},
            "silent": dict(self.silent),
            "outdated": list(self.outdated),
        }


def drift(stack: str, hosts: Collection[str] = ()) -> Looked:
    """Ask the hosts of a stack, or only those named, all at once.

    Raises:
        ConfigError: A name is no host of the stack's.
        FairwayError: The stack does not stand.
    """
    environment = read_stack_file(stack_file(stack))
    plan, deployed = make_plan(environment), state.read(stack)
    slots = {slot.name: slot for slot in _chosen(stack, plan, deployed, hosts)}
    wanted = {name: planned(environment, slot, deployed) for name, slot in slots.items()}
    with Sessions.of(deployed.seed) as sessions:
        asked = at_once(slots, lambda name: _ask(slots[name], wanted[name], deployed, sessions))
    seen = succeeded(asked)
    return Looked(
        found={name: tuple(judge(wanted[name], told)) for name, told in seen.items()},
        silent={name: _why(error) for name, error in failed(asked).items()},
        outdated=tuple(
            name for name, told in seen.items() if wanted[name].made_of(told.user_data) is None
        ),
    )


def planned(environment: Environment, slot: Slot, deployed: Deployed) -> Planned:
    """What a host is to be: its user data, and what its node put there by the last `up`."""
    duties, ring = deployed.duties.get(slot.name, {}), deployed.seed
    text = planned_data(environment, slot, ring, mtu=int(duties.get("mtu", INTERNET_MTU)))
    return Planned(
        texts=(text, *former_texts(text)),
        environment=environment.name,
        network=environment.network,
        added=_added(environment.name, slot, ring, duties),
    )


def _added(
    environment: str, slot: Slot, ring: Secret, duties: Mapping[str, Any]
) -> dict[str, PlannedFile]:
    wanted = duties.get("backup")
    files = kit(ring, environment, slot.name, wanted) if wanted else {}
    if duties.get("comeback") == comeback.fingerprint():  # else the next `up` puts them there
        files |= comeback.kit()
    return {
        path: PlannedFile(content=file.content.encode(), mode=f"{file.mode:o}")
        for path, file in files.items()
    }


def _chosen(stack: str, plan: Plan, deployed: Deployed, names: Collection[str]) -> tuple[Slot, ...]:
    """The slots that were named, else all; those whose machine stands."""
    standing = {slot.name: slot for slot in plan.slots if slot.name in deployed.machines}
    unknown = sorted(set(names) - standing.keys())
    if unknown:
        raise ConfigError(
            where=f"stack {stack}",
            what="no such host stands",
            found=", ".join(unknown),
            wanted=", ".join(standing),
            hint="name one of them",
        )
    return tuple(slot for name, slot in standing.items() if not names or name in names)


def _ask(slot: Slot, wanted: Planned, deployed: Deployed, sessions: Sessions) -> Seen:
    host = way.endpoint(
        deployed.seed, wanted.environment, slot.name, str(slot.address), deployed.way
    )
    places = wanted.places
    command = look(
        [path for path, shown in places.items() if shown],
        [path for path, shown in places.items() if not shown],
        wanted.units,
        tuple(SYSCTLS),
    )
    told = sessions.to(host, deadline=NEAR).run(command, ok=tuple(range(256)), timeout=PATIENCE)
    return Seen.parse(told.stdout)


def _why(error: RemoteError) -> str:
    return f"{error.what}: {error.found}" if error.found else error.what


def _told(each: Drift) -> dict[str, str]:
    return {
        "kind": each.kind,
        "what": each.what,
        "found": each.found,
        "planned": each.planned,
    }
