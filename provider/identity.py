"""fairway:host:Identity - the seeds that all SSH keys of a cluster come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from components.errors import ConfigError, FairwayError
from components.remote.command import Secret
from components.remote.keys import keyring, new_seed
from provider.resource import REVISION, Call, Made, ResourceType, revision
from provider.schema import NUMBER, NUMBERS, TEXT, Field, Rule
from provider.wire import Values

FIRST: Final = 1  # the generation of a state that does not know of generations
Seeds = dict[str, str]


class Identity(ResourceType):
    """Seeds by generation: each is drawn once and stays a secret in the state for ever.

    The output `seed` is the keyring of the generation in use and of those that are accepted
    beside it. A seed that is neither any more is kept for what was encrypted for it.
    """

    urn_type = "fairway:host:Identity"
    fields: ClassVar[Mapping[str, Field]] = {
        "cluster": Field(kind=TEXT, change="replace"),
        "generation": Field(kind=NUMBER, change=None, optional=True),
        "accept": Field(kind=NUMBERS, change=None, optional=True),
    }
    computed = ("seed", "seeds")
    secret_outputs = frozenset({"seed", "seeds"})
    drifts = False

    def check(self, where: str, old: Values, new: Values) -> tuple[Values, list[FairwayError]]:
        new, errors = super().check(where, old, new)
        wrong = _too_fast(old, new) if old and not errors else None
        return new, [*errors, *([wrong] if wrong else [])]

    def changes(self, old: Values, outputs: Values, new: Values) -> dict[str, Rule]:
        found = super().changes(old, outputs, new)
        # A state of before generations is one of the first alone, and stays as it is.
        if _generation(old) != _generation(new):
            found["generation"] = "update"
        if _accepted(old) != _accepted(new):
            found["accept"] = "update"
        return found

    def preview(self, inputs: Values, outputs: Values | None) -> Values:
        """Tell the keyring as far as its seeds are drawn, so that a preview knows the keys in use.

        A seed that is yet to be drawn is accepted only, and changes nothing on a host.
        """
        drawn = _drawn(outputs) if outputs else {}
        known = super().preview(inputs, outputs)
        if str(_generation(inputs)) not in drawn:
            return known
        return {**known, "seed": _ring(inputs, drawn)}

    def create(self, call: Call, inputs: Values) -> Made:
        return Made(inputs["cluster"], _outputs(inputs, {}))

    def read(self, call: Call, made: Made, inputs: Values) -> tuple[Values, Values] | None:
        return inputs, made.outputs

    def update(self, call: Call, made: Made, inputs: Values) -> Values:
        return _outputs(inputs, _drawn(made.outputs))

    def delete(self, call: Call, made: Made, inputs: Values) -> None:
        """Nothing exists outside the state."""


def _outputs(inputs: Values, drawn: Seeds) -> Values:
    missing = {number for number in _numbers(inputs) if number not in drawn}
    seeds = {**drawn, **{number: new_seed().reveal() for number in missing}}
    return {**inputs, "seed": _ring(inputs, seeds), "seeds": seeds, REVISION: revision()}


def _ring(inputs: Values, drawn: Seeds) -> str:
    in_use, *accepted = (Secret(drawn[n]) for n in _numbers(inputs) if n in drawn)
    return keyring(in_use, accepted).reveal()


def _drawn(outputs: Values) -> Seeds:
    held = outputs.get("seeds")
    return dict(held) if held else {str(FIRST): outputs["seed"]}


def _numbers(inputs: Values) -> list[str]:
    return [str(number) for number in (_generation(inputs), *_accepted(inputs))]


def _generation(inputs: Values) -> int:
    return int(inputs.get("generation", FIRST))


def _accepted(inputs: Values) -> list[int]:
    return list(inputs.get("accept", []))


def _too_fast(old: Values, new: Values) -> FairwayError | None:
    """Why this step must not follow the last: hosts of both must find one another meanwhile."""
    before, after = _generation(old), _generation(new)
    if after == before:
        return None
    if after in _accepted(old) and before in _accepted(new):
        return None
    return ConfigError(
        where="fairway:keys",
        what="hosts with the keys of before and after must know each other's while both stand",
        found=f"generation {before}, then {after} with accept {_accepted(new)}",
        wanted=f"generation {before} with accept [{after}], then generation {after} with"
        f" accept [{before}]",
        hint="take one step at a time, or let `./fairway rotate STACK keys` do it",
    )
