"""What a Swarm comes to say: for a moment a node may be Down, a task away, or no manager leads."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from components.errors import FairwayError
from components.remote.wait import Deadline

T = TypeVar("T")
PATIENCE = 600.0  # seconds


def becomes(ask: Callable[[], T], wanted: T) -> None:
    """Ask until that is the answer; an assertion failure that tells the last one otherwise."""
    limit = Deadline(PATIENCE)
    while True:
        found: object
        try:
            found = ask()
        except FairwayError as error:
            found = error
        if found == wanted:
            return
        assert not limit.passed, f"after {limit.spent:.0f} s: found {found}, wanted {wanted}"
        time.sleep(1)
