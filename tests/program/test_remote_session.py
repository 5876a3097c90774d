"""Sessions against an SSH server in this process: what is refused, what ends, what arrives."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from components.errors import (
    CommandFailed,
    DeadlineExceeded,
    HostKeyMismatch,
    HostUnreachable,
    LoginRefused,
)
from components.remote import ssh
from components.remote.command import Command, Secret
from components.remote.keys import fingerprint, host_key, new_seed
from components.remote.session import Endpoint, Session, Sessions, connect
from tests.support.patience import patient_sessions, up_at_first_pause
from tests.support.ports import nobody_listens
from tests.support.ssh_server import OPERATOR, STRANGER, SshServer

BIG = 3_000_000  # bytes; more than one SSH window (2 MiB) and any pipe


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    patient_sessions(monkeypatch)


@pytest.fixture
def server() -> Iterator[SshServer]:
    with SshServer() as server:
        yield server


@pytest.fixture
def session(server: SshServer) -> Iterator[Session]:
    with connect(server.endpoint(), OPERATOR.private, deadline=600) as session:
        yield session


def test_a_command_runs_and_gives_back_its_output(session: Session) -> None:
    result = session.run(Command.script("echo to $1; echo complaint >&2", "you & me"))
    assert (result.status, result.stdout, result.stderr) == (0, "to you & me\n", "complaint\n")


def test_words_arrive_as_they_were_given(session: Session) -> None:
    words = ["a b", "'", '"', "$HOME", "`id`", "*", "\n", "", "ü", "-n", "\\"]
    result = session.run(Command.of("printf", "%s\\0", *words))
    assert result.stdout.split("\0")[:-1] == words


def test_a_failing_command_says_what_ran_how_it_ended_and_what_it_said(session: Session) -> None:
    with pytest.raises(CommandFailed) as caught:
        session.run(Command.script("echo out; echo no such thing >&2; exit 7"))
    text = str(caught.value)
    assert "status 7" in text
    assert "no such thing" in text
    assert text.startswith("a1: ")
    assert (caught.value.status, caught.value.stdout) == (7, "out\n")


def test_a_status_that_the_caller_names_is_no_failure(session: Session) -> None:
    assert session.run(Command.of("false"), ok=(0, 1)).status == 1


def test_a_command_ended_by_a_signal_is_a_failure(session: Session) -> None:
    with pytest.raises(CommandFailed, match="signal") as caught:
        session.run(Command.script('kill -9 "$PPID"'))
    assert caught.value.status == -1
    assert session.run(Command.of("true")).status == 0


def test_a_secret_word_shows_in_no_error(session: Session, server: SshServer) -> None:
    token = Secret("hush-0815")
    command = Command.script('echo "bad token $1" >&2; exit 1', token)
    with pytest.raises(CommandFailed) as caught:
        session.run(command)
    assert "hush-0815" not in str(caught.value)
    assert "[secret]" in str(caught.value)
    assert any("hush-0815" in line for line in server.commands)


def test_a_join_token_in_a_hosts_answer_is_masked_in_the_error(session: Session) -> None:
    with pytest.raises(CommandFailed) as caught:
        session.run(Command.script("echo SWMTKN-1-abc-def >&2; exit 1"))
    assert "SWMTKN" not in str(caught.value)


def test_big_outputs_on_both_streams_at_once_do_not_block(session: Session) -> None:
    script = f"head -c {BIG} /dev/zero >&2 & head -c {BIG} /dev/zero; wait"
    result = session.run(Command.script(script), timeout=600)
    assert (len(result.stdout), len(result.stderr)) == (BIG, BIG)


def test_a_big_input_passes_through_while_the_output_comes_back(session: Session) -> None:
    data = bytes(range(256)) * (BIG // 256)
    result = session.run(Command.script("tee /dev/stderr | sha256sum"), input=data, timeout=600)
    assert result.stdout.split()[0] == hashlib.sha256(data).hexdigest()


def test_a_command_that_ignores_its_input_still_ends(session: Session) -> None:
    assert session.run(Command.script("exit 0"), input=b"x" * BIG, timeout=600).status == 0


def test_without_input_a_command_reads_an_end_at_once(session: Session) -> None:
    assert session.run(Command.of("cat")).stdout == ""


def test_a_command_that_does_not_end_meets_its_deadline_and_the_session_lives(
    session: Session,
) -> None:
    with pytest.raises(DeadlineExceeded, match=r"end of `sleep 600`"):
        session.run(Command.of("sleep", 600), timeout=0.3)
    assert session.run(Command.of("echo", "still here")).stdout == "still here\n"


def test_many_threads_share_a_session(session: Session) -> None:
    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda n: session.run(Command.of("echo", n)).stdout, range(48)))
    assert answers == [f"{n}\n" for n in range(48)]


def test_a_file_is_put_whole_with_its_mode_and_leaves_nothing_else(
    session: Session, tmp_path: Path
) -> None:
    target = tmp_path / "a file"
    target.write_text("old")
    session.put(str(target), b"\x00new\xff", 0o640)
    assert target.read_bytes() == b"\x00new\xff"
    assert target.stat().st_mode & 0o777 == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["a file"]


def test_the_bytes_of_a_file_are_in_no_command_line(
    session: Session, server: SshServer, tmp_path: Path
) -> None:
    session.put(str(tmp_path / "key"), b"very private", 0o600)
    assert not any("very private" in line for line in server.commands)


def test_a_file_that_arrives_cut_off_does_not_replace_the_old_one(
    session: Session, tmp_path: Path
) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    with pytest.raises(CommandFailed, match="cut off"):
        session.run(Command.script(ssh._PUT, str(target), "0644", 10), input=b"half")
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_directory_that_is_missing_is_named(session: Session, tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="nowhere"):
        session.put(str(tmp_path / "nowhere" / "file"), b"x")


def test_a_wrong_host_key_ends_at_once_names_both_and_sends_nothing() -> None:
    impostor = host_key(new_seed(), "a1")
    with SshServer(key=impostor) as server:
        wanted = server.endpoint()
        with pytest.raises(HostKeyMismatch) as caught:
            connect(wanted, OPERATOR.private, deadline=600)
        assert fingerprint(impostor.public) in str(caught.value)
        assert fingerprint(wanted.host_key) in str(caught.value)
        assert server.logins == 0


def test_a_host_that_shows_another_type_of_key_is_not_trusted() -> None:
    with SshServer(rsa_only=True) as server, pytest.raises(HostKeyMismatch, match="no ssh-ed25519"):
        connect(server.endpoint(), OPERATOR.private, deadline=600)


def test_a_key_that_is_not_let_in_is_its_own_error_at_once(server: SshServer) -> None:
    with pytest.raises(LoginRefused, match=r"SHA256:.*authorized keys of root"):
        connect(server.endpoint(), STRANGER.private, deadline=600)


def test_a_port_that_never_opens_is_unreachable_and_says_why(
    server: SshServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    up_at_first_pause(monkeypatch)
    with nobody_listens() as port:
        closed = replace(server.endpoint(), port=port)
        with pytest.raises(HostUnreachable, match=r"a1 .*127\.0\.0\.1.*Connection refused"):
            connect(closed, OPERATOR.private, deadline=600)


def test_a_server_that_accepts_and_never_speaks_is_unreachable() -> None:
    with SshServer(greets=False) as server, pytest.raises(HostUnreachable, match="does not answer"):
        connect(server.endpoint(), OPERATOR.private, deadline=1)


def test_a_host_that_opens_late_is_waited_for() -> None:
    with (
        SshServer(refuse_first=3) as server,
        connect(server.endpoint(), OPERATOR.private, deadline=600) as session,
    ):
        assert session.run(Command.of("echo", "up")).stdout == "up\n"


def once_started(server: SshServer, act: Callable[[], None]) -> None:
    """Let it act as soon as a command runs there, and do not wait for that."""

    def acts() -> None:
        server.started.wait()
        act()

    threading.Thread(target=acts, daemon=True).start()


def test_a_connection_that_breaks_while_a_command_runs_is_unreachable(
    session: Session, server: SshServer
) -> None:
    once_started(server, server.break_connections)
    with pytest.raises(HostUnreachable):
        session.run(Command.of("sleep", 600), timeout=600)
    assert not session.alive


def test_a_host_that_falls_silent_is_noticed_long_before_the_deadline(
    server: SshServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssh, "PULSE", 0.05)
    monkeypatch.setattr(ssh, "SILENCE", 1.0)
    with connect(server.endpoint(), OPERATOR.private, deadline=600) as session:
        once_started(server, server.freeze)
        with pytest.raises(HostUnreachable, match="no sign of life"):
            session.run(Command.of("sleep", 600), timeout=600)
        assert not session.alive


@pytest.mark.parametrize("answers", [0, 1])
def test_a_host_that_falls_silent_before_a_command_has_begun_is_noticed_too(
    server: SshServer, monkeypatch: pytest.MonkeyPatch, answers: int
) -> None:
    monkeypatch.setattr(ssh, "PULSE", 3600)
    with connect(server.endpoint(), OPERATOR.private, deadline=600) as session:
        monkeypatch.setattr(ssh, "SILENCE", 0.5)
        server.freeze(after=answers)
        with pytest.raises(HostUnreachable, match="no sign of life"):
            session.run(Command.of("sleep", 600), timeout=600)
        assert not session.alive


def test_a_host_that_was_asked_nothing_is_not_silent(
    server: SshServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssh, "PULSE", 3600)
    monkeypatch.setattr(ssh, "SILENCE", 0.05)
    with connect(server.endpoint(), OPERATOR.private, deadline=600) as session:
        assert session.run(Command.of("sleep", "0.3")).status == 0
        assert session.alive


def test_a_host_behind_a_bastion_is_reached_through_it() -> None:
    with SshServer("a1") as bastion, SshServer("b1") as inner:
        endpoint = inner.endpoint(via=bastion.endpoint())
        with connect(endpoint, OPERATOR.private, deadline=600) as session:
            assert session.run(Command.of("echo", "inside")).stdout == "inside\n"
        assert (bastion.commands, inner.commands) == ([], ["echo inside"])


def test_a_bastion_with_a_wrong_key_is_not_passed() -> None:
    with SshServer("a1", key=STRANGER) as bastion, SshServer("b1") as inner:
        with pytest.raises(HostKeyMismatch, match=r"^a1 "):
            connect(inner.endpoint(via=bastion.endpoint()), OPERATOR.private, deadline=600)
        assert inner.logins == 0


def test_a_wrong_key_behind_the_bastion_is_refused_too() -> None:
    with SshServer("a1") as bastion, SshServer("b1", key=STRANGER) as inner:
        with pytest.raises(HostKeyMismatch, match=r"^b1 .*via a1"):
            connect(inner.endpoint(via=bastion.endpoint()), OPERATOR.private, deadline=600)
        assert inner.logins == 0


def test_a_port_closed_behind_the_bastion_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    up_at_first_pause(monkeypatch)
    with SshServer("a1") as bastion, SshServer("b1") as inner, nobody_listens() as port:
        endpoint = replace(inner.endpoint(via=bastion.endpoint()), port=port)
        with pytest.raises(HostUnreachable, match=r"^b1 .*Connect failed"):
            connect(endpoint, OPERATOR.private, deadline=600)


def test_sessions_are_opened_once_and_shared(server: SshServer) -> None:
    with Sessions(OPERATOR.private) as sessions, ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: sessions.to(server.endpoint()), range(8)))
        assert len({id(session) for session in opened}) == 1
        assert server.logins == 1


def test_a_broken_session_is_opened_anew(server: SshServer) -> None:
    with Sessions(OPERATOR.private) as sessions:
        first = sessions.to(server.endpoint())
        server.break_connections()
        with pytest.raises(HostUnreachable):
            first.run(Command.of("true"))
        assert sessions.to(server.endpoint()).run(Command.of("echo", "again")).stdout == "again\n"


def test_a_dropped_session_is_closed_and_others_stay(server: SshServer) -> None:
    with SshServer("b1") as other, Sessions(OPERATOR.private) as sessions:
        dropped, kept = sessions.to(server.endpoint()), sessions.to(other.endpoint())
        sessions.drop(server.endpoint())
        assert (dropped.alive, kept.alive) == (False, True)


def test_a_replaced_machine_with_another_key_is_not_reached_by_the_old_session(
    server: SshServer,
) -> None:
    pinned = server.endpoint()
    other = Endpoint(pinned.name, pinned.address, host_key(new_seed(), "a1").public, pinned.port)
    with Sessions(OPERATOR.private) as sessions:
        sessions.to(pinned)
        with pytest.raises(HostKeyMismatch):
            sessions.to(other)
