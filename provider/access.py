"""How the plugin gets into hosts: all keys come from the cluster's seed, sessions are kept."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock

from components.remote.command import Secret
from components.remote.endpoint import Endpoint
from components.remote.keys import host_key, operator_key
from components.remote.session import Sessions

_lock = Lock()
_sessions: dict[Secret, Sessions] = {}


def sessions_of(seed: Secret) -> Sessions:
    """The one pool of sessions of this process for a cluster."""
    with _lock:
        if seed not in _sessions:
            _sessions[seed] = Sessions(operator_key(seed).private)
        return _sessions[seed]


def endpoint(seed: Secret, name: str, address: str) -> Endpoint:
    """Where the slot's host answers, and the only key it may show."""
    return Endpoint(name=name, address=address, host_key=host_key(seed, name).public)


def endpoints(seed: Secret, addresses: Mapping[str, str]) -> tuple[Endpoint, ...]:
    return tuple(endpoint(seed, name, address) for name, address in addresses.items())
