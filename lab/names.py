"""The labels by which everything of a lab is known, and found again without any record.

namespace  fw-<lab>-<machine>, fw-<lab>-router
links      fwu<digest of the lab> on the computer; m-<machine> and "uplink" in the router
nftables   fairway_<digest of the lab> on the computer; "vpc" in the router
cgroup     fairway/<lab>/<machine>
unit       fairway-<lab>-<machine>.service
files      /var/lib/fairway/labs/<lab>/
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from components.errors import LabError

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LINK_LENGTH = 15  # IFNAMSIZ without its final zero byte
_ROUTER = "router"

UPLINK_PORT = "uplink"


def check_name(what: str, name: str) -> None:
    """Refuse a name that could not be a host name, or that the lab itself uses."""
    if _NAME.fullmatch(name) and name != _ROUTER:
        return
    raise LabError(
        where=what,
        what="this name cannot be used in a lab",
        found=repr(name),
        wanted=f"1 to 63 of a-z, 0-9 and -, not - at an end, and not {_ROUTER!r}",
        hint="choose another name",
    )


def digest(text: str) -> str:
    """Shorten any name to eight hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def namespace(lab: str, machine: str) -> str:
    return f"fw-{lab}-{machine}"


def router(lab: str) -> str:
    return namespace(lab, _ROUTER)


def port(machine: str) -> str:
    """Name the router's end of a machine's link, in the 15 characters the kernel allows."""
    plain = f"m-{machine}"
    return plain if len(plain) <= _LINK_LENGTH else f"mx{digest(machine)}"


def uplink(lab: str) -> str:
    return f"fwu{digest(lab)}"


def nft_table(lab: str) -> str:
    return f"fairway_{digest(lab)}"


def unit(lab: str, machine: str) -> str:
    return f"fairway-{lab}-{machine}.service"


def owner(label: str, labs: Iterable[str], *, prefix: str = "fw") -> str | None:
    """Tell whose a label is. Of labs "a" and "a-b", "fw-a-b-c" belongs to the longer name."""
    owners = [lab for lab in labs if label.startswith(f"{prefix}-{lab}-")]
    return max(owners, key=len, default=None)
