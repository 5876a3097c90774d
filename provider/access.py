"""How the plugin gets into hosts: all keys come from the cluster's keyring, sessions are kept."""

from __future__ import annotations

from threading import Lock

from components.remote import way
from components.remote.command import Secret
from components.remote.endpoint import Endpoint
from components.remote.session import Sessions
from provider.wire import Values

_lock = Lock()
_sessions: dict[Secret, Sessions] = {}


def sessions_of(ring: Secret) -> Sessions:
    """The one pool of sessions of this process for a cluster's keyring."""
    with _lock:
        if ring not in _sessions:
            _sessions[ring] = Sessions.of(ring)
        return _sessions[ring]


def forget(endpoint: Endpoint) -> None:
    """Close what is open to this place: its machine is gone, or another has its address now.

    Resources of before and after a change of keys have pools of their own; all of them forget.
    """
    with _lock:
        pools = list(_sessions.values())
    for pool in pools:
        pool.drop(endpoint)


def endpoint_of(inputs: Values, name: str, address: str) -> Endpoint:
    """Where a host of the cluster answers, as the inputs `cluster`, `seed` and `way` say."""
    led = inputs.get("way") or {}
    return way.endpoint(Secret(inputs["seed"]), inputs["cluster"], name, address, led)
