"""`fairway verify`: ask again what the stack's last resource asked."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network

from components.errors import SetupError
from components.remote.endpoint import Endpoint
from components.remote.keys import host_key, operator_key
from components.remote.session import Sessions
from components.verify import NetworkFacts, NetworkView, Report, Target, verify
from components.verify.lab_view import LabView
from lab.lab import Lab
from scripts.cli.state import Deployed


def check(stack: str, deployed: Deployed, say: Callable[[str], None]) -> Report:
    """Run verify against what stands.

    Raises:
        SetupError: No `up` has come far enough to know what to ask.
        FairwayError: The hosts could not be asked.
    """
    if not deployed.question:
        raise SetupError(
            where=f"stack {stack}",
            what="its last `up` did not come to the network's proof",
            hint=f"run: make up STACK={stack}",
        )
    sessions = Sessions(operator_key(deployed.seed).private)
    try:
        return verify(_targets(deployed), _facts(deployed), sessions, _view(deployed), say)
    finally:
        sessions.close()


def _targets(deployed: Deployed) -> list[Target]:
    return [
        Target(
            name=host["name"],
            zone=host["zone"],
            endpoint=Endpoint(
                name=host["name"],
                address=host["address"],
                host_key=host_key(deployed.seed, host["name"]).public,
            ),
            containers=IPv4Network(host["containers"]),
            address=IPv4Address(host["address"]),
        )
        for host in deployed.question["hosts"]
    ]


def _facts(deployed: Deployed) -> NetworkFacts:
    network = deployed.question["network"]
    outside = network.get("outside")
    return NetworkFacts(
        environment=deployed.question["cluster"],
        vpc=IPv4Network(network["vpc"]),
        containers=IPv4Network(network["containers"]),
        outside=IPv4Address(outside) if outside else None,
    )


def _view(deployed: Deployed) -> NetworkView | None:
    name = deployed.question.get("view", {}).get("lab")
    return LabView(Lab.open(name, recover=False)) if name else None
