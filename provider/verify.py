"""fairway:verify:Report - the proof that the network works, as the stack's last resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from components.errors import FairwayError
from components.remote.command import Secret
from components.verify import Report, asked, fingerprint, verify
from provider.access import sessions_of
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
        "way": Field(kind=MAP, change=None, optional=True),
        "triggers": Field(kind=MAP),
        "seed": Field(kind=TEXT, change=None, secret=True),
    }
    computed = ("summary", "report", PRINT)
    drifts = False

    def changes(self, old: Values, outputs: Values, new: Values) -> dict[str, Change]:
        """What verify asks changes with this project too: then it is asked again."""
        found = super().changes(old, outputs, new)
        question = {name: new[name] for name in ("hosts", "network", "seed")}
        if not has_unknown(question) and outputs.get(PRINT) != _fingerprint(new):
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
    hosts, network = asked.targets(inputs), asked.facts(inputs)
    return verify(hosts, network, sessions, asked.view(inputs), call.report)


def _fingerprint(inputs: Values) -> str:
    # What is asked does not depend on the way to the hosts, which a preview may not know yet.
    question = {**inputs, "way": {}}
    return fingerprint(asked.targets(question), asked.facts(question))
