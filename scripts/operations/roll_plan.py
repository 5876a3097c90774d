"""What a roll has before it: the hosts that get a new machine and why, and what else changes."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.change.foreseen import MACHINES, Foreseen
from components.change.foreseen import Step as Change
from components.errors import ConfigError, SetupError
from components.plan import Plan
from components.swarm.quorum import OVERRIDE, only_manager
from scripts import locks
from scripts import stack as engine
from scripts.operations.foreseen import foresee
from scripts.operations.managers import opened
from scripts.workspace import FAIRWAY

ASKED = "asked for"


@dataclass(frozen=True, slots=True)
class Machine:
    """A host's machine as the state has it."""

    urn: str
    id: str
    needs: frozenset[str]  # URNs of which it has a property


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is to be done. `reasons` are by host, `forced` hosts with the URN to replace.

    `first` are changes of the network that hosts may depend on, `later` what the last run does.
    Where hosts were `asked` for, nothing but these is looked at and changed.
    """

    stack: str
    plan: Plan
    batch: int
    reasons: Mapping[str, str]
    unsure: frozenset[str]  # change in place: they have a turn only if they are not whole
    forced: Mapping[str, str]
    first: tuple[Change, ...]
    later: tuple[str, ...]
    asked: tuple[str, ...]
    done: tuple[str, ...] = ()  # by an earlier run of the same roll

    @property
    def nothing(self) -> bool:
        return not (self.reasons or self.first or self.later or self.done)

    @property
    def roles(self) -> dict[str, str]:
        return {slot.name: slot.role for slot in self.plan.slots}


@dataclass
class Diary:
    """Which machines a roll that was asked for found, so that it knows which it has replaced.

    What the stack's file asks for is in the engine's state and needs none.
    """

    file: Path
    machines: dict[str, str] = field(default_factory=dict)
    begun: float = field(default_factory=time.time)

    @classmethod
    def of(cls, stack: str) -> Diary:
        file = FAIRWAY / stack / "roll.json"
        return cls(file, **json.loads(file.read_text())) if file.exists() else cls(file)

    def write(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps({"machines": self.machines, "begun": self.begun}))

    def close(self) -> None:
        self.file.unlink(missing_ok=True)


def prepare(stack: str, hosts: Collection[str] | None, *, anew: bool = False) -> Work:
    """Ask the engine what changes; with `hosts` what replacing exactly these does.

    A roll of the same hosts that was interrupted goes on, unless it is to begin `anew`.

    Raises:
        FairwayError: Nothing stands, no such host, or the changes cannot be made host by host.
    """
    if not engine.select(stack, create=False):
        raise SetupError(
            where=f"stack {stack}", what="nothing stands", hint=f"run: make up STACK={stack}"
        )
    locks.release_stale(stack)
    engine.forget_pending(stack)
    with opened(stack) as ground:
        plan, batch = ground.plan, ground.environment.batch
        slots = {slot.name for slot in plan.slots} | set(ground.deployed.nodes)
    machines = machines_of(engine.exported(stack, "resources"), slots)
    if hosts is not None:
        _refuse_unknown(stack, plan, hosts)
    asked = [slot.name for slot in plan.slots if slot.name in (hosts or ())]
    forced, done = _forced(stack, asked, machines, anew=anew)
    if not os.environ.get(OVERRIDE):
        _refuse_only_manager(plan, forced)
    words = [word for name in asked for word in ("--target", f"**::{name}")]
    foreseen = foresee(stack, frozenset(slots), *words)
    if hosts is None:
        _refuse_inseparable(stack, foreseen, machines)
    return work(stack, plan, foreseen, batch=batch, asked=asked, forced=forced, done=done)


def work(  # noqa: PLR0913 - what was found, each by its own name
    stack: str,
    plan: Plan,
    foreseen: Foreseen,
    *,
    batch: int,
    asked: Sequence[str],
    forced: Mapping[str, str],
    done: Sequence[str],
) -> Work:
    """Sort what the engine foresees into turns and the rest."""
    names = {slot.name for slot in plan.slots}
    # The engine refuses to replace what it finds gone, and what changes anyway needs no force.
    anyway = {each.slot for each in foreseen.hosts.values() if each.fate in {"made", "replaced"}}
    forced = {name: urn for name, urn in forced.items() if name not in anyway}
    reasons, unsure, later = dict.fromkeys(forced, ASKED), set(), []
    for change in foreseen.hosts.values():
        if change.slot not in names:
            later.append(f"{change.slot}: {change.fate}{_for(change.why)}")
        elif change.slot not in forced:
            reasons[change.slot] = ", ".join(change.why) or change.fate
            if change.fate == "changed":
                unsure.add(change.slot)
    first = tuple(each for each in foreseen.others if each.op != "delete")
    others = [each for each in foreseen.others if each not in first]
    return Work(
        stack=stack,
        plan=plan,
        batch=batch,
        reasons=reasons,
        unsure=frozenset(unsure),
        forced=forced,
        first=first,
        later=(*later, *(told(each) for each in others)),
        asked=tuple(asked),
        done=tuple(done),
    )


def told(change: Change) -> str:
    """A change of the network in few words."""
    return f"{change.kind} {change.name}: {change.op}{_for(change.reasons)}"


def _for(reasons: Sequence[str]) -> str:
    return f" ({', '.join(reasons)})" if reasons else ""


def machines_of(
    resources: Sequence[Mapping[str, Any]], slots: Collection[str]
) -> dict[str, Machine]:
    """Each slot's machine in the engine's state, whatever the cloud's type for one is."""
    found = {}
    for each in resources:
        kind, name = each["urn"].split("::")[2].rpartition(":")[2], each["urn"].rpartition("::")[2]
        if kind in MACHINES and name in slots and not each.get("delete"):
            needs = (each.get("propertyDependencies") or {}).values()
            urns = frozenset(urn for some in needs for urn in some or ())
            found[name] = Machine(each["urn"], each.get("id", ""), urns)
    return found


def _forced(
    stack: str, asked: Sequence[str], machines: Mapping[str, Machine], *, anew: bool
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The machines that are still those of before, by host, and the hosts that have new ones."""
    diary = Diary.of(stack)
    if not asked:
        return {}, ()
    if anew or set(diary.machines) != set(asked):
        return {name: machines[name].urn for name in asked if name in machines}, ()
    same = {
        name: machines[name].urn
        for name, old in diary.machines.items()
        if name in machines and machines[name].id == old
    }
    return same, tuple(name for name in asked if name not in same)


def note(work: Work) -> None:
    """Write down, before the first turn, which machines are to go."""
    if work.asked and not work.done:
        machines = machines_of(engine.exported(work.stack, "resources"), work.asked)
        ids = {name: machines[name].id if name in machines else "" for name in work.asked}
        Diary(Diary.of(work.stack).file, ids).write()


def _refuse_unknown(stack: str, plan: Plan, hosts: Collection[str]) -> None:
    """A target that matches nothing is no error to the engine."""
    known = [slot.name for slot in plan.slots]
    for name in hosts:
        if name not in known:
            raise ConfigError(
                where=f"stack {stack}",
                what="no such host",
                found=name,
                wanted=", ".join(known),
                hint="name one of them",
            )


def _refuse_only_manager(plan: Plan, forced: Collection[str]) -> None:
    """What the engine's preview refuses of a change: it knows of none here."""
    for name in {slot.name for slot in plan.managers} & set(forced):
        if len(plan.managers) == 1:
            raise only_manager(name)


def _refuse_inseparable(stack: str, foreseen: Foreseen, machines: Mapping[str, Machine]) -> None:
    """Refuse to make something anew that takes all its machines along at once."""
    for change in foreseen.others:
        taken = [name for name, each in machines.items() if change.urn in each.needs]
        if change.op == "replace" and taken:
            raise SetupError(
                where=f"stack {stack}",
                what=f"{change.kind} {change.name} would be made anew, and with it at once"
                f" {', '.join(taken)}",
                found=", ".join(change.reasons),
                wanted="changes that can be made host by host",
                hint="put that part of the stack's file back, or move the hosts: add a zone or a"
                " pool beside the old one, and take that out when it stands",
            )
