"""fairway:lab:Machine - a machine that is finished when it is booted and lets its operator in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address
from threading import Lock
from typing import TYPE_CHECKING, ClassVar, Final

from components.errors import FairwayError, LabError
from components.host.former import former_texts
from components.host.ready import wait_ready
from components.host.user_data import digest
from components.remote.command import Secret
from components.remote.endpoint import Endpoint
from lab.model import Machine, Status
from provider.access import endpoint_of, forget, sessions_of
from provider.lab import LAB, NAME, LabType, condition, open_lab
from provider.resource import READY, REVISION, STATE, Call, Made, PartlyMadeError, revision
from provider.schema import ADDRESS, FLAG, TEXT, TEXTS, Field
from provider.wire import Values

if TYPE_CHECKING:
    from lab.lab import Lab

USER_DATA: Final = "userData"
SOURCE_DEST_CHECK: Final = "sourceDestCheck"
PATIENCE: Final = 180.0  # seconds from the start of a machine until it lets its operator in
STARTING: Final = "starting"


class Documents:
    """User data texts of this run by their hash: `check` sees the text, the state has the hash."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._texts: dict[str, Secret] = {}

    def keep(self, text: str) -> str:
        name = digest(text)
        with self._lock:
            self._texts[name] = Secret(text)
        return name

    def text(self, where: str, name: str) -> str:
        with self._lock:
            if name in self._texts:
                return self._texts[name].reveal()
        raise LabError(
            where=where,
            what="the user data of this machine was not made in this run",
            found=name,
            hint="run `pulumi up` for the whole stack, without targets that leave the machine out",
        )


class MachineType(LabType[Machine]):
    """A machine. Groups and the source/destination check change in place, the rest replaces it.

    The state holds the hash of the user data, never the text: it carries a private key, and the
    engine writes the whole state twice for each resource.
    """

    urn_type = "fairway:lab:Machine"
    kind = Machine
    hashed = frozenset({USER_DATA})
    fields: ClassVar[Mapping[str, Field]] = {
        "lab": LAB,
        "name": NAME,
        "vswitch": Field(kind=TEXT, change="replace"),
        "address": Field(kind=ADDRESS, change="replace"),
        "image": Field(kind=TEXT, change="replace"),
        "groups": Field(kind=TEXTS),
        USER_DATA: Field(kind=TEXT, change="replace"),
        SOURCE_DEST_CHECK: Field(kind=FLAG),
        "seed": Field(kind=TEXT, change=None, secret=True),
    }

    def __init__(self) -> None:
        self._documents = Documents()

    def check(self, where: str, old: Values, new: Values) -> tuple[Values, list[FairwayError]]:
        inputs, errors = super().check(where, old, new)
        text = inputs.get(USER_DATA)
        if isinstance(text, str):
            name = self._documents.keep(text)
            former = {self._documents.keep(before) for before in former_texts(text)}
            held = old.get(USER_DATA)
            inputs = {**inputs, USER_DATA: held if held in former else name}
        return inputs, errors

    def spec(self, inputs: Values) -> Machine:
        return Machine(
            name=inputs["name"],
            vswitch=inputs["vswitch"],
            address=IPv4Address(inputs["address"]),
            image=inputs["image"],
            groups=tuple(inputs["groups"]),
            source_dest_check=inputs[SOURCE_DEST_CHECK],
        )

    def inputs(self, spec: Machine) -> Values:
        return {
            "name": spec.name,
            "vswitch": spec.vswitch,
            "address": str(spec.address),
            "image": spec.image,
            "groups": list(spec.groups),
            USER_DATA: digest(spec.user_data),
            SOURCE_DEST_CHECK: spec.source_dest_check,
        }

    def create(self, call: Call, inputs: Values) -> Made:
        lab, wanted = open_lab(inputs), self._document(call, inputs)
        held = lab.get(Machine, wanted.name)
        if held is not None and _fixed(held.spec) != _fixed(wanted):
            call.report("removing what an earlier run left")
            lab.delete(Machine, wanted.name)
        return self._boot(call, lab, wanted, inputs)

    def read(self, call: Call, made: Made, inputs: Values) -> tuple[Values, Values] | None:
        held = open_lab(inputs).get(Machine, inputs["name"])
        if held is None or held.status.id != made.id:
            return None  # the machine of this id is gone, even if another has its place
        seen = {**inputs, **self.inputs(held.spec)}
        state = condition(held)
        if made.outputs.get(STATE) == STARTING and state == READY:
            state = STARTING
        return seen, {**made.outputs, **self.shown(seen), STATE: state}

    def update(self, call: Call, made: Made, inputs: Values) -> Values:
        lab = open_lab(inputs)
        held = lab.get(Machine, inputs["name"])
        if held is None or held.status.id != made.id:
            raise LabError(
                where=f"machine {inputs['name']}",
                what="the machine was taken away while it was being changed",
                hint="run `pulumi up` again: it makes a new one",
            )
        wanted = replace(self.spec(inputs), user_data=held.spec.user_data)
        return self._boot(call, lab, wanted, inputs).outputs

    def delete(self, call: Call, made: Made, inputs: Values) -> None:
        super().delete(call, made, inputs)
        forget(_host(inputs))

    def _document(self, call: Call, inputs: Values) -> Machine:
        text = self._documents.text(f"machine {call.name}", inputs[USER_DATA])
        return replace(self.spec(inputs), user_data=text)

    def _boot(self, call: Call, lab: Lab, wanted: Machine, inputs: Values) -> Made:
        call.report("starting")
        status = lab.put(wanted, call.report)
        made = Made(status.id, {**self.shown(inputs), STATE: STARTING, REVISION: revision()})
        call.note(made)
        try:
            _check_power(lab, wanted.name, status)
            self._wait(call, inputs)
        except FairwayError as error:
            raise PartlyMadeError(made, str(error), _next_step(lab, wanted.name)) from error
        call.report(READY)
        return Made(status.id, {**made.outputs, STATE: READY})

    def _wait(self, call: Call, inputs: Values) -> None:
        patience = call.timeout or PATIENCE
        call.report("waiting for SSH")
        sessions = sessions_of(Secret(inputs["seed"]))
        session = sessions.to(_host(inputs), deadline=patience, report=call.report)
        call.report("waiting for the end of the boot")
        wait_ready(session, deadline=patience, report=call.report)


def _host(inputs: Values) -> Endpoint:
    """Where the machine answers: always straight, for the lab is on this computer."""
    return endpoint_of({**inputs, "cluster": inputs["lab"]}, inputs["name"], inputs["address"])


def _fixed(spec: Machine) -> Machine:
    """What only a new machine can change."""
    return replace(spec, groups=(), source_dest_check=True)


def _check_power(lab: Lab, name: str, status: Status) -> None:
    """Refuse to wait for a machine that the lab keeps off, because it was told to fail."""
    if status.state == "failed":
        raise LabError(
            where=f"machine {name}",
            what="the lab keeps it off: it was made to fail, alone or with its zone",
            found=f"state {status.state}",
            wanted="state running",
            hint=f"bring it back with `.venv/bin/python -m lab restore --lab {lab.name}`",
        )


def _next_step(lab: Lab, name: str) -> str:
    held = lab.get(Machine, name)
    state = held.status.state if held else "gone"
    return (
        f"the machine is {state}: look into it with"
        f" `.venv/bin/python -m lab shell --lab {lab.name} {name}`, then run `pulumi up` to go on"
        f" waiting, or `pulumi up --replace '**Machine::{name}'` for a new one"
    )


def running(inputs: Values) -> Values:
    """Tell the ids of the machines that run in a lab, by name: what a rolling `up` asks first."""
    held = open_lab(inputs).all(Machine)
    return {"machines": {m.spec.name: m.status.id for m in held if m.status.state == "running"}}
