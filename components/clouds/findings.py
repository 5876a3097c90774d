"""What a preflight found: faults that stop everything, and what it could not look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from components.errors import CloudError, CloudFaults


class Findings:
    """Collects all findings of one preflight, so that one round of edits mends them all."""

    def __init__(self) -> None:
        self.faults: list[CloudError] = []
        self.unchecked: list[CloudError] = []

    def fault(self, where: str, what: str, *, found: str = "", wanted: str = "", hint: str) -> None:
        """Note something that stands in the way."""
        self.faults.append(
            CloudError(where=where, what=what, found=found, wanted=wanted, hint=hint)
        )

    def could_not(self, where: str, found: str, hint: str) -> None:
        """Note what could not be looked at: it is neither right nor wrong."""
        self.unchecked.append(
            CloudError(where=where, what="could not be checked", found=found, hint=hint)
        )

    @contextmanager
    def looking_at(self, where: str) -> Iterator[None]:
        """One look at the cloud; a CloudError in it means that it could not be done."""
        try:
            yield
        except CloudError as error:
            self.could_not(where, error.found or error.what, error.hint)

    def fold(self) -> None:
        """Tell each fault once, and each reason once with all that was not looked at for it."""
        self.faults = list({str(fault): fault for fault in self.faults}.values())
        places: dict[tuple[str, str], dict[str, None]] = {}
        for error in self.unchecked:
            places.setdefault((error.found, error.hint), {})[error.where] = None
        self.unchecked = []
        for (found, hint), wheres in places.items():
            self.could_not(", ".join(wheres), found, hint)

    def raise_any(self) -> None:
        """Raise CloudFaults when there is a fault."""
        if self.faults:
            raise CloudFaults(self.faults)
