"""fairway:swarm:Quorum - the guard of the managers: refuses in preview what would lose them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from components.errors import ConfigError, FairwayError
from components.remote import way
from components.remote.command import Secret
from components.swarm.quorum import OVERRIDE, look_at_quorum, quorum_fault, replacement_fault
from provider.access import endpoint_of, forget, sessions_of
from provider.resource import REVISION, Call, Made, ResourceType, revision
from provider.schema import CIDR, MAP, TEXT, Field
from provider.wire import Values, has_unknown

BOOTS_WITHIN: Final = 180.0  # seconds for a bastion to let us in after its start


class QuorumType(ResourceType):
    """The set of managers. Nothing is made: its Check is the guard, and sees old and new sets.

    A Diff could not do this: each node has its own, in any order, and removed ones have none.
    """

    urn_type = "fairway:swarm:Quorum"
    fields: ClassVar[Mapping[str, Field]] = {
        "cluster": Field(kind=TEXT, change="replace"),
        "managers": Field(kind=MAP),
        "fingerprints": Field(kind=MAP),
        "overlays": Field(kind=CIDR),
        "way": Field(kind=MAP, change=None, optional=True),
        "seed": Field(kind=TEXT, change=None, secret=True),
    }
    drifts = False

    def check(self, where: str, old: Values, new: Values) -> tuple[Values, list[FairwayError]]:
        new, errors = super().check(where, old, new)
        if not errors and not has_unknown(new["managers"]):
            found = (_moved_overlays(old, new), _unsafe(old, new))
            errors = [fault for fault in found if fault is not None]
        return new, errors

    def create(self, call: Call, inputs: Values) -> Made:
        return Made(inputs["cluster"], {**self.shown(inputs), REVISION: revision()})

    def read(self, call: Call, made: Made, inputs: Values) -> tuple[Values, Values] | None:
        return inputs, made.outputs

    def update(self, call: Call, made: Made, inputs: Values) -> Values:
        await_bastion(inputs, call.report)
        return {**self.shown(inputs), REVISION: revision()}

    def delete(self, call: Call, made: Made, inputs: Values) -> None:
        """Nothing exists outside the state."""


def await_bastion(inputs: Values, report: Callable[[str], None]) -> None:
    """Return when the bastion, if there is one, lets us in.

    It may be as new as the managers are to be, and a manager that cannot be reached any more is
    taken away without being asked to leave.
    """
    ring = Secret(inputs["seed"])
    bastion = way.bastion(ring, inputs.get("way") or {})
    if bastion is not None:
        forget(bastion)
        report("waiting for the bastion")
        sessions_of(ring).to(bastion, deadline=BOOTS_WITHIN, report=report)


def _moved_overlays(old: Values, new: Values) -> FairwayError | None:
    """Swarm takes its address pool when it begins and never again."""
    before = old.get("overlays", new["overlays"])
    if before == new["overlays"]:
        return None
    return ConfigError(
        where="fairway:network.overlays",
        what="a Swarm's address pool cannot change after it began",
        found=new["overlays"],
        wanted=str(before),
        hint="put it back; for another pool destroy the stack and build it anew",
    )


def _unsafe(old: Values, new: Values) -> FairwayError | None:
    """Ask the managers themselves, but only when something about them is to change."""
    if os.environ.get(OVERRIDE):
        return None
    before, after = set(old.get("managers", {})), set(new["managers"])
    replaced = _replaced(old, new)
    if not before or (before == after and not replaced):
        return quorum_fault(before, after)
    led = _known_way(old, new)
    if led is None:
        return quorum_fault(before, after)
    reached = {**old, "way": led}
    managers = [endpoint_of(reached, *place) for place in old["managers"].items()]
    seen = look_at_quorum(managers, sessions_of(Secret(old["seed"])), old["cluster"])
    if seen.outside and not seen.standing | seen.leaderless:
        return quorum_fault(set(), after)  # they answer, and no Swarm ever began
    return quorum_fault(before, after, seen) or replacement_fault(before, replaced, seen)


def _known_way(old: Values, new: Values) -> Mapping[str, str] | None:
    """The way to the managers; a preview may not know the new one yet, nor a state an old one."""
    for known in (new.get("way", {}), old.get("way")):
        if known is not None and not has_unknown(known):
            return dict(known)
    return None


def _replaced(old: Values, new: Values) -> set[str]:
    """The managers that stay in their slots, but with a new machine."""
    before, after = old.get("fingerprints", {}), new["fingerprints"]
    if has_unknown(after):
        return set()
    return {name for name in before if name in after and before[name] != after[name]}
