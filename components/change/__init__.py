"""A change before it happens: what the engine's preview means for hosts, routes and paths."""

from components.change.foreseen import Foreseen, HostChange, Step, read

__all__ = ["Foreseen", "HostChange", "Step", "read"]
