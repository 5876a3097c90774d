"""From failed checks to causes: the first wrong hop of each, grouped by what it explains."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache, wraps
from ipaddress import IPv4Address
from typing import TypeVar, TypeVarTuple

from components.errors import CloudError, FairwayError
from components.verify.checks import OUTSIDE, describe
from components.verify.hops_cloud import group_in, group_out, route, source_check, target_check
from components.verify.hops_host import arrives, leaves, masquerade, translator
from components.verify.model import Check, Failure, Fault, NetworkView, Outcome
from components.verify.scripts import PUBLISHED_PORT
from components.verify.way import End, Hop, Leg, Sight

# The order in which a packet meets them; the answer meets them again from the other end.
HOPS: tuple[Hop, ...] = (leaves, source_check, group_out, route, target_check, group_in, arrives)
UNSEEN = "route tables, source/destination check, security groups (no view of this cloud)"
Asked = TypeVarTuple("Asked")
T = TypeVar("T")
Step = tuple[Hop, Leg]
Found = tuple[Fault, tuple[str, str], str]  # a fault, a pair it explains, and what was asked


class Remembered:
    """A view that asks the cloud each thing once, so that one reading judges all pairs.

    Once an account refuses or does not answer it is asked nothing more: `trouble` says why.
    """

    def __init__(self, view: NetworkView) -> None:
        self.trouble: CloudError | None = None
        self.machine = self._once(view.machine)
        self.table = self._once(view.table)
        self.entry = self._once(view.entry)
        self.source_dest_check = self._once(view.source_dest_check)
        self.prefixes = self._once(view.prefixes)
        self.refusal = self._once(view.refusal)
        self.held = self._once(view.held)

    def _once(self, look: Callable[[*Asked], T]) -> Callable[[*Asked], T]:
        known = cache(look)

        @wraps(look)
        def remembered(*asked: *Asked) -> T:
            if self.trouble is not None:
                raise self.trouble
            try:
                return known(*asked)
            except CloudError as error:
                self.trouble = error
                raise

        return remembered


def diagnose(outcomes: Iterable[Outcome], sight: Sight) -> list[Found]:
    """Find for every failed check the first hop on its way that is seen to be wrong."""
    return [(explain(o, sight), o.check.pair, describe(o.check)) for o in outcomes]


def explain(outcome: Outcome, sight: Sight) -> Fault:
    """Find the fault of one failed check; "unexplained" where every hop looks right."""
    unseen = [] if sight.view else [UNSEEN]
    if outcome.word == "unasked":
        return _broken(outcome)
    if outcome.arrived:
        return _translated(outcome, sight)
    for hop, leg in journey(outcome.check, sight):
        try:
            fault = hop(leg, sight)
        except FairwayError as error:
            unseen.append(str(error))
            continue
        if fault is not None:
            return fault
    if outcome.word in {"small", "stalled"}:
        return _too_big(outcome, sight)
    return _no_idea(outcome, sight, unseen)


def journey(check: Check, sight: Sight) -> Iterator[Step]:
    """List the hops of a check in path order, each with the leg as it looks there."""
    source = _source(check, sight)
    if source is None:
        return
    if check.target == OUTSIDE:
        outside = replace(source.host, name=OUTSIDE, zone="", address=IPv4Address(check.address))
        leg = _leg(check, source, End(host=outside, address=outside.address, inner=False))
        yield from ((masquerade, leg), (leaves, leg))
        return
    host = sight.targets[check.target]
    inside = End(host=host, address=sight.probes[check.target].address, inner=True)
    if check.kind == "published":
        yield from _published(check, source, inside)
        return
    leg = _leg(check, source, inside)
    yield from ((hop, way) for way in (leg, leg.back()) for hop in HOPS)


def _published(check: Check, source: End, inside: End) -> Iterator[Step]:
    """Cross to another host's own address: masqueraded here, translated to a container there."""
    outer = End(host=inside.host, address=inside.host.address, inner=False)
    masked = End(host=source.host, address=source.host.address, inner=False)
    yield from ((hop, _leg(check, source, outer)) for hop in (masquerade, leaves))
    yield from ((hop, _leg(check, masked, outer)) for hop in (group_out, group_in))
    landed = Leg(source=masked, target=inside, protocol="tcp", port=PUBLISHED_PORT)
    yield from ((arrives, landed), (leaves, landed.back()))


def _source(check: Check, sight: Sight) -> End | None:
    host = sight.targets[check.source]
    if check.place == "host":
        return End(host=host, address=host.address, inner=False)
    if check.place == "container":
        return End(host=host, address=sight.probes[check.source].address, inner=True)
    look = sight.looks.get(check.source)
    address = look.on("docker0") if look else None
    return End(host=host, address=address, inner=True) if address else None


def _leg(check: Check, source: End, target: End) -> Leg:
    protocol = "tcp" if check.kind in {"tcp", "published"} else "icmp"
    if protocol == "tcp":
        return Leg(source=source, target=target, protocol="tcp", port=check.port)
    return Leg(source=source, target=target, protocol="icmp", port=0)


def _translated(outcome: Outcome, sight: Sight) -> Fault:
    check, seen = outcome.check, outcome.detail
    for hop, leg in journey(check, sight):
        if check.kind == "published" and hop is masquerade and (fault := hop(leg, sight)):
            return fault
        by = translator(leg, sight) if check.kind != "published" else None
        if by is not None:
            host, evidence = by
            return Fault(
                cause="source-translated",
                where=host.name,
                what="this host rewrites the source address of packets between containers",
                evidence=f"sent from {check.expect}, arrived from {seen}; {evidence}",
                hint="delete that rule; the container range must only be masqueraded towards "
                "addresses outside it",
            )
    return Fault(
        cause="source-translated",
        where=_between(check, sight),
        what="somebody between the two rewrites the source address, and it is neither host's nat",
        evidence=f"sent from {check.expect}, arrived from {seen}",
        hint="look for a NAT gateway or a proxy between the two subnets",
    )


def _broken(outcome: Outcome) -> Fault:
    return Fault(
        cause="probe-broken",
        where=outcome.check.source,
        what=f"the probe could not be asked from a {outcome.check.place} of this host",
        evidence=outcome.detail,
        hint=f"look at `journalctl -u docker` on {outcome.check.source}, then verify again",
    )


def _between(check: Check, sight: Sight) -> str:
    """Name where nothing nearer can be named: one place for all pairs of two zones."""
    ends = (sight.targets.get(check.source), sight.targets.get(check.target))
    zones = sorted({end.zone if end else OUTSIDE for end in ends})
    return f"between {' and '.join(zones)}" if len(zones) == 2 else f"inside {zones[0]}"


def _too_big(outcome: Outcome, sight: Sight) -> Fault:
    check = outcome.check
    return Fault(
        cause="large-packets-lost",
        where=_between(check, sight),
        what="small packets arrive and large ones are lost",
        evidence=f"{describe(check)}: {outcome.word} {outcome.detail}".strip(),
        hint="give the containers' network the smallest MTU that the way between the hosts has",
    )


def _no_idea(outcome: Outcome, sight: Sight, unseen: Sequence[str]) -> Fault:
    check = outcome.check
    lacking = f"; not looked at: {', '.join(dict.fromkeys(unseen))}" if unseen else ""
    return Fault(
        cause="unexplained",
        where=_between(check, sight),
        what="packets are lost, and every hop that was looked at is right" + lacking,
        evidence=f"{describe(check)}: {outcome.word} {outcome.detail}".strip(),
        hint=f"run `tcpdump -ni any host {check.address}` on both hosts and compare",
    )


def group(found: Iterable[Found]) -> tuple[Failure, ...]:
    """Put together what one fault explains, the one that explains most first."""
    first: dict[tuple[str, str, str], Fault] = {}
    pairs: dict[tuple[str, str, str], dict[tuple[str, str], None]] = {}
    asked: dict[tuple[str, str, str], dict[str, None]] = {}
    for fault, pair, question in found:
        key = (fault.cause, fault.where, fault.what)
        first.setdefault(key, fault)
        pairs.setdefault(key, {})[pair] = None
        asked.setdefault(key, {})[question] = None
    failures = [
        Failure(fault=fault, pairs=tuple(pairs[key]), checks=tuple(asked[key]))
        for key, fault in first.items()
    ]
    return tuple(sorted(failures, key=lambda failure: -len(failure.pairs)))
