"""fairway:swarm:Node - the membership of one machine in a Swarm."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from components.errors import FairwayError, RemoteError
from components.host.facts import rules_apply, rules_missing
from components.remote.command import Secret
from components.remote.session import Sessions
from components.swarm.node import NodePlan, NodeState, bring_up, observe, take_down
from provider.access import endpoint, sessions_of
from provider.resource import REVISION, Call, Made, PartlyMadeError, ResourceType, revision
from provider.schema import ADDRESS, CIDR, MAP, MAPS, TEXT, Field
from provider.schema import Rule as Change
from provider.wire import Values

READY = "ready"
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
        "seed": Field(kind=TEXT, change=None, secret=True),
    }
    computed = ("node", "swarm", "state")

    def changes(self, old: Values, outputs: Values, new: Values) -> dict[str, Change]:
        found = super().changes(old, outputs, new)
        if outputs.get("state") != READY:
            found["state"] = "update"
        return found

    def create(self, call: Call, inputs: Values) -> Made:
        begun = Made(f"{inputs['cluster']}/{inputs['name']}", self._outputs(inputs, None))
        call.note(begun)
        return Made(begun.id, self._bring_up(call, begun, inputs))

    def read(self, call: Call, made: Made, inputs: Values) -> tuple[Values, Values] | None:
        plan, sessions = _plan(inputs), _sessions(inputs)
        state = observe(plan, sessions, made.outputs["node"])
        if state is None:
            return None
        drift = [*state.drift, *missing_rules(plan, sessions)]
        return inputs, {**made.outputs, **_seen(state, drift)}

    def update(self, call: Call, made: Made, inputs: Values) -> Values:
        return self._bring_up(call, made, inputs)

    def delete(self, call: Call, made: Made, inputs: Values) -> None:
        take_down(_plan(inputs), made.outputs["node"], _sessions(inputs), call.report)

    def _bring_up(self, call: Call, made: Made, inputs: Values) -> Values:
        try:
            plan, sessions = _plan(inputs), _sessions(inputs)
            repair_rules(plan, sessions, call.report)
            state = bring_up(plan, sessions, call.report)
        except FairwayError as error:
            kept = Made(made.id, {**made.outputs, "state": "not brought up"})
            raise PartlyMadeError(kept, str(error), "run `pulumi up` to go on") from error
        call.report(f"{state.role} in the Swarm")
        return self._outputs(inputs, state)

    def _outputs(self, inputs: Values, state: NodeState | None) -> Values:
        seen = _seen(state) if state else {"node": "", "swarm": "", "state": "not brought up"}
        return {**self.shown(inputs), **seen, REVISION: revision()}


def _seen(state: NodeState, drift: Sequence[str] = ()) -> Values:
    return {
        "node": state.node_id,
        "swarm": state.swarm_id,
        "state": "; ".join(drift) or READY,
    }


def missing_rules(plan: NodePlan, sessions: Sessions) -> list[str]:
    """Name what is missing of the host's packet rules; a silent host is told of elsewhere."""
    try:
        missing = rules_missing(sessions.to(plan.endpoint, deadline=NEAR))
    except RemoteError:
        return []
    return [f"packet rule missing: {name}" for name in missing]


def repair_rules(plan: NodePlan, sessions: Sessions, report: Callable[[str], None]) -> None:
    """Put the host's packet rules back where some are missing."""
    session = sessions.to(plan.endpoint, report=report)
    if rules_missing(session):
        report("putting packet rules back")
        rules_apply(session)


def _sessions(inputs: Values) -> Sessions:
    return sessions_of(Secret(inputs["seed"]))


def _plan(inputs: Values) -> NodePlan:
    seed = Secret(inputs["seed"])
    return NodePlan(
        name=inputs["name"],
        role=inputs["role"],
        address=inputs["address"],
        labels=inputs["labels"],
        containers=inputs["containers"],
        endpoint=endpoint(seed, inputs["name"], inputs["address"]),
        managers=tuple(
            endpoint(seed, each["name"], each["address"]) for each in inputs["managers"]
        ),
        overlays=inputs["overlays"],
        cluster=inputs["cluster"],
        gwbridge=inputs["gwbridge"],
    )
