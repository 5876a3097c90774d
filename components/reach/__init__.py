"""Reachability on paper: where a packet would go in a planned network, and which rule stops it."""

from components.reach.model import Host, Question, Rule, Verdict, World
from components.reach.trace import reach

__all__ = ["Host", "Question", "Rule", "Verdict", "World", "reach"]
