"""The whole network of a lab as one thing: make it equal to the records, or say how it differs."""

from __future__ import annotations

from lab import filter as nftables
from lab import names, namespaces, netns, router, uplink
from lab.state import State, Store


def sync(store: Store, state: State, *, rules: bool = True) -> tuple[str, ...]:
    """Repair router, uplink, links, tables and, unless told not to, rules.

    Returns a sentence for each thing that was not as recorded. The lab's lock must be held.
    """
    if state.vpc is None:
        return ()
    repaired = [
        *router.ensure(store.lab),
        *uplink.ensure(store.lab, state.vpc),
        *_reconnect(store.lab, state),
        *router.sync(store.lab, state),
    ]
    if rules:
        repaired += nftables.sync(store, state)
    return tuple(repaired)


def remove(lab: str) -> tuple[str, ...]:
    """Take the uplink and the router away; names what was there."""
    found = list(uplink.remove(lab))
    if namespaces.exists(names.router(lab)):
        namespaces.remove(names.router(lab))
        found.append(f"namespace {names.router(lab)}")
    return tuple(found)


def _reconnect(lab: str, state: State) -> tuple[str, ...]:
    """Give machines that run without a link (the router was lost) a new one."""
    lost = netns.unconnected(lab, state, router.look(lab).ports)
    for machine in lost:
        netns.connect(lab, state, machine)
    return tuple(f"the link of {machine.name} was missing" for machine in lost)
