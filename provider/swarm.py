"""fairway:swarm:Node - the membership of one machine in a Swarm."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Final

from components.errors import FairwayError, RemoteError
from components.host import comeback
from components.host.facts import rules_apply, rules_missing
from components.host.user_data import INTERNET_MTU
from components.remote.command import Secret
from components.remote.session import Sessions
from components.swarm.founding import await_managers
from components.swarm.node import NodePlan, NodeState, bring_up, observe, take_down
from provider.access import endpoint_of, sessions_of
from provider.duties import UNLOCK, do_duties, missing_duties, unlock
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
from provider.schema import ADDRESS, CIDR, FLAG, MAP, MAPS, NUMBER, TEXT, Field
from provider.schema import Rule as Change
from provider.wire import Values

COMEBACK = "comeback"  # the output that keeps which files of components/host/comeback.py are there
# An output: seconds from the beginning of a node's leaving until the next machine of its slot had
# joined, where both were of one run.
REPLACED_IN: Final = "replacedIn"
NEAR = 8.0  # seconds for a host that should be up to let us look at it


class NodeType(ResourceType):
    """One machine's membership. A join that failed stays in the state and is taken up again."""

    urn_type = "fairway:swarm:Node"
    fields: ClassVar[Mapping[str, Field]] = {
        "cluster": Field(kind=TEXT, change="replace"),
        "name": Field(kind=TEXT, change="replace"),
        "machine": Field(kind=TEXT, change="replace"),
        "address": Field(kind=ADDRESS, change="replace"),
        "containers": Field(kind=CIDR, change="replace"),
        "role": Field(kind=TEXT),
        "labels": Field(kind=MAP),
        "managers": Field(kind=MAPS, change=None),
        "overlays": Field(kind=CIDR, change=None),
        "gwbridge": Field(kind=CIDR, change=None),
        "mtu": Field(kind=NUMBER, change=None, optional=True),
        "way": Field(kind=MAP, change=None, optional=True),
        "seed": Field(kind=TEXT, change=None, secret=True),
        "backup": Field(kind=MAP, optional=True),
        "autolock": Field(kind=FLAG, optional=True),
    }
    computed = ("node", "swarm", STATE)
    secret_outputs = frozenset({UNLOCK})

    def __init__(self) -> None:
        self._left: dict[str, float] = {}  # when nodes of this run began to leave, by id

    def changes(self, old: Values, outputs: Values, new: Values) -> dict[str, Change]:
        found = super().changes(old, outputs, new)
        # A state of before the MTU was an input is one of the usual MTU, and stays as it is.
        if _mtu(old) != _mtu(new):
            found["mtu"] = "update"
        if outputs.get(COMEBACK) != comeback.fingerprint():
            found[COMEBACK] = "update"
        return found

    def create(self, call: Call, inputs: Values) -> Made:
        begun = Made(f"{inputs['cluster']}/{inputs['name']}", self._outputs(inputs, None))
        call.note(begun)
        await_managers(_plan(inputs), _sessions(inputs), call.report)
        outputs = self._bring_up(call, begun, inputs)
        left = self._left.pop(begun.id, None)
        if left is not None:
            outputs = {**outputs, REPLACED_IN: round(time.monotonic() - left, 1)}
        return Made(begun.id, outputs)

    def read(self, call: Call, made: Made, inputs: Values) -> tuple[Values, Values] | None:
        plan, sessions = _plan(inputs), _sessions(inputs)
        state = observe(plan, sessions, made.outputs["node"])
        if state is None:
            return None
        drift = [*state.drift]
        if state.engine:  # one that is silent would be waited for again
            drift += missing_on_host(plan, sessions)
        if not state.drift:
            drift += missing_duties(plan, sessions, inputs, made.outputs)
        return inputs, {**made.outputs, **_seen(state, drift)}

    def update(self, call: Call, made: Made, inputs: Values) -> Values:
        return self._bring_up(call, made, inputs)

    def delete(self, call: Call, made: Made, inputs: Values) -> None:
        self._left[made.id] = time.monotonic()
        take_down(_plan(inputs), made.outputs["node"], _sessions(inputs), call.report)

    def _bring_up(self, call: Call, made: Made, inputs: Values) -> Values:
        try:
            plan, sessions = _plan(inputs), _sessions(inputs)
            mend_host(plan, sessions, call.report)
            unlock(plan, sessions, inputs, made.outputs, call.report)
            state = bring_up(plan, sessions, call.report)
            kept = do_duties(plan, sessions, inputs, made.outputs, call.report)
        except FairwayError as error:
            begun = Made(made.id, {**made.outputs, STATE: "not brought up"})
            raise PartlyMadeError(begun, str(error), "run `pulumi up` to go on") from error
        call.report(f"{state.role} in the Swarm")
        measured = {k: v for k, v in made.outputs.items() if k == REPLACED_IN}
        return {
            **self._outputs(inputs, state),
            COMEBACK: comeback.fingerprint(),
            **kept,
            **measured,
        }

    def _outputs(self, inputs: Values, state: NodeState | None) -> Values:
        seen = _seen(state) if state else {"node": "", "swarm": "", STATE: "not brought up"}
        return {**self.shown(inputs), **seen, REVISION: revision()}


def _seen(state: NodeState, drift: Sequence[str] = ()) -> Values:
    return {
        "node": state.node_id,
        "swarm": state.swarm_id,
        STATE: "; ".join(drift) or READY,
    }


def missing_on_host(plan: NodePlan, sessions: Sessions) -> list[str]:
    """Name what is missing on the host itself; a silent host is told of elsewhere."""
    try:
        session = sessions.to(plan.endpoint, deadline=NEAR)
        found = [f"packet rule missing: {name}" for name in rules_missing(session)]
        if not comeback.installed(session):
            found.append("set up how its networks come back")
    except RemoteError:
        return []
    return found


def mend_host(plan: NodePlan, sessions: Sessions, report: Callable[[str], None]) -> None:
    """Put back what is missing on the host itself."""
    session = sessions.to(plan.endpoint, report=report)
    if rules_missing(session):
        report("putting packet rules back")
        rules_apply(session)
    if not comeback.installed(session):
        report("setting up how its networks come back")
        comeback.install(session)


def _sessions(inputs: Values) -> Sessions:
    return sessions_of(Secret(inputs["seed"]))


def _plan(inputs: Values) -> NodePlan:
    return NodePlan(
        name=inputs["name"],
        role=inputs["role"],
        address=inputs["address"],
        labels=inputs["labels"],
        containers=inputs["containers"],
        endpoint=endpoint_of(inputs, inputs["name"], inputs["address"]),
        managers=tuple(
            endpoint_of(inputs, each["name"], each["address"]) for each in inputs["managers"]
        ),
        overlays=inputs["overlays"],
        cluster=inputs["cluster"],
        gwbridge=inputs["gwbridge"],
        mtu=_mtu(inputs),
    )


def _mtu(inputs: Values) -> int:
    return int(inputs.get("mtu", INTERNET_MTU))
