"""What brings packets to containers, and how much of it there is, in words."""

from __future__ import annotations

from components.plan.model import Plan
from components.plan.slots import prefixes


def carried(plan: Plan) -> str:
    """Entries of each table, or prefixes of all interfaces: "6 entries in every route table"."""
    if plan.network.by_prefixes:
        given = sum(len(prefixes(slot.containers)) for slot in plan.slots)
        return f"{given} prefix{'' if given == 1 else 'es'} of interfaces"
    count = len(plan.routes)
    return f"{count} {'entry' if count == 1 else 'entries'} in every route table"
