"""While keys are changed, hosts of before and after are reached, and nobody else is trusted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from components.errors import HostKeyMismatch, LoginRefused
from components.remote.command import Command, Secret
from components.remote.endpoint import Endpoint
from components.remote.keys import fingerprint, host_key, keyring, new_seed, operator_key
from components.remote.session import Sessions
from components.remote.way import endpoint
from tests.support.patience import patient_sessions
from tests.support.ssh_server import SshServer

OLD, NEW = new_seed(), new_seed()
ACCEPTED = keyring(OLD, [NEW])
USED = keyring(NEW, [OLD])


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    patient_sessions(monkeypatch)


def host(seed: Secret, name: str = "a1") -> SshServer:
    """A host that was made with this seed."""
    return SshServer(name, key=host_key(seed, name), opens=operator_key(seed))


def place(ring: Secret, server: SshServer, via: Endpoint | None = None) -> Endpoint:
    known = endpoint(ring, "lab", server.name, "127.0.0.1", {})
    return replace(known, port=server.port, via=via)


def answer(ring: Secret, server: SshServer, via: Endpoint | None = None) -> str:
    with Sessions.of(ring) as opened:
        return opened.to(place(ring, server, via), deadline=600).run(Command.of("echo", 1)).stdout


@pytest.fixture(params=[OLD, NEW], ids=["a host of before", "a host of after"])
def server(request: pytest.FixtureRequest) -> Iterator[SshServer]:
    with host(request.param) as server:
        yield server


@pytest.mark.parametrize("ring", [ACCEPTED, USED], ids=["accepted", "in use"])
def test_hosts_of_before_and_after_are_reached_with_one_login(
    server: SshServer, ring: Secret
) -> None:
    assert answer(ring, server) == "1\n"
    assert server.logins == 1


@pytest.mark.parametrize("ring", [ACCEPTED, USED], ids=["accepted", "in use"])
def test_a_third_key_is_refused_and_both_known_ones_are_named(ring: Secret) -> None:
    with host(new_seed()) as stranger, Sessions.of(ring) as opened:
        with pytest.raises(HostKeyMismatch) as caught:
            opened.to(place(ring, stranger), deadline=600)
        assert stranger.logins == 0
    for known in (OLD, NEW):
        assert fingerprint(host_key(known, "a1").public) in str(caught.value)


def test_a_host_of_another_slot_is_no_more_trusted_than_before() -> None:
    with SshServer("a1", key=host_key(NEW, "b1"), opens=operator_key(NEW)) as other:
        with Sessions.of(USED) as opened, pytest.raises(HostKeyMismatch):
            opened.to(place(USED, other), deadline=600)
        assert other.logins == 0


@pytest.mark.parametrize("gate", [OLD, NEW], ids=["a bastion of before", "a bastion of after"])
def test_hosts_of_both_kinds_are_reached_through_a_bastion_of_either(
    server: SshServer, gate: Secret
) -> None:
    with host(gate, "bastion") as bastion:
        assert answer(USED, server, place(USED, bastion)) == "1\n"


def test_after_the_last_step_a_host_that_shows_the_old_key_is_refused() -> None:
    with host(OLD) as left_over, Sessions.of(NEW) as opened:
        with pytest.raises(HostKeyMismatch):
            opened.to(place(NEW, left_over), deadline=600)
        assert left_over.logins == 0


def test_after_the_last_step_the_old_operator_s_key_opens_nothing() -> None:
    with host(NEW) as server:
        with (
            Sessions(operator_key(OLD).private) as thief,
            pytest.raises(LoginRefused),
        ):
            thief.to(place(NEW, server), deadline=600)
        assert server.logins == 0


def test_a_host_that_takes_none_of_our_keys_is_told_with_all_that_were_offered() -> None:
    stranger = operator_key(new_seed())
    with (
        SshServer(key=host_key(NEW, "a1"), opens=stranger) as server,
        Sessions.of(USED) as opened,
        pytest.raises(LoginRefused) as caught,
    ):
        opened.to(place(USED, server), deadline=600)
    for offered in (OLD, NEW):
        assert fingerprint(operator_key(offered).public) in str(caught.value)
