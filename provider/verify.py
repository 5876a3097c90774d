"""fairway:verify:Report - the proof that the network works, as the stack's last resource."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import ClassVar

from components.errors import FairwayError
from components.remote.command import Secret
from components.verify import NetworkFacts, NetworkView, Report, Target, fingerprint, verify
from components.verify.lab_view import LabView
from provider.access import endpoint, sessions_of
from provider.lab import open_lab
from provider.resource import REVISION, Call, Made, PartlyMadeError, ResourceType, revision
from provider.schema import MAP, MAPS, TEXT, Field
from provider.schema import Rule as Change
from provider.wire import Values, has_unknown

PRINT = "fingerprint"


class ReportType(ResourceType):
    """Made when everything else is. A failure stays in the state, so the next `up` asks again."""

    urn_type = "fairway:verify:Report"
    fields: ClassVar[Mapping[str, Field]] = {
        "cluster": Field(kind=TEXT, change="replace"),
        "hosts": Field(kind=MAPS),
        "network": Field(kind=MAP),
        "view": Field(kind=MAP, change=None),
        "triggers": Field(kind=MAP),
        "seed": Field(kind=TEXT, change=None, secret=True),
    }
    computed = ("summary", "report", PRINT)
    drifts = False

    def changes(self, old: Values, outputs: Values, new: Values) -> dict[str, Change]:
        """What verify asks changes with this project too: then it is asked again."""
        found = super().changes(old, outputs, new)
        asked = {name: new[name] for name in ("hosts", "network", "seed")}
        if not has_unknown(asked) and outputs.get(PRINT) != _fingerprint(new):
            found[PRINT] = "update"
        return found

    def create(self, call: Call, inputs: Values) -> Made:
        return Made(inputs["cluster"], self._verify(call, inputs["cluster"], inputs))

    def read(self, call: Call, made: Made, inputs: Values) -> tuple[Values, Values] | None:
        return inputs, made.outputs

    def update(self, call: Call, made: Made, inputs: Values) -> Values:
        return self._verify(call, made.id, inputs)

    def delete(self, call: Call, made: Made, inputs: Values) -> None:
        """Nothing exists outside the state: probes are gone when verify ends."""

    def _verify(self, call: Call, identity: str, inputs: Values) -> Values:
        none: Values = {"summary": "", "report": {}, PRINT: "", REVISION: revision()}
        failed = Made(identity, {**self.shown(inputs), **none})
        call.note(failed)
        try:
            report = _verified(call, inputs)
        except FairwayError as error:
            raise PartlyMadeError(failed, str(error), "run `pulumi up` to verify again") from error
        wrong = report.error()
        if wrong is not None:
            raise PartlyMadeError(failed, str(wrong), report.text())
        call.report(report.message())
        return {
            **failed.outputs,
            "summary": report.text(),
            "report": report.to_dict(),
            PRINT: _fingerprint(inputs),
        }


def _verified(call: Call, inputs: Values) -> Report:
    sessions = sessions_of(Secret(inputs["seed"]))
    hosts, network = _targets(inputs), _facts(inputs)
    return verify(hosts, network, sessions, _view(inputs), call.report)


def _view(inputs: Values) -> NetworkView | None:
    return LabView(open_lab(inputs["view"])) if "lab" in inputs["view"] else None


def _fingerprint(inputs: Values) -> str:
    return fingerprint(_targets(inputs), _facts(inputs))


def _targets(inputs: Values) -> list[Target]:
    seed = Secret(inputs["seed"])
    return [
        Target(
            name=host["name"],
            zone=host["zone"],
            endpoint=endpoint(seed, host["name"], host["address"]),
            containers=IPv4Network(host["containers"]),
            address=IPv4Address(host["address"]),
        )
        for host in inputs["hosts"]
    ]


def _facts(inputs: Values) -> NetworkFacts:
    network = inputs["network"]
    outside = network.get("outside")
    return NetworkFacts(
        environment=inputs["cluster"],
        vpc=IPv4Network(network["vpc"]),
        containers=IPv4Network(network["containers"]),
        outside=IPv4Address(outside) if outside else None,
    )
