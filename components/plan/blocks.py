"""The blocks of a VPC on AWS: a range wider than EC2 makes them is several that are joined."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Final

from components.config.faults import Fault
from components.config.model import Network

WIDEST_BLOCK: Final = 16  # of a VPC and of a subnet (CreateVpc, AssociateVpcCidrBlock)
_WIDEST, _NARROWEST = 12, 28
_PRIVATE: Final = (IPv4Network("10.0.0.0/8"), IPv4Network("172.16.0.0/12"))
# EC2 joins it to no VPC. 10.0.0.0/16 it does not join to 10.1.0.0/16, but the lower is the first.
_NEVER_JOINED: Final = IPv4Network("172.31.0.0/16")


def blocks(network: Network) -> tuple[IPv4Network, ...]:
    """The block that the VPC is made with, and the further ones in which there is a subnet."""
    if network.vpc.prefixlen >= WIDEST_BLOCK:
        return (network.vpc,)
    return tuple(sorted({_block(subnet) for _, subnet in _subnets(network)}))


def block_of(network: Network, subnet: IPv4Network) -> IPv4Network:
    """The block that a subnet lies in."""
    return next(block for block in blocks(network) if subnet.subnet_of(block))


def width_faults(network: Network, *, existing: bool) -> Iterator[Fault]:
    """Sizes and places that EC2 has no VPC, no block or no subnet for."""
    at, taken = "fairway:network.vpc", network.vpc
    widest = WIDEST_BLOCK if existing else _WIDEST
    if not widest <= taken.prefixlen <= _NARROWEST:
        fitting = IPv4Network((taken.network_address, widest), strict=False)
        yield Fault(
            path=at,
            what="is no size that AWS has for a VPC",
            found=str(taken),
            wanted=f"/{widest} to /{_NARROWEST}",
            hint=f"write {fitting}, or several clusters (docs/limits.md)",
        )
    elif taken.prefixlen < WIDEST_BLOCK:
        if not any(taken.subnet_of(each) for each in _PRIVATE):
            yield Fault(
                path=at,
                what=f"is wider than one block of AWS, a /{WIDEST_BLOCK}, and not private",
                found=str(taken),
                wanted=f"a part of {' or '.join(map(str, _PRIVATE))}",
                hint="move it, for EC2 joins no others",
            )
        yield from _subnet_faults(network)


def _subnet_faults(network: Network) -> Iterator[Fault]:
    """Subnets that lie in more than one block, or in one that EC2 joins to no VPC."""
    wide = [(path, each) for path, each in _subnets(network) if each.prefixlen < WIDEST_BLOCK]
    for path, subnet in wide:
        yield Fault(
            path=path,
            what="lies in more than one block of the VPC",
            found=str(subnet),
            wanted=f"a subnet inside one /{WIDEST_BLOCK}, the widest that AWS has",
            hint=f"write {subnet.network_address}/{WIDEST_BLOCK}, or add zones",
        )
    if wide or len(blocks(network)) == 1:
        return
    for path, subnet in _subnets(network):
        if subnet.subnet_of(_NEVER_JOINED):
            yield Fault(
                path=path,
                what=f"lies in {_NEVER_JOINED}, a block that EC2 joins to no VPC",
                found=str(subnet),
                wanted=f"another block of {network.vpc}",
                hint="move the subnet",
            )


def _subnets(network: Network) -> Iterator[tuple[str, IPv4Network]]:
    """All subnets that are made, by the key that says where."""
    for zone in network.zones:
        at = f"fairway:network.zones.{zone.name}"
        yield f"{at}.subnet", zone.subnet
        if zone.public is not None:
            yield f"{at}.public", zone.public


def _block(subnet: IPv4Network) -> IPv4Network:
    if subnet.prefixlen < WIDEST_BLOCK:
        return subnet  # refused by its own name (width_faults)
    return subnet.supernet(new_prefix=WIDEST_BLOCK)
