"""Removal by label: what belongs to a lab is found by its names alone, state or no state."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from lab import locks, names, namespaces, netns, network
from lab.state import Store, lab_names
from lab.status import Machines, Report

_AT_ONCE = 32


def sweep(store: Store, machines: Machines, report: Report) -> tuple[str, ...]:
    """Remove a lab's machines, network and files, in that order; names what was there."""
    found = [*_machines(store.lab, machines, report)]
    with locks.hold(store.lab):
        found += [*_namespaces(store.lab), *network.remove(store.lab)]
        if store.exists():
            found.append(str(store.directory))
        forget(store)
    for thing in found:
        report(f"removed {thing}")
    return tuple(found)


def forget(store: Store) -> None:
    """Remove a lab's files, and the directories of all labs when it was the last."""
    store.remove()
    locks.forget(store.lab)
    for directory in (store.directory.parent, store.directory.parent.parent):
        with suppress(OSError):  # other labs are in it
            directory.rmdir()


def _machines(lab: str, machines: Machines, report: Report) -> list[str]:
    present = machines.present(lab)

    def destroy(machine: str) -> None:
        machines.destroy(lab, machine)
        report(f"removed machine {machine}")

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(destroy, present))
    return [f"machine {name}" for name in present]


def _namespaces(lab: str) -> list[str]:
    labs = {*lab_names(), lab}
    own = [name for name in namespaces.names() if names.owner(name, labs) == lab]
    own = [name for name in own if name != names.router(lab)]
    for name in own:
        netns.remove(lab, name.removeprefix(names.namespace(lab, "")))
    return [f"namespace {name}" for name in own]
