"""fairway:host:FirstBoot - the first boot of each host on a cloud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from components.errors import FairwayError
from components.host.ready import wait_ready
from components.remote.command import Secret
from components.remote.endpoint import Endpoint
from components.remote.wait import Deadline
from provider.access import endpoint_of, forget, sessions_of
from provider.resource import (
    READY,
    REVISION,
    STATE,
    Call,
    Made,
    PartlyMadeError,
    ResourceType,
    revision,
)
from provider.schema import ADDRESS, MAP, TEXT, Field
from provider.wire import Values

STARTING: Final = "starting"
# Seconds from the start of an instance until its first boot has ended: it fetches Docker's
# packages from a mirror.
PATIENCE: Final = 600.0


class FirstBoot(ResourceType):
    """A cloud's instance lets us in and has set itself up; another instance is waited for anew.

    An instance that did not come so far stays recorded as starting, and the next `up` goes on
    waiting for it.
    """

    urn_type = "fairway:host:FirstBoot"
    fields: ClassVar[Mapping[str, Field]] = {
        "cluster": Field(kind=TEXT, change="replace"),
        "name": Field(kind=TEXT, change="replace"),
        "machine": Field(kind=TEXT, change="replace"),
        "address": Field(kind=ADDRESS, change="replace"),
        "way": Field(kind=MAP, change=None, optional=True),
        "seed": Field(kind=TEXT, change=None, secret=True),
    }
    computed = (STATE,)
    drifts = False  # whether it still stands is the cloud's provider's to see

    def create(self, call: Call, inputs: Values) -> Made:
        # A session that is still open leads to the machine that had this address before.
        forget(_host(inputs))
        identity = f"{inputs['cluster']}/{inputs['name']}"
        return Made(identity, self._await(call, identity, inputs))

    def read(self, call: Call, made: Made, inputs: Values) -> tuple[Values, Values] | None:
        return inputs, made.outputs

    def update(self, call: Call, made: Made, inputs: Values) -> Values:
        return self._await(call, made.id, inputs)

    def delete(self, call: Call, made: Made, inputs: Values) -> None:
        """Forget the way to it; the instance itself is the cloud's provider's to remove."""
        forget(_host(inputs))

    def _await(self, call: Call, identity: str, inputs: Values) -> Values:
        begun = {**self.shown(inputs), STATE: STARTING, REVISION: revision()}
        made = Made(identity, begun)
        call.note(made)
        try:
            self._wait(call, inputs)
        except FairwayError as error:
            raise PartlyMadeError(made, str(error), _next_step(inputs)) from error
        call.report(READY)
        return {**begun, STATE: READY}

    def _wait(self, call: Call, inputs: Values) -> None:
        limit = Deadline(call.timeout or PATIENCE)
        call.report("waiting for SSH")
        sessions = sessions_of(Secret(inputs["seed"]))
        session = sessions.to(_host(inputs), deadline=limit.left, report=call.report)
        call.report("waiting for the end of the first boot")
        wait_ready(session, deadline=limit.left, report=call.report)


def _host(inputs: Values) -> Endpoint:
    return endpoint_of(inputs, inputs["name"], inputs["address"])


def _next_step(inputs: Values) -> str:
    name, shell = inputs["name"], f"./fairway ssh {inputs['cluster']} {inputs['name']}"
    return (
        f"read the console output of the instance {inputs['machine']} (the cloud's console has"
        f" it), or look into it with `{shell}`; then run `pulumi up` to go on waiting, or"
        f" `pulumi up --replace '**Instance::{name}'` for a new one"
    )
