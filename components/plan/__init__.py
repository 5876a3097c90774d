"""Slots, addresses, routes and safety: arithmetic only, no cloud and no engine."""

from components.plan.make import make_plan
from components.plan.model import Plan, Route, Slot

__all__ = ["Plan", "Route", "Slot", "make_plan"]
