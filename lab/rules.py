"""What a cloud's API would refuse, decided over the records alone, before anything is touched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import singledispatch

from components.errors import LabError, QuotaExceeded
from lab import names, prefixes
from lab.model import (
    Machine,
    Prefixes,
    Route,
    RouteTable,
    Rule,
    SecurityGroup,
    Spec,
    Vpc,
    VSwitch,
)
from lab.state import State

SMALLEST_MTU = 576
LARGEST_MTU = 65535  # of a veth


@singledispatch
def check_put(spec: Spec, state: State) -> None:
    """Raise LabError where `spec` cannot be put into `state`."""
    raise TypeError(spec)


@check_put.register
def _(spec: Vpc, state: State) -> None:
    if spec.containers and spec.containers.overlaps(spec.cidr):
        raise _refused(spec, "the container range overlaps the VPC", found=str(spec.containers))
    if spec.uplink is not None and spec.uplink.num_addresses < 4:
        raise _refused(
            spec, "the uplink is too small", found=str(spec.uplink), wanted="a /30 or larger"
        )
    if not SMALLEST_MTU <= spec.mtu <= LARGEST_MTU:
        wanted = f"{SMALLEST_MTU} to {LARGEST_MTU}"
        raise _refused(spec, "no link carries this MTU", found=str(spec.mtu), wanted=wanted)
    if state.vpc is not None:
        # An MTU belongs to links that exist: a machine would keep its own until it starts again.
        _only_changes(spec, state.vpc, ("quota",))


@check_put.register
def _(spec: RouteTable, state: State) -> None:
    names.check_name("route table", spec.name)
    _needs_vpc(spec, state)


@check_put.register
def _(spec: VSwitch, state: State) -> None:
    names.check_name("vSwitch", spec.name)
    vpc = _needs_vpc(spec, state)
    _needs(spec, "route table", spec.table, state.tables)
    if not spec.cidr.subnet_of(vpc.cidr):
        raise _refused(
            spec, "it lies outside the VPC", found=str(spec.cidr), wanted=f"inside {vpc.cidr}"
        )
    for other in state.vswitches.values():
        if other.name != spec.name and other.cidr.overlaps(spec.cidr):
            raise _refused(
                spec, f"it overlaps vSwitch {other.name!r}", found=f"{spec.cidr} and {other.cidr}"
            )
    if spec.name in state.vswitches:
        _only_changes(spec, state.vswitches[spec.name], ("table",))


@check_put.register
def _(spec: SecurityGroup, state: State) -> None:
    names.check_name("security group", spec.name)
    _needs_vpc(spec, state)
    for rule in spec.rules:
        _check_rule(spec, rule)
        if isinstance(rule.source, str) and rule.source != spec.name:
            _needs(spec, "security group", rule.source, state.groups)


@check_put.register
def _(spec: Machine, state: State) -> None:
    names.check_name("machine", spec.name)
    _needs(spec, "vSwitch", spec.vswitch, state.vswitches)
    for group in spec.groups:
        _needs(spec, "security group", group, state.groups)
    _check_address(spec, state)
    zone = state.zone_of(spec)
    if spec.name not in state.machines and zone in state.failed_zones:
        raise LabError(
            where=f"machine {spec.name}",
            what=f"its zone {zone} was made to fail and takes no machine",
            hint=f"bring it back: `python -m lab restore zone {zone}`",
        )


@check_put.register
def _(spec: Route, state: State) -> None:
    _needs(spec, "route table", spec.table, state.tables)
    vpc = _needs_vpc(spec, state)
    if spec.destination.overlaps(vpc.cidr):
        raise _refused(spec, "the VPC's own addresses cannot be routed elsewhere")
    known = state.routes.get(spec.name)
    if known == spec:
        return
    _needs(spec, "machine with the id", spec.machine_id, [m.id for m in state.machines.values()])
    count = len(state.routes_of(spec.table))
    if known is None and count >= vpc.quota:
        raise QuotaExceeded(
            where=f"route table {spec.table}",
            what=f"no entry is left for {spec.destination}",
            found=f"{count} entries",
            wanted=f"at most {vpc.quota}, the quota",
            hint="raise fairway:lab.route_quota (in a cloud: ask for more), or plan fewer hosts",
        )


@check_put.register
def _(spec: Prefixes, state: State) -> None:
    _needs_vpc(spec, state)
    fault = prefixes.fault(spec, state)
    if fault:
        raise _refused(spec, fault.what, found=fault.found, wanted=fault.wanted)


def changes_identity(spec: Machine, known: Machine) -> tuple[str, ...]:
    """Name what makes `spec` another machine than `known`."""
    parts = ("vswitch", "address", "image", "user_data")
    return tuple(part for part in parts if getattr(spec, part) != getattr(known, part))


def check_same_machine(spec: Machine, known: Machine) -> None:
    """Refuse to turn a machine into another one in place."""
    changed = changes_identity(spec, known)
    if changed:
        raise _needs_a_new_one(spec, changed)


def users_of(kind: type[Spec], name: str, state: State) -> list[str]:
    """Name everything that would be left hanging if this were deleted."""
    if kind is Vpc:
        held = (state.machines, state.vswitches, state.tables, state.groups)
        return [what for holder in held for what in sorted(holder)]
    if kind is RouteTable:
        vswitches = [v.name for v in state.vswitches.values() if v.table == name]
        return vswitches + [route.name for route in state.routes_of(name)]
    if kind is VSwitch:
        machines = [m.spec.name for m in state.machines.values() if m.spec.vswitch == name]
        return machines + prefixes.in_vswitch(state, name)
    if kind is SecurityGroup:
        return _users_of_group(name, state)
    return []


def check_delete(kind: type[Spec], name: str, state: State) -> None:
    """Refuse to delete what something else still uses."""
    users = users_of(kind, name, state)
    if users:
        raise LabError(
            where=f"{kind.__name__} {name}",
            what="it is still in use and cannot be deleted",
            found=f"used by {', '.join(users)}",
            hint="delete those first, or remove the whole lab: `python -m lab down`",
        )


def _users_of_group(name: str, state: State) -> list[str]:
    members = [m.spec.name for m in state.machines.values() if name in m.spec.groups]
    sources = [
        group.name
        for group in state.groups.values()
        if group.name != name and any(rule.source == name for rule in group.rules)
    ]
    return members + sources


def _check_rule(spec: SecurityGroup, rule: Rule) -> None:
    if rule.ports is None:
        return
    low, high = rule.ports
    if rule.protocol not in ("tcp", "udp"):
        raise _refused(spec, "only tcp and udp have ports", found=f"{rule.protocol} {low}-{high}")
    if not 1 <= low <= high <= 65535:
        raise _refused(
            spec,
            "this is no range of ports",
            found=f"{low}-{high}",
            wanted="1 <= low <= high <= 65535",
        )


def _check_address(spec: Machine, state: State) -> None:
    vswitch = state.vswitches[spec.vswitch]
    reserved = (vswitch.cidr.network_address, vswitch.gateway, vswitch.cidr.broadcast_address)
    if spec.address not in vswitch.cidr or spec.address in reserved:
        raise _refused(
            spec,
            "its address is not one for machines",
            found=str(spec.address),
            wanted=f"in {vswitch.cidr}, and none of {', '.join(map(str, reserved))}",
        )
    holder = prefixes.holder(state, spec.address)
    if holder:
        raise _refused(spec, f"its address is in a prefix of {holder}", found=str(spec.address))
    for other in state.machines.values():
        if other.spec.address == spec.address and other.spec.name != spec.name:
            raise _refused(
                spec, f"its address belongs to machine {other.spec.name!r}", found=str(spec.address)
            )


def _needs_vpc(spec: Spec, state: State) -> Vpc:
    if state.vpc is None:
        raise _refused(spec, "there is no VPC to put it in", hint="put the Vpc first")
    return state.vpc


def _needs(spec: Spec, what: str, name: str, known: Iterable[str]) -> None:
    if name not in known:
        raise _refused(
            spec,
            f"there is no {what} {name!r}",
            found=", ".join(sorted(known)) or "none at all",
            hint=f"put the {what} first",
        )


def _only_changes(spec: Vpc | VSwitch, known: Vpc | VSwitch, in_place: tuple[str, ...]) -> None:
    if replace(known, **{part: getattr(spec, part) for part in in_place}) != spec:
        raise _needs_a_new_one(spec, ("all but " + " and ".join(in_place),))


def _needs_a_new_one(spec: Spec, changed: Iterable[str]) -> LabError:
    return _refused(
        spec,
        "it exists and this cannot change in place",
        found=f"a change of {', '.join(changed)}",
        hint="delete it first, then put the new one",
    )


def _refused(
    spec: Spec, what: str, *, found: str = "", wanted: str = "", hint: str = "correct the request"
) -> LabError:
    where = f"{type(spec).__name__} {spec.name}"
    return LabError(where=where, what=what, found=found, wanted=wanted, hint=hint)
