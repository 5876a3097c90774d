"""Following one packet and its answer, hop by hop, as the clouds and the lab's router do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from components.plan.slots import PREFIX_LENGTH
from components.reach.model import OUT, Host, Question, Rule, Verdict, World

ARRIVES = Verdict()


@dataclass(frozen=True, slots=True)
class End:
    """An address and the host that has it; `inner` is whether it is a container's."""

    address: IPv4Address
    host: Host

    @property
    def inner(self) -> bool:
        return self.address != self.host.address


def reach(world: World, question: Question) -> Verdict:
    """Say whether a connection between two ends of the network works, and if not, what stops it.

    Both ends are hosts or containers of the world. The packet is followed to its target, then the
    answer back: tables and checks know no connections, groups do and let the answer pass.
    """
    source, target = _end(world, question.source), _end(world, question.target)
    for end in (source, target):
        if isinstance(end, Verdict):
            return end
    assert isinstance(source, End) and isinstance(target, End)  # noqa: S101, PT018 - for the type checker
    if source.host is target.host:
        return stands(source) or ARRIVES
    return (
        stands(source)
        or leaves(world, source, target, question)
        or _travels(world, source, target)
        or enters(world, source, target, question)
        or stands(target)
        or _travels(world, target, source)
        or ARRIVES
    )


def _end(world: World, address: IPv4Address) -> End | Verdict:
    host = world.owners.get(address) or next(_behind(world, address), None)
    if host is None:
        why = f"no host has {address}, nor a container range that holds it"
        return Verdict(cause="no-such-address", where=str(address), why=why)
    return End(address, host)


def _behind(world: World, address: IPv4Address) -> Iterator[Host]:
    for length in world.range_lengths:
        host = world.ranges.get(network_of(address, length))
        if host is not None:
            yield host


def stands(end: End) -> Verdict | None:
    """What the host itself has against a packet for or from this end."""
    host = end.host
    if not host.running:
        return Verdict(cause="host-down", where=host.name, why="its machine does not run")
    if end.inner and not host.forwards:
        why = f"the host passes nothing on to its containers {host.containers}"
        return Verdict(cause="forwarding", where=host.name, why=why)
    return None


def _travels(world: World, source: End, target: End) -> Verdict | None:
    """One packet's way through the cloud: both ends' checks and the table of the source's zone."""
    return (
        checked(world, source, "sends")
        or led(world, source, target)
        or checked(world, target, "gets")
    )


def checked(world: World, end: End, verb: str) -> Verdict | None:
    """What the source/destination check at this end has against it.

    What an interface is given by prefixes is its own, and passes.
    """
    if not (end.host.source_dest_check and end.inner):
        return None
    if world.prefixes is not None:
        return delivered(world, end)
    return Verdict(
        cause="source-dest-check",
        where=end.host.name,
        why=f"its source/destination check drops what it {verb} for {end.address}",
    )


def led(world: World, source: End, target: End) -> Verdict | None:
    """What is wrong with where the table of the source's zone leads it."""
    if not target.inner:
        return None  # the VPC's own range leads to every host, in every table
    name = world.associations[source.host.zone]
    found = lookup(world, name, target.address)
    if found is None and world.prefixes is not None:
        return delivered(world, target)
    where = f"route table {name} (zone {source.host.zone})"
    if found is None or found[1] == OUT:
        why = f"no entry for {target.host.containers}, the containers of {target.host.name}"
        return Verdict(cause="route-missing", where=where, why=why)
    destination, hop = found
    if hop not in world.hosts or not world.hosts[hop].running:
        why = f"the entry for {destination} is a black hole: its machine is gone or stopped"
        return Verdict(cause="black-hole", where=where, why=why)
    if hop != target.host.name:
        why = f"the entry for {destination} points at {hop}, not at {target.host.name}"
        return Verdict(cause="route-wrong-hop", where=where, why=why)
    return None


def delivered(world: World, target: End) -> Verdict | None:
    """What is wrong with where the VPC itself, which no entry overrules, takes it."""
    held, host = holder(world, target.address), target.host
    if held == host.name:
        return None
    prefix = network_of(target.address, PREFIX_LENGTH)
    if held:
        why = f"{prefix}, a part of its containers' range, is given to {held}"
    else:
        why = f"it lacks prefix {prefix}, a part of its containers' range {host.containers}"
    return Verdict(
        cause="prefix-wrong-host" if held else "prefix-missing",
        where=f"interface of {host.name}",
        why=why,
    )


def holder(world: World, address: IPv4Address) -> str:
    """The host whose interface is given the address by a prefix; "" for nobody's."""
    return (world.prefixes or {}).get(network_of(address, PREFIX_LENGTH), "")


def lookup(world: World, table: str, address: IPv4Address) -> tuple[IPv4Network, str] | None:
    """The table's most specific entry for an address; the VPC's own range is not among them."""
    entries = world.tables[table]
    for length in world.lengths[table]:
        destination = network_of(address, length)
        if destination in entries:
            return destination, entries[destination]
    return None


def network_of(address: IPv4Address, length: int) -> IPv4Network:
    """The network of this length that the address is in."""
    return IPv4Network((int(address) >> (32 - length) << (32 - length), length))


def leaves(world: World, source: End, target: End, asked: Question) -> Verdict | None:
    """What the source's groups have against it; one without a rule "out" has nothing."""
    rules = [
        [rule for rule in world.groups.get(group, ()) if rule.direction == "out"]
        for group in source.host.groups
    ]
    if not rules or not all(rules):
        return None
    return _judged(world, [rule for each in rules for rule in each], source, target, asked)


def enters(world: World, source: End, target: End, asked: Question) -> Verdict | None:
    """What the target's groups have against it."""
    rules = [
        rule
        for group in target.host.groups
        for rule in world.groups.get(group, ())
        if rule.direction == "in"
    ]
    return _judged(world, rules, target, source, asked)


def _judged(
    world: World, rules: list[Rule], judge: End, peer: End, asked: Question
) -> Verdict | None:
    if any(_lets(world, rule, peer.address, asked) for rule in rules):
        return None
    direction = "in" if judge.address == asked.target else "out"
    what = asked.protocol if asked.port is None else f"{asked.protocol} {asked.port}"
    way = "from" if direction == "in" else "to"
    return Verdict(
        cause="security-group",
        where=f"security groups of {judge.host.name}",
        why=f"no rule lets {what} {direction} {way} {peer.address}",
    )


def _lets(world: World, rule: Rule, peer: IPv4Address, asked: Question) -> bool:
    if rule.protocol not in ("any", asked.protocol):
        return False
    if rule.ports is not None:
        low, high = rule.ports
        if asked.port is None or not low <= asked.port <= high:
            return False
    if isinstance(rule.peer, str):
        return peer in world.members.get(rule.peer, frozenset())
    return peer in rule.peer
