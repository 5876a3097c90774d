"""Running the engine's preview, and reading what it foresees."""

from __future__ import annotations

import json

from components.change.foreseen import Foreseen, problems, read
from components.errors import SetupError
from scripts import stack as engine


def foresee(stack: str, slots: frozenset[str], *words: str) -> Foreseen:
    """Run the engine's preview; `words` are more of its flags.

    Raises:
        SetupError: The preview failed; what the engine said is in it.
    """
    engine.give_salt(stack)
    told = engine.quietly(
        ["preview", "--json", *engine.looking_first(stack), *words, "--stack", stack]
    )
    start = told.stdout.find("{")
    if told.returncode != 0 or start < 0:
        raise SetupError(
            where=f"stack {stack}",
            what="the preview failed",
            found=problems(told.stdout) or told.stderr.strip() or told.stdout.strip(),
            hint=f"mend that; `make preview STACK={stack}` shows it whole",
        )
    return read(json.loads(told.stdout[start:]), slots)
