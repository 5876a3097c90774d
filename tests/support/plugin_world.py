"""A lab, hosts and a Swarm that are entries in files: what the plugin does, without the wait.

A test writes `behaviour.json`: {"a1": {"wait": 4}} lets the SSH port of a1 open after 4 s or
when that is taken back, {"a1": {"refuse": "text"}} never. Every act is appended to `acts.jsonl`.
"""

from __future__ import annotations

import fcntl
import json
import pickle
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from components.errors import HostUnreachable, QuotaExceeded, SwarmError
from components.remote.endpoint import Endpoint
from components.swarm.model import NodePlan, NodeState
from components.swarm.quorum import Quorum
from lab.model import Held, Machine, Route, Spec, Status

Key = tuple[str, str]
# Stands for a user data text of which a recorded state has only the hash: what follows.
HASHED = "sha256:"


class World:
    """Everything that exists, in one pickled dictionary under one lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def things(self) -> Iterator[dict[Key, Any]]:
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            file = self.folder / "things.pickle"
            held = pickle.loads(file.read_bytes()) if file.exists() else {}  # noqa: S301 - our own
            yield held
            fresh = file.with_suffix(".new")
            fresh.write_bytes(pickle.dumps(held))
            fresh.rename(file)

    def act(self, verb: str, what: str) -> None:
        with (self.folder / "acts.jsonl").open("a") as log:
            log.write(json.dumps([verb, what]) + "\n")

    def acts(self) -> list[str]:
        file = self.folder / "acts.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        return [" ".join(json.loads(line)) for line in lines]

    def forget_acts(self) -> None:
        (self.folder / "acts.jsonl").unlink(missing_ok=True)

    def behave(self, **slots: dict[str, Any]) -> None:
        fresh = self.folder / "behaviour.json.new"
        fresh.write_text(json.dumps(slots))
        fresh.replace(self.folder / "behaviour.json")

    def behaviour(self, slot: str) -> dict[str, Any]:
        file = self.folder / "behaviour.json"
        found: dict[str, Any] = json.loads(file.read_text()).get(slot, {}) if file.exists() else {}
        return found

    def lose(self, kind: type[Spec], name: str) -> None:
        """Take a thing away behind Pulumi's back."""
        with self.things() as things:
            del things[kind.__name__, name]

    def change(self, spec: Spec) -> None:
        """Change a thing behind Pulumi's back."""
        with self.things() as things:
            key = type(spec).__name__, spec.name
            things[key] = replace(things[key], spec=spec)

    def stop(self, name: str) -> None:
        with self.things() as things:
            held = things["Machine", name]
            things["Machine", name] = replace(held, status=replace(held.status, state="stopped"))

    def unjoin(self, name: str) -> None:
        """Let a node leave its Swarm behind Pulumi's back."""
        with self.things() as things:
            del things["Node", name]

    def names(self, kind: type[Any]) -> list[str]:
        with self.things() as things:
            return sorted(name for of, name in things if of == kind.__name__)


class FakeLab:
    """The lab's API over a World."""

    name = "t6"

    def __init__(self, world: World) -> None:
        self._world = world

    def put(self, spec: Spec, report: Callable[[str], None] = print) -> Status:
        kind = type(spec).__name__
        with self._world.things() as things:
            held = things.get((kind, spec.name))
            if held is None:
                self._refuse_too_many(spec, things)
                self._world.act("make", f"{kind} {spec.name}")
            elif held.spec != spec or held.status.state not in {"ready", "running", "active"}:
                self._world.act("change", f"{kind} {spec.name}")
            status = held.status if held else Status(id=_new_id(spec), state="ready")
            state = "running" if isinstance(spec, Machine) else "ready"
            status = replace(status, state=state)
            things[kind, spec.name] = Held(spec, status)
        return status

    def _refuse_too_many(self, spec: Spec, things: dict[Key, Any]) -> None:
        if not isinstance(spec, Route):
            return
        quota = things["Vpc", "vpc"].spec.quota
        entries = [name for kind, name in things if kind == "Route"]
        if sum(name.startswith(f"{spec.table}/") for name in entries) >= quota:
            raise QuotaExceeded(
                where=f"route table {spec.table}",
                what="the table is full",
                found=f"{quota} entries",
                wanted="room for one more",
                hint="raise the quota",
            )

    def get(self, kind: type[Any], name: str) -> Held[Any] | None:
        with self._world.things() as things:
            found: Held[Any] | None = things.get((kind.__name__, name))
            return found

    def all(self, kind: type[Any]) -> tuple[Held[Any], ...]:
        with self._world.things() as things:
            return tuple(held for (of, _), held in sorted(things.items()) if of == kind.__name__)

    def delete(self, kind: type[Any], name: str) -> None:
        with self._world.things() as things:
            if things.pop((kind.__name__, name), None) is not None:
                self._world.act("remove", f"{kind.__name__} {name}")


class FakeSwarm:
    """Membership over a World, with the functions that the plugin calls."""

    def __init__(self, world: World) -> None:
        self._world = world

    def await_managers(self, plan: NodePlan, sessions: object, report: object) -> None:
        """Wait, before a first Swarm, until the other managers' machines have been made."""
        limit = time.monotonic() + 60
        while plan.begins and time.monotonic() < limit:
            with self._world.things() as things:
                others = {manager.name for manager in plan.others}
                made = {name for kind, name in things if kind == "Machine"}
                made |= {act.rpartition(" ")[2] for act in self._world.acts() if act[:4] == "wait"}
                stands = any(("Node", name) in things for name in others)
            if stands or others <= made:
                return
            time.sleep(0.05)

    def bring_up(self, plan: NodePlan, sessions: object, report: object) -> NodeState:
        told = self._world.behaviour(plan.name)
        self._world.act("join", f"Node {plan.name}")
        if "unjoinable" in told:
            raise SwarmError(where=plan.name, what=told["unjoinable"], hint="mend it")
        with self._world.things() as things:
            known = things.get(("Node", plan.name))
            state = NodeState(
                node_id=known.node_id if known else uuid4().hex[:8],
                swarm_id="swarm",
                role=plan.role,
                availability="active",
                address=plan.address,
                labels=dict(plan.labels),
                containers=plan.containers,
                engine="26.1",
            )
            things["Node", plan.name] = state
        return state

    def observe(self, plan: NodePlan, sessions: object, node_id: str) -> NodeState | None:
        with self._world.things() as things:
            found: NodeState | None = things.get(("Node", plan.name))
        return found

    def take_down(self, plan: NodePlan, node_id: str, sessions: object, report: object) -> None:
        self._world.act("leave", f"Node {plan.name}")
        with self._world.things() as things:
            things.pop(("Node", plan.name), None)

    def look(self, endpoints: Sequence[Endpoint], sessions: object, cluster: str) -> Quorum:
        names = frozenset(endpoint.name for endpoint in endpoints)
        with self._world.things() as things:
            standing = frozenset(name for name in names if ("Node", name) in things)
        return Quorum(standing=standing, silent=names - standing)


def _new_id(spec: Spec) -> str:
    return f"{spec.name}-{uuid4().hex[:8]}"


def let_in(world: World, slot: str, patience: float) -> None:
    """Wait as long as the slot's behaviour says, or fail as an SSH port that never opens."""
    told = world.behaviour(slot)
    world.act("wait", f"Machine {slot}")
    limit = time.monotonic() + min(told.get("wait", 0), patience)
    while time.monotonic() < limit and "wait" in world.behaviour(slot):
        time.sleep(0.05)
    if "refuse" in told:
        raise HostUnreachable(
            where=slot,
            what="SSH did not open",
            found=told["refuse"],
            wanted="a login with the pinned key",
            hint="look at the console",
        )
    if told.get("fault"):
        raise RuntimeError(told["fault"])
