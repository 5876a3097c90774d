"""What the engine's preview foresees, by host: who is made anew and why, and what else changes.

The engine prints resources; here they are the machine, the entries and the node of one slot, or
things of the whole network.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal

Op = Literal["create", "update", "replace", "delete"]
Fate = Literal["made", "replaced", "removed", "changed"]

# The kinds that are a slot's machine, on each cloud.
MACHINES: Final = frozenset({"Machine", "Instance"})
# The kinds that are a route table's entry, on each cloud: the property of their destination.
ENTRIES: Final[Mapping[str, tuple[str, ...]]] = {
    "Route": ("destination", "destinationCidrBlock"),
    "VPCRouteEntry": ("destinationCidrBlock",),
}
# What the engine calls the same step before it settles on one word.
_OPS: Final[Mapping[str, Op]] = {
    "create": "create",
    "update": "update",
    "replace": "replace",
    "create-replacement": "replace",
    "delete-replaced": "replace",
    "delete": "delete",
}
_STATE: Final = "state"  # the output that says what is not as it must be
_RANGE: Final = "containers"  # a node's property: its containers' range
_FOLLOWS: Final = frozenset({"Report", "Quorum"})  # change with whatever else does


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One resource that would change. `old` and `new` are its inputs, {} where there are none."""

    op: Op
    urn: str
    reasons: tuple[str, ...]
    old: Mapping[str, Any] = field(default_factory=dict, repr=False)
    new: Mapping[str, Any] = field(default_factory=dict, repr=False)
    found: str = ""  # what its machine was seen to lack, where that is a reason

    @property
    def why(self) -> tuple[str, ...]:
        """Its reasons as a person reads them: of something that is gone, that it is."""
        if self.op == "create":
            return (f"its missing {self.kind}",)
        known = {_STATE: f"{_STATE} ({self.found})"} if self.found else {}
        return tuple(known.get(each, each) for each in self.reasons)

    @property
    def kind(self) -> str:
        """The last word of its type: `Machine`, `VPCRouteEntry`."""
        return self.urn.split("::")[2].rpartition(":")[2]

    @property
    def name(self) -> str:
        """Its own name, table and slot included: `table-a::a10`."""
        return self.urn.split("::", 3)[3]

    @property
    def slot(self) -> str:
        """The last part of its name: what belongs to a host ends with the host's slot."""
        return self.name.rpartition("::")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostChange:
    """What happens to one host, and the properties for which it does."""

    slot: str
    fate: Fate
    reasons: tuple[str, ...]
    why: tuple[str, ...] = ()  # the reasons as a person reads them
    machine: str = ""  # the URN of its machine, where that is in the steps
    only_entries: bool = False  # the host itself stays as it is


@dataclass(frozen=True)
class Foreseen:
    """A preview's changes, in the engine's order."""

    steps: tuple[Step, ...]
    slots: frozenset[str]  # hosts of the plan and of the state

    @property
    def nothing(self) -> bool:
        return not self.steps

    @cached_property
    def fingerprint(self) -> str:
        """The same for two previews that would do the same: steps, reasons and inputs, by SHA-256.

        The engine masks secrets and says where an input is not known yet, so both are in it as
        such.
        """
        told = sorted((s.urn, s.op, sorted(s.reasons), s.new) for s in self.steps)
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    @cached_property
    def hosts(self) -> Mapping[str, HostChange]:
        """The hosts that are made, replaced, removed or changed in place, by slot."""
        found: dict[str, list[Step]] = {}
        for step in self.steps:
            if step.slot in self.slots and step.kind not in _FOLLOWS:
                found.setdefault(step.slot, []).append(step)
        return {slot: _fate(slot, steps) for slot, steps in found.items()}

    @cached_property
    def others(self) -> tuple[Step, ...]:
        """What changes and is no host's; Quorum and Report follow others and are left out."""
        return tuple(
            step for step in self.steps if step.slot not in self.slots and step.kind not in _FOLLOWS
        )

    @cached_property
    def leaving(self) -> tuple[str, ...]:
        """The hosts whose present machine goes."""
        return tuple(h.slot for h in self.hosts.values() if h.fate in {"replaced", "removed"})

    def with_fate(self, fate: Fate) -> tuple[HostChange, ...]:
        return tuple(each for each in self.hosts.values() if each.fate == fate)


def read(preview: Mapping[str, Any], slots: frozenset[str]) -> Foreseen:
    """Pick the changes out of what `pulumi preview --json` printed."""
    found: dict[str, Step] = {}
    for told in preview.get("steps", []):
        op = _OPS.get(told["op"])
        if op is not None:
            step = _step(op, told)
            # What goes because something it depends on does is deleted first, without a reason.
            known = found.get(step.urn)
            if known is None or (step.reasons and not known.reasons):
                found[step.urn] = step
    return Foreseen(tuple(found.values()), slots)


def problems(text: str) -> str:
    """The errors in a preview's JSON, a line each; "" where it is none or tells none."""
    start = text.find("{")
    try:
        told = json.loads(text[start:]) if start >= 0 else {}
    except ValueError:
        return ""
    errors = [
        each["message"].strip()
        for each in told.get("diagnostics") or []
        if each.get("severity") == "error"
    ]
    return "\n".join(dict.fromkeys(errors))


def _step(op: Op, told: Mapping[str, Any]) -> Step:
    reasons = told.get("replaceReasons") or told.get("diffReasons") or ()
    return Step(
        op=op,
        urn=told["urn"],
        reasons=tuple(reasons),
        old=_held(told, "oldState", "inputs"),
        new=_held(told, "newState", "inputs"),
        found=str(_held(told, "oldState", "outputs").get(_STATE, "")) if _STATE in reasons else "",
    )


def _held(told: Mapping[str, Any], which: str, part: str) -> Mapping[str, Any]:
    return (told.get(which) or {}).get(part) or {}


def _fate(slot: str, steps: Sequence[Step]) -> HostChange:
    machine = next((step for step in steps if step.kind in MACHINES), None)
    if machine is None:
        return HostChange(
            slot=slot,
            fate="changed",
            reasons=tuple(dict.fromkeys(reason for step in steps for reason in step.reasons)),
            why=tuple(dict.fromkeys(reason for step in steps for reason in step.why)),
            only_entries=all(step.kind in ENTRIES for step in steps),
        )
    fates: Mapping[Op, Fate] = {
        "create": "made",
        "replace": "replaced",
        "delete": "removed",
        "update": "changed",
    }
    return HostChange(
        slot=slot,
        fate=fates[machine.op],
        reasons=machine.reasons,
        why=() if machine.op == "create" else (*machine.why, *_moved(steps)),
        machine=machine.urn,
    )


def _moved(steps: Sequence[Step]) -> Iterator[str]:
    """The name for it where the containers get another range, which the machine knows by a file.

    By what the node is told: its reason to be replaced is the machine that it depends on.
    """
    ranges = ((step.old.get(_RANGE), step.new.get(_RANGE)) for step in steps)
    if any(old and new and old != new for old, new in ranges):
        yield _RANGE
