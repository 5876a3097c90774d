"""A cloud's look at the account before anything is built, as its driver's constructor takes it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

import pulumi

from components.clouds.findings import Findings

SWITCH: Final = "FAIRWAY_PREFLIGHT"


def examine(check: Callable[[], Findings]) -> None:
    """Run a preflight: tell what it could not look at, raise everything that stands in the way.

    `FAIRWAY_PREFLIGHT=off` leaves it out, for measurements and for clouds without an API.

    Raises:
        CloudFaults: something stands in the way.
    """
    if os.environ.get(SWITCH) == "off":
        return
    findings = check()
    for each in findings.unchecked:
        pulumi.log.warn(str(each))
    findings.raise_any()
