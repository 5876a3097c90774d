"""A wiring that cannot be made, to see what is told of it."""

from __future__ import annotations


def attach(_lab: str, _machine: str) -> None:
    raise OSError("no cable")


def detach(_lab: str, _machine: str) -> None:
    """Do nothing: there is nothing to take away."""
