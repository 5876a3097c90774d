"""The proof with real containers: ask again what the stack's last resource asked."""

from __future__ import annotations

from collections.abc import Callable

from components.errors import SetupError
from components.remote.session import Sessions
from components.verify import Report, asked, verify
from scripts.cli.state import Deployed


def check(stack: str, deployed: Deployed, say: Callable[[str], None]) -> Report:
    """Run verify against what stands.

    Raises:
        SetupError: No `up` has come far enough to know what to ask.
        FairwayError: The hosts could not be asked.
    """
    with Sessions.of(deployed.seed) as sessions:
        return prove(stack, deployed, say, sessions)


def prove(
    stack: str,
    deployed: Deployed,
    say: Callable[[str], None],
    sessions: Sessions,
    meanwhile: Callable[[], object] = lambda: None,
) -> Report:
    """The same over sessions that are open already, or will be; they stay open."""
    question = deployed.question
    if not question:
        raise SetupError(
            where=f"stack {stack}",
            what="its last `up` did not come to the network's proof",
            hint=f"run: make up STACK={stack}",
        )
    hosts, network = asked.targets(question), asked.facts(question)
    return verify(hosts, network, sessions, asked.view(question), say, meanwhile=meanwhile)
