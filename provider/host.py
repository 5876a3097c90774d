"""fairway:host:* - what all hosts of a cluster share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from components.remote.keys import new_seed
from provider.resource import REVISION, Call, Made, ResourceType, revision
from provider.schema import TEXT, Field
from provider.wire import Values


class Identity(ResourceType):
    """The seed of all SSH keys of a cluster: drawn once, kept as a secret in the state only."""

    urn_type = "fairway:host:Identity"
    fields: ClassVar[Mapping[str, Field]] = {"cluster": Field(kind=TEXT, change="replace")}
    computed = ("seed",)
    secret_outputs = frozenset({"seed"})
    drifts = False

    def create(self, call: Call, inputs: Values) -> Made:
        seed = new_seed().reveal()
        return Made(inputs["cluster"], {**inputs, "seed": seed, REVISION: revision()})

    def read(self, call: Call, made: Made, inputs: Values) -> tuple[Values, Values] | None:
        return inputs, made.outputs

    def update(self, call: Call, made: Made, inputs: Values) -> Values:
        return {**made.outputs, **inputs}

    def delete(self, call: Call, made: Made, inputs: Values) -> None:
        """Nothing exists outside the state."""
