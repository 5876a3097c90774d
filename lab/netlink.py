"""The door to pyroute2, which publishes no complete types: everything behind it is `Any`."""

from __future__ import annotations

from typing import Any, cast

import pyroute2
from pyroute2.netlink.exceptions import NetlinkError

LOOPBACK = 1  # the kernel's index of "lo" in every namespace

# What the kernel says of a thing that is not there: ENOENT, ESRCH, ENODEV, EOPNOTSUPP (of a route's
# device), EADDRNOTAVAIL.
_NOT_THERE = frozenset({2, 3, 19, 95, 99})


def netlink() -> Any:
    """Open a netlink socket in the calling thread's namespace; use it as a context manager."""
    return cast("Any", pyroute2).IPRoute()


def was_absent(error: NetlinkError) -> bool:
    return error.code in _NOT_THERE


def link_index(ip: Any, name: str) -> int | None:
    """Find a link by name; None if there is none."""
    found = ip.link_lookup(ifname=name)
    return int(found[0]) if found else None


def remove_link(ip: Any, name: str) -> bool:
    """Remove a link; one that is not there is fine. Tells if it was there."""
    index = link_index(ip, name)
    if index is None:
        return False
    try:
        ip.link("del", index=index)
    except NetlinkError as error:
        if not was_absent(error):
            raise
    return True
