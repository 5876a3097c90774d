"""Slot arithmetic: a number, fixed for ever by its pool, decides name, address and CIDR."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from components.config.model import Environment, Network, Pool, Zone
from components.plan.model import Slot

# Clouds keep the first four addresses of a vSwitch or the first one, and the last one or three.
FIRST_ADDRESS = 10
LAST_RESERVED = 3
PREFIX_LENGTH = 28  # EC2 delegates no other length


def host_name(zone: str, number: int) -> str:
    """The name of host `number` in a zone: "a1"."""
    return f"{zone}{number}"


def host_address(subnet: IPv4Network, number: int) -> IPv4Address:
    return subnet.network_address + FIRST_ADDRESS + number


def host_block(containers: IPv4Network, host_prefix: int, number: int) -> IPv4Network:
    """The `number`-th block of length `host_prefix` in a zone's container range, from 0."""
    offset = number << (32 - host_prefix)
    return IPv4Network((int(containers.network_address) + offset, host_prefix))


def prefixes(containers: IPv4Network) -> tuple[IPv4Network, ...]:
    """The /28s that make up a host's container CIDR, in order: what an interface is given."""
    return tuple(containers.subnets(new_prefix=PREFIX_LENGTH))


def highest_address(subnet: IPv4Network) -> int:
    """The highest slot number whose address a vSwitch holds; below 1 when it holds none."""
    return subnet.num_addresses - 1 - LAST_RESERVED - FIRST_ADDRESS


def highest_block(containers: IPv4Network, host_prefix: int) -> int:
    """The highest slot number whose block a zone's container range holds."""
    return (1 << max(host_prefix - containers.prefixlen, 0)) - 1


def highest_address_before(containers: IPv4Network, subnet: IPv4Network) -> int:
    """The highest slot number whose address comes before the containers of its own subnet."""
    before = int(containers.network_address) - int(subnet.network_address)
    return before - 1 - FIRST_ADDRESS


def highest_inner_block(containers: IPv4Network, subnet: IPv4Network, host_prefix: int) -> int:
    """The highest slot number whose block a container range inside the subnet holds."""
    return highest_block(containers, host_prefix) - ends_with(containers, subnet)


def ends_with(containers: IPv4Network, subnet: IPv4Network) -> bool:
    """Whether the last host's block would hold the subnet's last address, which EC2 keeps."""
    return containers.broadcast_address == subnet.broadcast_address


def subnet_length_for(number: int) -> int:
    """The longest prefix of a vSwitch that holds slot `number`."""
    return 32 - (number + FIRST_ADDRESS + LAST_RESERVED).bit_length()


def containers_length_for(number: int, host_prefix: int) -> int:
    """The longest prefix of a zone's container range that holds slot `number`."""
    return host_prefix - number.bit_length()


def slots_of(environment: Environment) -> tuple[Slot, ...]:
    """Every host's slot, by number and then by zone: the order of the stack file is no matter."""
    zones = {zone.name: zone for zone in environment.network.zones}
    slots = [
        _slot(environment, pool, zones[zone], number)
        for pool in environment.pools
        for zone, count in pool.hosts.items()
        for number in pool.numbers[:count]
    ]
    return tuple(sorted(slots, key=lambda slot: (slot.number, slot.zone)))


def _slot(environment: Environment, pool: Pool, zone: Zone, number: int) -> Slot:
    network: Network = environment.network
    return Slot(
        name=host_name(zone.name, number),
        zone=zone.name,
        pool=pool.name,
        role=pool.role,
        number=number,
        address=host_address(zone.subnet, number),
        containers=host_block(zone.containers, network.host_prefix, number),
        image=pool.image or environment.settings.image,
        type=pool.type or environment.settings.type,
        disk=pool.disk or environment.settings.disk,
        spot=pool.spot,
        labels={**pool.labels, "zone": zone.name, "pool": pool.name},
    )
