"""The program without an engine: what it registers, with which options, in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.runtime import Mocks, set_mocks
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs

SEED = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
# What the plugin would add to the inputs.
COMPUTED: Mapping[str, Mapping[str, Any]] = {
    "fairway:host:Identity": {"seed": SEED},
    "fairway:swarm:Node": {"node": "n0", "swarm": "s0", "state": "ready"},
    "fairway:verify:Report": {"summary": "all is well"},
    "aws:ec2/eip:Eip": {"publicIp": "203.0.113.7"},
    "aws:ec2/instance:Instance": {"primaryNetworkInterfaceId": "eni-{name}"},
    "alicloud:ecs/eipAddress:EipAddress": {"ipAddress": "203.0.113.9"},
    "alicloud:vpc/natGateway:NatGateway": {"snatTableIds": "stb-1"},
}


@dataclass(frozen=True, slots=True)
class Registered:
    """One resource as the program registered it. `after` are the URNs that it waits for."""

    kind: str
    name: str
    urn: str
    parent: str
    after: frozenset[str]
    replaced_first: bool
    inputs: Mapping[str, Any]
    request: Any  # as it was sent: options that have no field here


Resources = dict[tuple[str, str], Registered]


class Answers(Mocks):
    """Plays the plugin; `recorded` and `running` are the past that a program can ask for."""

    def __init__(self, recorded: Mapping[str, Any], running: Mapping[str, str]) -> None:
        self._recorded = recorded
        self._running = running
        self.inputs: dict[tuple[str, str], Mapping[str, Any]] = {}

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.inputs[args.typ, args.name] = args.inputs
        known = {
            key: value.format(name=args.name) for key, value in COMPUTED.get(args.typ, {}).items()
        }
        return f"{args.name}-id", {**args.inputs, "revision": "r0", **known}

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        if args.token == "fairway:lab:running":
            return {"machines": dict(self._running)}, []
        assert args.token == "pulumi:pulumi:readStackResourceOutputs"
        return {"outputs": dict(self._recorded)}, []


class Recorder(MockMonitor):
    """Keeps the requests, which hold what a mock resource is not told."""

    def __init__(self, mocks: Mocks) -> None:
        super().__init__(mocks)
        self.requests: list[tuple[str, Any]] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the monitor's name
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        self.requests.append((answer.urn, request))
        return answer


def registered(
    program: Callable[[], object],
    *,
    recorded: Mapping[str, Any] | None = None,
    running: Mapping[str, str] | None = None,
) -> dict[tuple[str, str], Registered]:
    """Run the program and return its resources by short type and name, in order."""
    answers = Answers(recorded or {}, running or {})
    monitor = Recorder(answers)
    set_mocks(answers, project="fairway", stack="t6", monitor=monitor)

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def run() -> None:
        program()

    run()
    found = [_registered(urn, request, answers) for urn, request in monitor.requests]
    return {(each.kind, each.name): each for each in found}


def _registered(urn: str, request: Any, answers: Answers) -> Registered:
    return Registered(
        kind=request.type.rsplit(":", 1)[-1],
        name=request.name,
        urn=urn,
        parent=request.parent,
        after=frozenset(request.dependencies),
        replaced_first=request.deleteBeforeReplace,
        inputs=answers.inputs.get((request.type, request.name), {}),
        request=request,
    )


def of_kind(resources: Resources, kind: str) -> dict[str, Registered]:
    """All resources of a kind by name, in the order in which they were registered."""
    return {each.name: each for each in resources.values() if each.kind == kind}


def behind(resources: Resources, one: Registered) -> set[tuple[str, str]]:
    """Everything that a resource waits for, and what that waits for, to the end."""
    by_urn = {each.urn: each for each in resources.values()}
    seen: set[tuple[str, str]] = set()
    left = [one]
    while left:
        for urn in left.pop().after:
            each = by_urn[urn]
            if (each.kind, each.name) not in seen:
                seen.add((each.kind, each.name))
                left.append(each)
    return seen


def named(found: set[tuple[str, str]], kind: str) -> set[str]:
    """The names of one kind among what `behind` found."""
    return {name for of, name in found if of == kind}
