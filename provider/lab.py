"""fairway:lab:* - the one-computer cloud's things, each a thin shell over the lab's own API."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from components.errors import FairwayError
from lab.model import Held, RouteTable, S, SecurityGroup, Spec, Vpc, VSwitch
from provider.resource import READY, REVISION, STATE, Call, Made, ResourceType, revision
from provider.rules import rule, rule_faults, rule_values
from provider.schema import CIDR, MAPS, NUMBER, TEXT, Field, faults
from provider.wire import Values, has_unknown

if TYPE_CHECKING:
    from lab.lab import Lab

LAB = Field(kind=TEXT, change="replace")
NAME = Field(kind=TEXT, change="replace")
# A black hole is as planned: the entry is there, its machine is not, and the machine has its own
# resource that says so.
_AS_PLANNED = frozenset({"ready", "running", "active", "blackhole"})


def open_lab(inputs: Values) -> Lab:
    """Open without starting anything: looking is no repair, and a preview only looks."""
    # Its libraries are half of the plugin's start, and to check and to compare needs none.
    from lab.lab import Lab  # noqa: PLC0415

    return Lab.open(inputs["lab"], recover=False)


def condition(held: Held[Any]) -> str:
    """Say `ready`, or what is not as recorded."""
    status = held.status
    if status.state in _AS_PLANNED and not status.faults:
        return READY
    return "; ".join((status.state, *status.faults))


class LabType(ResourceType, Generic[S]):
    """One kind of the lab's API as a resource type."""

    kind: type[S]
    computed = (STATE,)

    @abstractmethod
    def spec(self, inputs: Values) -> S:
        """The lab's words for the inputs."""

    @abstractmethod
    def inputs(self, spec: S) -> Values:
        """The inputs that would give what is there; the reverse of `spec`."""

    def create(self, call: Call, inputs: Values) -> Made:
        return Made(self.id(inputs), self._put(call, inputs))

    def id(self, inputs: Values) -> str:
        return f"{inputs['lab']}/{self.spec(inputs).name}"

    def read(self, call: Call, made: Made, inputs: Values) -> tuple[Values, Values] | None:
        held = open_lab(inputs).get(self.kind, self.spec(inputs).name)
        if held is None:
            return None
        seen = {**inputs, **self.inputs(held.spec)}
        return seen, {**made.outputs, **self.shown(seen), STATE: condition(held)}

    def update(self, call: Call, made: Made, inputs: Values) -> Values:
        return self._put(call, inputs)

    def delete(self, call: Call, made: Made, inputs: Values) -> None:
        kind: Any = self.kind  # the lab's signature lists the kinds, which a type variable is not
        open_lab(inputs).delete(kind, self.spec(inputs).name)

    def _put(self, call: Call, inputs: Values) -> Values:
        wanted: Spec = self.spec(inputs)
        open_lab(inputs).put(wanted, call.report)
        return {**self.shown(inputs), STATE: READY, REVISION: revision()}


class VpcType(LabType[Vpc]):
    """The lab's one private network."""

    urn_type = "fairway:lab:Vpc"
    kind = Vpc
    fields: ClassVar[Mapping[str, Field]] = {
        "lab": LAB,
        "cidr": Field(kind=CIDR, change="replace"),
        "containers": Field(kind=CIDR, change="replace", optional=True),
        "uplink": Field(kind=CIDR, change="replace", optional=True),
        "quota": Field(kind=NUMBER),
    }

    def spec(self, inputs: Values) -> Vpc:
        containers, uplink = inputs.get("containers"), inputs.get("uplink")
        return Vpc(
            cidr=IPv4Network(inputs["cidr"]),
            containers=IPv4Network(containers) if containers else None,
            uplink=IPv4Network(uplink) if uplink else None,
            quota=inputs["quota"],
        )

    def inputs(self, spec: Vpc) -> Values:
        optional = {"containers": spec.containers, "uplink": spec.uplink}
        told = {name: str(range_) if range_ else None for name, range_ in optional.items()}
        return {"cidr": str(spec.cidr), **told, "quota": spec.quota}


class RouteTableType(LabType[RouteTable]):
    """A route table; `vpc` only says what it dies with."""

    urn_type = "fairway:lab:RouteTable"
    kind = RouteTable
    fields: ClassVar[Mapping[str, Field]] = {
        "lab": LAB,
        "name": NAME,
        "vpc": Field(kind=TEXT, change="replace"),
    }

    def spec(self, inputs: Values) -> RouteTable:
        return RouteTable(name=inputs["name"])

    def inputs(self, spec: RouteTable) -> Values:
        return {"name": spec.name}


class VSwitchType(LabType[VSwitch]):
    """A subnet in one zone; it may change its route table in place."""

    urn_type = "fairway:lab:VSwitch"
    kind = VSwitch
    fields: ClassVar[Mapping[str, Field]] = {
        "lab": LAB,
        "name": NAME,
        "zone": Field(kind=TEXT, change="replace"),
        "cidr": Field(kind=CIDR, change="replace"),
        "table": Field(kind=TEXT),
    }

    def spec(self, inputs: Values) -> VSwitch:
        return VSwitch(
            name=inputs["name"],
            zone=inputs["zone"],
            cidr=IPv4Network(inputs["cidr"]),
            table=inputs["table"],
        )

    def inputs(self, spec: VSwitch) -> Values:
        return {
            "name": spec.name,
            "zone": spec.zone,
            "cidr": str(spec.cidr),
            "table": spec.table,
        }


class SecurityGroupType(LabType[SecurityGroup]):
    """Rules for the machines that name it; they change in place."""

    urn_type = "fairway:lab:SecurityGroup"
    kind = SecurityGroup
    fields: ClassVar[Mapping[str, Field]] = {
        "lab": LAB,
        "name": NAME,
        "vpc": Field(kind=TEXT, change="replace"),
        "rules": Field(kind=MAPS),
    }

    def check(self, where: str, old: Values, new: Values) -> tuple[Values, list[FairwayError]]:
        errors = faults(where, self.fields, new)
        if not errors and not has_unknown(new["rules"]):
            for number, each in enumerate(new["rules"]):
                errors += rule_faults(f"{where}: rules[{number}]", each)
        return new, errors

    def spec(self, inputs: Values) -> SecurityGroup:
        return SecurityGroup(name=inputs["name"], rules=tuple(map(rule, inputs["rules"])))

    def inputs(self, spec: SecurityGroup) -> Values:
        return {"name": spec.name, "rules": [rule_values(each) for each in spec.rules]}
