"""Reachability on paper against packets: the paper's verdict, and what the lab's router does."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import HealthCheck, settings

from components.reach import Question, World, reach
from tests.support.bare_lab import Town

PORT = 7000
# Seconds: an answer that must come is waited for, one that must not comes at once or never.
LONG, SHORT = 30.0, 0.4


def tries(examples: int) -> settings:
    """So many networks, each time the same ones; building one takes seconds."""
    return settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
        derandomize=True,
    )


def hold_against_packets(made: Town, world: World, chosen: Iterable[tuple[str, str]]) -> None:
    """Ask the paper and send it, for each pair of ends; the two must agree."""
    for source, target in chosen:
        ends = (made.where(end)[1] for end in (source, target))
        verdict = reach(world, Question(source=next(ends), target=next(ends), port=PORT))
        # A machine that is down has no namespace to send from or to listen in.
        up = all(world.hosts[end.partition(".")[0]].running for end in (source, target))
        within = LONG if verdict.arrives else SHORT
        found = up and made.reaches(source, target, PORT, within=within)
        assert found == verdict.arrives, f"{source} to {target}: paper says: {verdict}"
