"""A sentence for what is wrong: whose containers, the wrong entry, who reaches them, who not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from components.verify.model import Failure, Fault

NAMED: Final = 12  # hosts that are named one by one; of more, whole zones are


class Line(Protocol):
    """A host in a report."""

    @property
    def name(self) -> str: ...

    @property
    def zone(self) -> str: ...

    @property
    def container(self) -> str: ...

    @property
    def containers(self) -> str: ...


def sentence(fault: Fault, failures: Sequence[Failure], hosts: Sequence[Line]) -> str:
    """Say what the fault is to the host it is about, and what the probes of all hosts met there."""
    about = fault.about or fault.where
    host = next((each for each in hosts if each.name == about), None)
    if host is None:
        return f"{fault.where}: {fault.what}."
    failed = {asker for each in failures for asker, target in each.pairs if target == about}
    asking = [each for each in hosts if each.container]
    lost = [each for each in asking if each.name in failed and each is not host]
    reach = [each for each in asking if each.name not in failed and (host.container or not failed)]
    range_ = f" ({host.containers})" if host.containers else ""
    met = _met(reach, lost, hosts)
    if not lost and reach:
        away = dict.fromkeys(to for each in failures for asker, to in each.pairs if asker == about)
        met += f", it does not reach {_far(away, hosts)}" if away else ""
    return f"{about}{range_}: {fault.short or fault.what}; {met}."


def _met(reach: Sequence[Line], lost: Sequence[Line], hosts: Sequence[Line]) -> str:
    if not reach:
        return "nobody reaches it"
    if not lost:
        return "every host reaches it"
    they, others = _names(reach, hosts), _names(lost, hosts)
    one, no = len(reach) == 1, len(lost) == 1
    return f"{they} {'reaches' if one else 'reach'} it, {others} {'does' if no else 'do'} not"


def _far(names: Iterable[str], hosts: Sequence[Line]) -> str:
    """What a host does not reach: hosts, and the world outside, which is none."""
    known = {each.name: each for each in hosts}
    far = [name for name in names if name not in known]
    near = [known[name] for name in names if name in known]
    return ", ".join([*([_names(near, hosts)] if near else []), *far])


def _names(some: Sequence[Line], hosts: Sequence[Line]) -> str:
    """The hosts by name; where they are many, zones of which all are meant are named alone."""
    if len(hosts) <= NAMED:
        return ", ".join(each.name for each in some)
    words: list[str] = []
    for zone in dict.fromkeys(each.zone for each in some):
        mine = [each.name for each in some if each.zone == zone]
        whole = len(mine) == sum(each.zone == zone for each in hosts)
        words.append(f"all of zone {zone}" if whole and len(mine) > 1 else ", ".join(mine))
    return ", ".join(words)
