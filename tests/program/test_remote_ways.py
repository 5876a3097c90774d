"""The ways to hosts: one connection to a bastion for all behind it, and commands as connections."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from components.errors import HostKeyMismatch, HostUnreachable
from components.remote import proxy, ssh
from components.remote.command import Command
from components.remote.endpoint import Endpoint
from components.remote.session import Sessions, connect
from components.remote.wait import Pace
from tests.support.patience import patient_sessions, up_at_first_pause
from tests.support.ports import nobody_listens
from tests.support.ssh_server import OPERATOR, STRANGER, SshServer

HOSTS = 200
# Leads its standard input and output to the port, and writes down that it runs.
CARRIER = """
import os, socket, sys, threading
port, note = int(sys.argv[1]), sys.argv[2]
open(note, "w").write(str(os.getpid()))
way = socket.create_connection(("127.0.0.1", port))
def out():
    while data := way.recv(65536):
        os.write(1, data)
    os._exit(0)
threading.Thread(target=out, daemon=True).start()
while data := os.read(0, 65536):
    way.sendall(data)
"""


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    patient_sessions(monkeypatch)


@pytest.fixture
def bastion() -> Iterator[SshServer]:
    with SshServer("bastion") as server:
        yield server


@pytest.fixture
def inner() -> Iterator[SshServer]:
    with SshServer("a1") as server:
        yield server


def behind(bastion: SshServer, inner: SshServer, hosts: int) -> list[Endpoint]:
    """So many hosts that show the same key, for one server plays them all."""
    one = inner.endpoint(via=bastion.endpoint())
    return [replace(one, name=f"a{number}") for number in range(1, hosts + 1)]


def until(holds: Callable[[], bool], patience: float = 120.0) -> None:
    limit = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_two_hundred_hosts_behind_a_bastion_share_one_connection_to_it(
    bastion: SshServer, inner: SshServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All servers are in this process: with more logins at once each takes as much longer, and so
    # many pulses are a computer's whole work.
    monkeypatch.setattr(ssh, "PULSE", 3600.0)
    hosts = behind(bastion, inner, HOSTS)
    with Sessions(OPERATOR.private) as sessions, ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(partial(sessions.to, deadline=600), hosts))
        answers = pool.map(lambda session: session.run(Command.of("true")).status, opened[:20])

        assert list(answers) == [0] * 20
        assert (bastion.logins, inner.logins) == (1, HOSTS)


def test_a_host_s_session_ends_without_the_bastion_s(bastion: SshServer, inner: SshServer) -> None:
    first, second = behind(bastion, inner, 2)
    with Sessions(OPERATOR.private) as sessions:
        dropped, kept = sessions.to(first), sessions.to(second)
        sessions.drop(first)

        assert (dropped.alive, kept.alive) == (False, True)
        assert sessions.to(first).run(Command.of("true")).status == 0
        assert bastion.logins == 1


def test_a_bastion_whose_connection_broke_is_gone_through_anew(
    bastion: SshServer, inner: SshServer
) -> None:
    hosts = behind(bastion, inner, 3)
    with Sessions(OPERATOR.private) as sessions:
        broken = [sessions.to(host) for host in hosts]
        bastion.break_connections()
        until(lambda: not any(session.alive for session in broken))

        assert [sessions.to(host).run(Command.of("true")).status for host in hosts] == [0, 0, 0]
        assert bastion.logins == 2


def test_a_bastion_that_breaks_while_a_host_is_waited_for_is_opened_again(
    bastion: SshServer, inner: SshServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pause(pace: Pace) -> None:
        """The host was asked for in vain."""
        if bastion.logins == 1:
            bastion.break_connections()
        else:
            pace._deadline.seconds = 0.0

    monkeypatch.setattr(Pace, "pause", pause)
    with nobody_listens() as port, Sessions(OPERATOR.private) as sessions:
        late = replace(inner.endpoint(via=bastion.endpoint()), port=port)
        with pytest.raises(HostUnreachable, match=r"^a1 .* via bastion"):
            sessions.to(late, deadline=600)
    assert bastion.logins == 2


def test_ended_sessions_end_the_bastion_s_too(bastion: SshServer, inner: SshServer) -> None:
    (host,) = behind(bastion, inner, 1)
    with Sessions(OPERATOR.private) as sessions:
        session, way = sessions.to(host), sessions.to(bastion.endpoint())
    assert (session.alive, way.alive) == (False, False)


def test_a_bastion_with_another_key_lets_nobody_through(inner: SshServer) -> None:
    with (
        SshServer("bastion", key=STRANGER) as impostor,
        Sessions(OPERATOR.private) as sessions,
        pytest.raises(HostKeyMismatch, match=r"^bastion "),
    ):
        sessions.to(inner.endpoint(via=impostor.endpoint()))
    assert inner.logins == 0


def carried(server: SshServer, note: Path) -> Endpoint:
    """The server, reached by a command only: its own address leads nowhere."""
    words = (sys.executable, "-c", CARRIER, str(server.port), str(note))
    return replace(server.endpoint(), address="192.0.2.1", port=22, proxy=words)


def failing(server: SshServer, script: str) -> Endpoint:
    return replace(server.endpoint(), proxy=("sh", "-c", script))


@pytest.fixture
def told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the first attempt met is the error, whenever what the command said is read."""
    up_at_first_pause(monkeypatch)
    monkeypatch.setattr(proxy, "ENDS_WITHIN", 60.0)


def running(note: Path) -> bool:
    try:
        os.kill(int(note.read_text()), 0)
    except ProcessLookupError:
        return False
    return True


def test_a_command_can_be_the_connection_and_ends_with_the_session(
    inner: SshServer, tmp_path: Path
) -> None:
    note = tmp_path / "pid"
    with connect(carried(inner, note), OPERATOR.private, deadline=600) as session:
        big = session.run(Command.script("head -c 3000000 /dev/zero"), timeout=600)
        assert len(big.stdout) == 3_000_000
        assert running(note)
    until(lambda: not running(note))


def test_a_host_behind_a_command_must_show_its_own_key(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    with SshServer("a1", key=STRANGER) as server:
        with pytest.raises(HostKeyMismatch, match=r"^a1 .*through a tunnel"):
            connect(carried(server, note), OPERATOR.private, deadline=600)
        assert server.logins == 0
    until(lambda: not running(note))


@pytest.mark.usefixtures("told_once")
def test_what_a_failed_tunnel_says_is_in_the_error(inner: SshServer) -> None:
    wordy = failing(inner, "echo 'error: a1 is not connected to SSM' >&2; exit 1")
    with pytest.raises(HostUnreachable, match="a1 is not connected to SSM"):
        connect(wordy, OPERATOR.private, deadline=600)


@pytest.mark.usefixtures("told_once")
def test_what_a_tunnel_said_outlasts_the_attempt_that_the_deadline_cuts_short(
    inner: SshServer, tmp_path: Path
) -> None:
    said = tmp_path / "said"
    once = f"[ -e {said} ] && exec sleep 600; : > {said}; echo 'error: no such host' >&2; exit 1"
    with pytest.raises(HostUnreachable, match="no such host"):
        connect(failing(inner, once), OPERATOR.private, deadline=600)


@pytest.mark.usefixtures("told_once")
def test_a_tunnel_that_says_more_than_a_pipe_holds_still_ends(inner: SshServer) -> None:
    endless = failing(inner, "head -c 300000 /dev/zero | tr '\\0' x >&2; echo the end >&2; exit 1")
    with pytest.raises(HostUnreachable, match="the end"):
        connect(endless, OPERATOR.private, deadline=600)


def test_a_tunnel_that_ignores_its_end_is_killed(inner: SshServer, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    way = carried(inner, tmp_path / "carrier")
    script = f"trap '' TERM; echo $$ > {note}; \"$@\"; while :; do sleep 0.1; done"
    deaf = replace(way, proxy=("sh", "-c", script, "sh", *way.proxy))
    with connect(deaf, OPERATOR.private, deadline=600):
        assert running(note)
    until(lambda: not running(note))


def test_a_tunnel_that_does_not_exist_is_told_at_once(inner: SshServer) -> None:
    nowhere = replace(inner.endpoint(), proxy=("/nowhere/fairway", "tunnel"))
    with pytest.raises(HostUnreachable, match="/nowhere/fairway: No such file"):
        connect(nowhere, OPERATOR.private, deadline=600)


def test_a_tunnel_that_opens_late_is_tried_again(inner: SshServer, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    early = carried(inner, note)
    gate = tmp_path / "open"
    script = f'[ -e {gate} ] || {{ : > {gate}; echo not yet >&2; exit 1; }}; exec "$@"'
    late = replace(early, proxy=("sh", "-c", script, "sh", *early.proxy))
    with connect(late, OPERATOR.private, deadline=600) as session:
        assert session.run(Command.of("true")).status == 0
