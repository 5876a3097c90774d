"""fairway:swarm:Quorum - the guard of the managers: refuses in preview what would lose them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Set
from typing import ClassVar

from components.errors import ConfigError, FairwayError, SwarmError
from components.remote.command import Secret
from components.swarm.quorum import OVERRIDE, Quorum, look_at_quorum, quorum_fault
from provider.access import endpoints, sessions_of
from provider.resource import REVISION, Call, Made, ResourceType, revision
from provider.schema import CIDR, MAP, TEXT, Field
from provider.wire import Values, has_unknown


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
        return Made(inputs["cluster"], self.update(call, Made("", {}), inputs))

    def read(self, call: Call, made: Made, inputs: Values) -> tuple[Values, Values] | None:
        return inputs, made.outputs

    def update(self, call: Call, made: Made, inputs: Values) -> Values:
        return {**self.shown(inputs), REVISION: revision()}

    def delete(self, call: Call, made: Made, inputs: Values) -> None:
        """Nothing exists outside the state."""


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
    seed = Secret(old["seed"])
    seen = look_at_quorum(endpoints(seed, old["managers"]), sessions_of(seed), old["cluster"])
    if seen.outside and not seen.standing | seen.leaderless:
        return quorum_fault(set(), after)  # they answer, and no Swarm ever began
    return quorum_fault(before, after, seen) or replacement_fault(before, replaced, seen)


def _replaced(old: Values, new: Values) -> set[str]:
    """The managers that stay in their slots, but with a new machine."""
    before, after = old.get("fingerprints", {}), new["fingerprints"]
    if has_unknown(after):
        return set()
    return {name for name in before if name in after and before[name] != after[name]}


def replacement_fault(managers: Set[str], replaced: Set[str], seen: Quorum) -> FairwayError | None:
    """Why these managers must not be replaced, even one at a time; None if they may.

    A manager that works is away for a while: those that work without it must be a majority.
    """
    for name in sorted(replaced & seen.standing):
        rest, working = managers - {name}, seen.standing - {name}
        if rest and 2 * len(working) <= len(rest):
            return SwarmError(
                where="managers",
                what=f"{name} cannot be replaced while others do not work",
                found=str(seen),
                wanted=f"more than half of {', '.join(sorted(rest))} at work",
                hint="bring those back first: replace them alone with"
                f" `pulumi up --target '**::NAME'`; {OVERRIDE}=1 goes on nevertheless",
            )
    return None
