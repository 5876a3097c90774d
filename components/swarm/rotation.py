"""Rotating what lets machines into a Swarm: its join tokens, and its certificate authority.

Nothing here touches a task: a member shows its certificate, and tokens are for those who join.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from components.errors import CommandFailed, HostUnreachable, SwarmError
from components.remote.command import Command, Secret
from components.remote.wait import Report, ignore, wait_until
from components.swarm import facts
from components.swarm.managers import Managers

ROLES: Final = ("worker", "manager")
CLUSTER: Final = Command.of("docker", "info", "--format", "{{json .Swarm.Cluster}}")
NODES: Final = Command.script(
    "docker node inspect --format '{{json .Description}}' $(docker node ls --quiet)"
)
CERTIFIED_WITHIN: Final = 300.0  # seconds; the managers ask all nodes at once to renew


def check_ready(managers: Managers) -> None:
    """Refuse to rotate anything while a node is not ready: it would be left behind.

    Raises:
        SwarmError: Some nodes are not ready; it names them.
    """
    rows = facts.read_rows(managers.run(facts.NODES).stdout)
    away = sorted(
        f"{row.hostname or row.id} is {row.status}" for row in rows if row.status != "ready"
    )
    if away:
        raise SwarmError(
            where="the Swarm",
            what="not every node is ready",
            found=", ".join(away),
            wanted="all nodes ready",
            hint="bring them back with `pulumi up`, or remove them (`docker node rm`)",
        )


def rotate_tokens(managers: Managers, report: Report = ignore) -> None:
    """Give the Swarm new join tokens; from then on the managers refuse the former ones.

    Raises:
        SwarmError: The managers still name a former token.
        RemoteError: No manager answered, or Docker refused.
    """
    for role in ROLES:
        former = _token(managers, role)
        managers.run(Command.of("docker", "swarm", "join-token", "--rotate", "--quiet", role))
        if _token(managers, role) == former:
            raise SwarmError(
                where=f"the {role}s' join token",
                what="the managers still name the former one after its rotation",
                hint="see whether the Swarm has a leader (`docker node ls`), then try again",
            )
        report(f"{role}s' join token: new, the former one is refused from now on")


def _token(managers: Managers, role: str) -> Secret:
    command = Command.of("docker", "swarm", "join-token", "--quiet", role)
    return Secret(managers.run(command).stdout.strip())


@dataclass(frozen=True, slots=True)
class Authority:
    """What certificates of a Swarm must be: `changing` while a rotation is under way."""

    root: str
    issuer: str
    changing: bool


@dataclass(frozen=True, slots=True)
class Certified:
    """A node's certificate, as it last told the managers."""

    name: str
    root: str
    issuer: str


def rotate_ca(
    managers: Managers, report: Report = ignore, *, deadline: float = CERTIFIED_WITHIN
) -> None:
    """Give the Swarm a new certificate authority, and return when every node has changed to it.

    Nodes trust both authorities meanwhile. A rotation that is under way is not begun again.

    Raises:
        DeadlineExceeded: A node did not change; the rotation goes on by itself when it is back.
        RemoteError: No manager answered, or Docker refused.
    """
    before = authority(managers)
    if before.changing:
        report("a rotation is under way already: waiting for its end")
    else:
        managers.run(Command.of("docker", "swarm", "ca", "--rotate", "--detach"))
    behind = [""]

    def changed() -> bool | None:
        now, nodes = authority(managers), certified(managers)
        behind[0] = _behind(before, now, nodes)
        if not behind[0]:
            return True
        report(behind[0])
        return None

    wait_until(
        "every node to have a certificate of the new authority",
        changed,
        where="the Swarm",
        deadline=deadline,
        hint="bring back the nodes that are down, or remove them; then run this again: it goes on",
        # A manager that changes its own certificate closes its connections.
        retry_on=(CommandFailed, HostUnreachable),
        seen=lambda: behind[0],
        every=1.0,
    )


def _behind(before: Authority, now: Authority, nodes: Sequence[Certified]) -> str:
    """What is not changed yet, in a few words; "" when all is."""
    old = sorted(node.name for node in nodes if node.issuer != now.issuer)
    if old:
        return f"old certificates on {', '.join(old)}"
    trusting = sorted(node.name for node in nodes if node.root != now.root)
    if trusting:
        return f"the old authority still trusted by {', '.join(trusting)}"
    return "the old authority still in place" if now.changing or now.root == before.root else ""


def authority(managers: Managers) -> Authority:
    """The Swarm's authority as the managers tell it."""
    told = json.loads(managers.run(CLUSTER).stdout)
    return Authority(*_info(told), changing=bool(told["RootRotationInProgress"]))


def certified(managers: Managers) -> tuple[Certified, ...]:
    """The certificates of all nodes."""
    lines = managers.run(NODES).stdout.splitlines()
    told = [json.loads(line) for line in lines if line.strip()]
    return tuple(Certified(node["Hostname"], *_info(node)) for node in told)


def _info(told: Mapping[str, Any]) -> tuple[str, str]:
    info = told.get("TLSInfo") or {}
    return str(info.get("TrustRoot", "")), str(info.get("CertIssuerPublicKey", ""))
