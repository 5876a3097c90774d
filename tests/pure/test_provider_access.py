"""Many operations of the plugin ask for the same host at once; a silent one costs one wait."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from components.errors import HostUnreachable
from components.remote import session
from components.remote.command import Secret
from components.remote.endpoint import Endpoint, Session
from components.remote.session import Keys, Sessions
from components.remote.wait import Deadline
from components.remote.way import endpoint
from provider.access import endpoint_of, sessions_of

SEED = Secret("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
CLUSTER = {"cluster": "lab", "seed": SEED.reveal()}
CALLERS = 6


def test_those_who_waited_for_a_silent_host_get_the_error_that_the_first_met(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    attempts: list[str] = []
    begun: list[Deadline] = []  # of all who ask

    class Begun(Deadline):
        def __init__(self, seconds: float) -> None:
            super().__init__(seconds)
            begun.append(self)

    monkeypatch.setattr(session, "Deadline", Begun)

    def opener(endpoint: Endpoint, key: Keys, **_: object) -> Session:
        attempts.append(endpoint.name)
        while len(begun) < CALLERS or not all(limit.passed for limit in begun):
            time.sleep(0.01)
        raise HostUnreachable(where=endpoint.name, what="silent", hint="look at it")

    sessions = Sessions(SEED, opener=opener)
    place = endpoint(SEED, "lab", "b1", "10.96.16.11", {})

    def ask() -> None:
        with pytest.raises(HostUnreachable, match="b1: silent"):
            sessions.to(place, deadline=0.3)

    with ThreadPoolExecutor(CALLERS) as pool:
        for asked in [pool.submit(ask) for _ in range(CALLERS)]:
            asked.result()

    assert attempts == ["b1"]


def test_a_host_that_was_silent_is_asked_again_by_the_next_who_wants_it() -> None:
    attempts: list[str] = []

    def opener(endpoint: Endpoint, key: Keys, *, deadline: float, **_: object) -> Session:
        attempts.append(endpoint.name)
        raise HostUnreachable(where=endpoint.name, what="silent", hint="look at it")

    sessions = Sessions(SEED, opener=opener)
    for _ in range(2):
        with pytest.raises(HostUnreachable):
            sessions.to(endpoint(SEED, "lab", "b1", "10.96.16.11", {}), deadline=5)

    assert attempts == ["b1", "b1"]


def test_a_cluster_has_one_pool_of_sessions_and_one_pinned_key_for_each_slot() -> None:
    assert sessions_of(SEED) is sessions_of(Secret(SEED.reveal()))
    keys = {
        endpoint_of({**CLUSTER, "way": {}}, name, "10.96.0.11").host_key
        for name in ("a1", "b1", "a1")
    }
    assert len(keys) == 2
