"""The three ways from one host to the other, each with a server at its end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bench.network.wire import ON_HOST, PORT, Image
from components.host.names import ROUTED_NETWORK
from components.remote.command import Command
from components.remote.endpoint import Session
from components.remote.wait import wait_until

OVERLAY = "bench-overlay"
START = 60.0  # seconds for a service's task to run


@dataclass(frozen=True, slots=True)
class Way:
    """A way to measure: `wire(words)` runs the program at its near end, towards `address`."""

    name: str
    address: str
    wire: Callable[..., dict[str, Any]]


@contextmanager
def ways(near: Session, far: Session, program: bytes, image: Image) -> Iterator[list[Way]]:
    """Set up all three; `near` must be a manager. What was made is removed at the end."""
    for session in (near, far):
        session.put(ON_HOST, program, 0o755)
        session.run(Command.of("docker", "load", "--quiet"), input=image.content)
    unit = ("systemd-run", "--unit=fairway-wire", "--collect", ON_HOST, "serve", PORT)
    far.run(Command.of(*unit))
    near.run(Command.of("docker", "network", "create", "--driver", "overlay", OVERLAY))
    try:
        yield [
            Way("host", _own_address(far), _runner(near, ON_HOST)),
            _contained("routed", ROUTED_NETWORK, near, far, image),
            _contained("overlay", OVERLAY, near, far, image),
        ]
    finally:
        _remove(near, far)


def _contained(name: str, network: str, near: Session, far: Session, image: Image) -> Way:
    ends = {"far": (far, ("serve", PORT)), "near": (near, ("idle",))}
    tasks = {
        end: _service(near, f"bench-{name}-{end}", network, session, image, words)
        for end, (session, words) in ends.items()
    }
    address = _address_of(far, tasks["far"], network)
    return Way(name, address, _runner(near, "docker", "exec", tasks["near"], "/wire"))


def _service(
    manager: Session,
    name: str,
    network: str,
    host: Session,
    image: Image,
    words: tuple[str | int, ...],
) -> str:
    """Start one task on one host; returns its container's id."""
    manager.run(
        Command.of(
            *("docker", "service", "create", "--detach", "--quiet", "--no-resolve-image"),
            *("--name", name, "--network", network, "--endpoint-mode", "dnsrr"),
            *("--constraint", f"node.hostname=={host.endpoint.name}"),
            *("--restart-condition", "none", image.id, *words),
        )
    )
    asked = Command.of(
        "docker", "ps", "-q", "--filter", f"label=com.docker.swarm.service.name={name}"
    )

    def running() -> str | None:
        return host.run(asked).stdout.strip() or None

    return wait_until(
        f"the task of {name}", running, where=host.endpoint.name, deadline=START, hint="look at it"
    )


def _address_of(host: Session, container: str, network: str) -> str:
    told = host.run(Command.of("docker", "inspect", container)).stdout
    networks = json.loads(told)[0]["NetworkSettings"]["Networks"]
    return str(networks[network]["IPAddress"])


def _own_address(host: Session) -> str:
    return host.endpoint.address


def _runner(host: Session, *before: str) -> Callable[..., dict[str, Any]]:
    def run(*words: str | int | float) -> dict[str, Any]:
        told = host.run(Command.of(*before, *map(str, words)), timeout=120)
        found: dict[str, Any] = json.loads(told.stdout)
        return found

    return run


def _remove(near: Session, far: Session) -> None:
    listed = Command.of("docker", "service", "ls", "-q", "--filter", "name=bench-")
    for service in near.run(listed).stdout.split():
        near.run(Command.of("docker", "service", "rm", service))
    far.run(Command.of("systemctl", "stop", "fairway-wire"), ok=(0, 5))
