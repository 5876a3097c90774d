"""How hosts are reached: at their own address, through a bastion, or through a cloud's own tunnel.

A way is a map, as programs and states keep it: `{}` is straight to the private address,
`{"bastion": ADDRESS}` through the host there, `{"ssm": REGION}` through AWS Session Manager.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from components.host.bastion import BASTION
from components.remote.command import Secret
from components.remote.endpoint import Endpoint
from components.remote.keys import host_keys

BY_BASTION: Final = "bastion"
BY_SSM: Final = "ssm"
_SSH_PORT: Final = 22
_FAIRWAY: Final = Path(__file__).resolve().parents[2] / "fairway"


def endpoint(
    ring: Secret, environment: str, name: str, address: str, way: Mapping[str, str]
) -> Endpoint:
    """Where the slot's host answers, by which way, and the only keys it may show."""
    region = way.get(BY_SSM)
    host_key, *also = host_keys(ring, name)
    return Endpoint(
        name=name,
        address=address,
        host_key=host_key,
        also=tuple(also),
        port=_SSH_PORT,
        via=bastion(ring, way),
        proxy=tunnel(region, environment, address, str(_SSH_PORT)) if region else (),
    )


def bastion(ring: Secret, way: Mapping[str, str]) -> Endpoint | None:
    """The bastion of this way, with its own pinned keys; None where there is none."""
    address = way.get(BY_BASTION)
    if not address:
        return None
    host_key, *also = host_keys(ring, BASTION)
    return Endpoint(name=BASTION, address=address, host_key=host_key, also=tuple(also))


def tunnel(region: str, environment: str, host: str, port: str) -> tuple[str, ...]:
    """The command whose standard input and output are a connection to a host's port."""
    return (str(_FAIRWAY), "tunnel", region, environment, host, port)
