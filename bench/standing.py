"""A stack of the bench's own that stands in the lab, for what `./fairway` does with it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.world import configuration
from tests.support.checkout import Checkout, lab_checkout


@contextmanager
def standing(
    stack: str, hosts: Mapping[str, tuple[int, int]], ranges: tuple[int, int], **more: Any
) -> Iterator[Checkout]:
    """Bring it up with `more` in its file; nothing of it is left at the end.

    `hosts` and `ranges` are as for bench.world.configuration.
    """
    wanted = configuration(hosts, ranges)
    config = {key.removeprefix("fairway:"): value for key, value in wanted.items()}
    folder = Path(tempfile.mkdtemp(prefix="fairway-bench-"))
    try:
        with lab_checkout(folder / "checkout", stack, {**config, **more}) as checkout:
            checkout.make("up").good()
            yield checkout
    finally:
        shutil.rmtree(folder, ignore_errors=True)
