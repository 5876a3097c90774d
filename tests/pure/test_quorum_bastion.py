"""Before a manager is replaced, the bastion that leads to it lets us in."""

from __future__ import annotations

from typing import Any

import pytest

from components.errors import HostUnreachable
from components.remote.command import Secret
from components.remote.endpoint import Endpoint
from components.remote.keys import keyring, new_seed
from components.remote.session import Keys, Sessions
from provider import access
from provider.quorum import QuorumType
from provider.resource import Call, Made
from tests.support.scripted import ScriptedSession

OLD = keyring(new_seed())
NEW = keyring(new_seed(), [OLD])


class Door:
    """Counts the sessions to the bastion that were opened; `opens` is whether it lets us in."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opens, self.opened = True, list[Endpoint]()
        self.pools = {ring: Sessions(ring, opener=self._open) for ring in (OLD, NEW)}
        monkeypatch.setattr(access, "_sessions", self.pools)

    def _open(self, endpoint: Endpoint, key: Keys, **_: Any) -> ScriptedSession:
        if not self.opens:
            raise HostUnreachable(where=endpoint.name, what="is silent", hint="look")
        self.opened.append(endpoint)
        return ScriptedSession(endpoint)


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Door:
    return Door(monkeypatch)


def update(ring: Secret, way: dict[str, str]) -> dict[str, Any]:
    inputs = {"cluster": "prod", "managers": {}, "fingerprints": {}, "way": way}
    call = Call(urn="", report=print)
    return QuorumType().update(call, Made("prod", {}), {**inputs, "seed": ring.reveal()})


def test_a_bastion_that_may_be_new_is_reached_anew_whatever_keys_led_to_the_one_before(
    door: Door,
) -> None:
    update(OLD, {"bastion": "203.0.113.7"})
    update(NEW, {"bastion": "203.0.113.7"})
    (before, after) = door.opened
    assert before.place == after.place
    # What leaves with the keys of before does not go on through the bastion of before either.
    door.pools[OLD].to(before)
    assert len(door.opened) == 3


def test_no_manager_is_touched_while_the_bastion_is_silent(door: Door) -> None:
    door.opens = False
    with pytest.raises(HostUnreachable):
        update(NEW, {"bastion": "203.0.113.7"})


@pytest.mark.parametrize("way", [{}, {"ssm": "eu-central-1"}], ids=["straight", "by tunnel"])
def test_where_there_is_no_bastion_none_is_waited_for(door: Door, way: dict[str, str]) -> None:
    assert update(NEW, way)["revision"]
    assert door.opened == []
