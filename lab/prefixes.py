"""What EC2 would refuse of an interface's prefixes, decided over the records alone."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from lab.model import Prefixes, VSwitch
from lab.state import State

LENGTH: Final = 28  # EC2 knows no other


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why prefixes cannot be put."""

    what: str
    found: str
    wanted: str = ""


def fault(spec: Prefixes, state: State) -> Fault | None:
    """Find the first reason against them: the vSwitch, their width, or whose they are already."""
    vswitch = _vswitch_of(spec.address, state)
    if vswitch is None:
        ranges = ", ".join(str(each.cidr) for each in state.vswitches.values())
        return Fault(
            what="its address is in no vSwitch", found=spec.name, wanted=f"in one of {ranges}"
        )
    if len(set(spec.prefixes)) < len(spec.prefixes):
        return Fault(what="a prefix is named twice", found=", ".join(map(str, spec.prefixes)))
    return next(filter(None, (_of_one(each, spec, vswitch, state) for each in spec.prefixes)), None)


def holder(state: State, address: IPv4Address) -> str:
    """Name the interface whose prefixes hold an address; "" if there is none."""
    held = state.prefixes.values()
    return next((h.name for h in held if any(address in prefix for prefix in h.prefixes)), "")


def in_vswitch(state: State, name: str) -> list[str]:
    """Name the prefixes of interfaces of a vSwitch whose machines are gone or never were."""
    cidr = state.vswitches[name].cidr if name in state.vswitches else None
    held = (each for each in state.prefixes.values() if cidr and each.address in cidr)
    return [f"prefixes of {each.name}" for each in held if not state.machine_at(each.address)]


def _vswitch_of(address: IPv4Address, state: State) -> VSwitch | None:
    return next((each for each in state.vswitches.values() if address in each.cidr), None)


def _of_one(prefix: IPv4Network, spec: Prefixes, vswitch: VSwitch, state: State) -> Fault | None:
    if prefix.prefixlen != LENGTH:
        return Fault(what="a prefix has another width", found=str(prefix), wanted=f"/{LENGTH}")
    if not prefix.subnet_of(vswitch.cidr):
        return Fault(
            what=f"a prefix lies outside vSwitch {vswitch.name!r}",
            found=str(prefix),
            wanted=f"inside {vswitch.cidr}, as its interface does",
        )
    reserved = (vswitch.cidr.network_address, vswitch.gateway, vswitch.cidr.broadcast_address)
    taken = {str(address): address for address in (spec.address, *reserved)}
    taken |= {f"machine {n}": record.spec.address for n, record in state.machines.items()}
    for whose, address in taken.items():
        if address in prefix:
            return Fault(
                what=f"a prefix holds an address that is taken: {whose}", found=str(prefix)
            )
    others = (each for each in state.prefixes.values() if each.name != spec.name)
    whose = next((each.name for each in others if prefix in each.prefixes), "")
    return Fault(what=f"a prefix belongs to {whose}", found=str(prefix)) if whose else None
