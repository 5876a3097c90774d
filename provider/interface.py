"""fairway:aws:Prefixes - a host's containers, as prefixes of its network interface on AWS."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from ipaddress import IPv4Network
from typing import ClassVar, Final

from components.clouds.aws import prefixes
from components.clouds.aws.api import Api
from components.errors import CloudError, FairwayError
from provider.resource import REVISION, Call, Made, ResourceType, revision
from provider.schema import CIDRS, TEXT, Field
from provider.wire import Values

# Of one request: a first `up` of many hosts asks more often than EC2 answers, and nothing of what
# is asked does harm twice.
ATTEMPTS: Final = 10


class PrefixesType(ResourceType):
    """The prefixes move in place to another interface: the next machine in the slot has a new one.

    The interface came with our machine, so it has these prefixes and no others.
    """

    urn_type = "fairway:aws:Prefixes"
    fields: ClassVar[Mapping[str, Field]] = {
        "region": Field(kind=TEXT, change="replace"),
        "interface": Field(kind=TEXT),
        "prefixes": Field(kind=CIDRS),
    }
    drifts = False  # as everything else on a cloud they are looked at when one refreshes

    def create(self, call: Call, inputs: Values) -> Made:
        return Made(inputs["prefixes"][0], self._give(inputs))

    def read(self, call: Call, made: Made, inputs: Values) -> tuple[Values, Values] | None:
        there = prefixes.held(_api(inputs["region"]), inputs["interface"])
        if there is None:
            return None
        seen = {**inputs, "prefixes": [str(prefix) for prefix in sorted(there)]}
        return seen, {**made.outputs, **self.shown(seen)}

    def update(self, call: Call, made: Made, inputs: Values) -> Values:
        before = made.outputs
        if before["interface"] != inputs["interface"]:
            prefixes.take(_api(before["region"]), before["interface"], _networks(before))
        return self._give(inputs)

    def delete(self, call: Call, made: Made, inputs: Values) -> None:
        prefixes.take(_api(inputs["region"]), inputs["interface"], _networks(inputs))

    def _give(self, inputs: Values) -> Values:
        try:
            prefixes.give(_api(inputs["region"]), inputs["interface"], _networks(inputs))
        except CloudError as error:
            raise _refused(inputs, error) from error
        return {**self.shown(inputs), REVISION: revision()}


def _networks(inputs: Values) -> set[IPv4Network]:
    return set(map(IPv4Network, inputs["prefixes"]))


@cache
def _api(region: str) -> Api:
    return Api(region, attempts=ATTEMPTS)


def _refused(inputs: Values, error: CloudError) -> FairwayError:
    given = inputs["prefixes"]
    return CloudError(
        where=f"{error.where}: interface {inputs['interface']}",
        what=f"it was not given the prefixes {given[0]} to {given[-1]}",
        found=error.found,
        hint=error.hint,
    )
