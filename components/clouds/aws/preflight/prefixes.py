"""With prefixes and no entries: types that can take a host's, and addresses that nobody has."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from components.clouds.aws import prefixes
from components.clouds.aws.api import Row
from components.clouds.aws.preflight.case import Case, Machine
from components.clouds.aws.preflight.seen import Seen
from components.clouds.findings import Findings
from components.plan.slots import PREFIX_LENGTH


def types(case: Case, seen: Seen, findings: Findings) -> None:
    """Types of hosts that have no prefixes at all, or too few places for a host's."""
    if not case.network.by_prefixes:
        return
    with findings.looking_at(case.at("aws.type")):
        known = {row["InstanceType"]: row for row in seen.types()}
        hosts = {each.type_key + each.type: each for each in case.hosts}
        for machine in hosts.values():
            row = known.get(machine.type)
            if row is not None:  # else it is told already that there is none
                _fits(case, machine, row, findings)


def addresses(case: Case, seen: Seen, findings: Findings) -> None:
    """Addresses and prefixes of others where our hosts' containers are to be."""
    if not case.network.by_prefixes:
        return
    with findings.looking_at(case.at("network.zones")):
        for zone in case.network.zones:
            subnet, ours = seen.subnet_of(zone.name), zone.containers
            for row in seen.interfaces():
                if row["SubnetId"] != subnet or row["NetworkInterfaceId"] in seen.our_interfaces:
                    continue
                taken = [each for each in _addresses(row) if each.overlaps(ours)]
                if taken:
                    told = f"{row['NetworkInterfaceId']} {row.get('Description', '')}".strip()
                    findings.fault(
                        case.at(f"network.zones.{zone.name}.containers"),
                        "somebody else has addresses there",
                        found=f"{', '.join(map(_text, sorted(taken)))} by {told}",
                        wanted=f"no address of others inside {ours}",
                        hint="free them, or choose another part of the subnet",
                    )


def units_needed(case: Case, seen: Seen) -> int:
    """Network address units of the hosts that are missing: an address and a prefix are 1 each."""
    missing = {machine.name for machine in seen.missing}
    return sum(1 + _needed(case) for slot in case.plan.slots if slot.name in missing)


def units_used(seen: Seen) -> int:
    """Network address units of the interfaces that are in our VPC; of little else there is any."""
    vpc = seen.vpc
    if vpc is None:
        return 0
    inside = (row for row in seen.interfaces() if row["VpcId"] == vpc["VpcId"])
    return sum(len(list(_addresses(row))) for row in inside)


def _needed(case: Case) -> int:
    """How many prefixes a host's containers are."""
    return 1 << (PREFIX_LENGTH - case.network.host_prefix)


def _addresses(row: Row) -> Iterator[IPv4Network]:
    """What an interface has, each address as a range of one."""
    for each in row.get("PrivateIpAddresses", ()):
        yield IPv4Network(each["PrivateIpAddress"])
    yield from prefixes.of(row)


def _text(taken: IPv4Network) -> str:
    return str(taken if taken.num_addresses > 1 else taken.network_address)


def _fits(case: Case, machine: Machine, row: Row, findings: Findings) -> None:
    if row.get("Hypervisor", "nitro") != "nitro":
        findings.fault(
            case.at(machine.type_key),
            "the interfaces of this type have no prefixes, by which containers are reached here",
            found=f"{machine.type}, hypervisor {row['Hypervisor']}",
            wanted="a type of the Nitro system, such as m7i.large",
            hint="choose another type, or take routing: prefixes away",
        )
        return
    needed = _needed(case)
    places = int(row["NetworkInfo"]["Ipv4AddressesPerInterface"])
    if needed > places - 1:
        findings.fault(
            case.at(machine.type_key),
            "an interface of this type takes fewer prefixes than a host's containers need",
            found=f"{machine.type}, {places} addresses: its own and {places - 1} prefixes",
            wanted=f"{needed} prefixes, a /{case.network.host_prefix} in /{PREFIX_LENGTH}s",
            hint="choose a larger type, or a larger host_prefix",
        )
