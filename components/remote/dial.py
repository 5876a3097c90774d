"""From an address to an authenticated transport: the pinned key first, our key after it."""

from __future__ import annotations

import contextlib
import io
import logging
import socket
import threading
from collections.abc import Iterator, Sequence
from typing import TypeVar

import paramiko
from paramiko.ssh_exception import IncompatiblePeer

from components.errors import HostKeyMismatch, HostUnreachable, LoginRefused
from components.remote.command import Secret
from components.remote.endpoint import Closable, Endpoint
from components.remote.keys import KEY_TYPE, fingerprint
from components.remote.proxy import Proxy
from components.remote.ssh import BROKEN, SshSession
from components.remote.wait import Deadline, Pace, Progress, Report

KNOCK = 5.0  # seconds for one TCP connection
ATTEMPT = 20.0  # seconds for one whole attempt; a loaded host is slow with its first handshake
# Commands that may be on their way into a connection at once: each is a program that starts.
_STARTING = threading.BoundedSemaphore(8)


W = TypeVar("W", bound=Closable)

# Without a handler of its own paramiko's errors, which we report ourselves, go to stderr.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


def open_session(
    endpoint: Endpoint,
    keys: Sequence[Secret],
    limit: Deadline,
    report: Report,
    *,
    through: SshSession | None = None,
) -> SshSession:
    """Try until a session stands or `limit` passes; it leads through the bastion `through`.

    Raises as `connect` says.
    """
    pace, progress = Pace(limit, 0.2), Progress(report, limit)
    met = ""
    while True:
        try:
            return _attempt(endpoint, keys, limit, through)
        except BROKEN as error:
            # What our own limit cut short found out less than the attempt before it.
            if not (met and limit.passed):
                met = _words(error)
        if through is not None and not through.alive:
            raise _unreachable(through.endpoint, "lost as the way to " + endpoint.name, limit)
        if limit.passed:
            raise _unreachable(endpoint, met, limit)
        progress.say(f"{endpoint.name}: waiting for SSH: {met}")
        pace.pause()


def _attempt(
    endpoint: Endpoint, keys: Sequence[Secret], limit: Deadline, through: SshSession | None
) -> SshSession:
    if endpoint.proxy:
        with _room(limit), _by_command(endpoint, limit) as proxy:
            turn = _turn(limit)
            session = SshSession(endpoint, _transport(proxy.socket, endpoint, keys, turn))
            session.closes(proxy)
            return session
    turn = _turn(limit)
    with _closed_on_failure(_socket(endpoint, turn, through)) as way:
        return SshSession(endpoint, _transport(way, endpoint, keys, turn))


def _turn(limit: Deadline) -> Deadline:
    return Deadline(max(0.01, min(limit.left, ATTEMPT)))


def _socket(
    endpoint: Endpoint, turn: Deadline, through: SshSession | None
) -> socket.socket | paramiko.Channel:
    if through is not None:
        return through.tunnel(endpoint.address, endpoint.port, turn)
    where = (endpoint.address, endpoint.port)
    way = socket.create_connection(where, timeout=min(turn.left, KNOCK))
    # A command is several small packets that wait for each other: 40 ms each time without this.
    way.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return way


@contextlib.contextmanager
def _room(limit: Deadline) -> Iterator[None]:
    if not _STARTING.acquire(timeout=limit.left):
        raise TimeoutError("the ways to other hosts are being opened")
    try:
        yield
    finally:
        _STARTING.release()


@contextlib.contextmanager
def _by_command(endpoint: Endpoint, limit: Deadline) -> Iterator[Proxy]:
    """The endpoint's own command; what it said is part of the error when the attempt fails."""
    try:
        proxy = Proxy(endpoint.proxy)
    except OSError as error:
        raise _unreachable(endpoint, f"{endpoint.proxy[0]}: {_words(error)}", limit) from error
    try:
        with _closed_on_failure(proxy):
            yield proxy
    except BROKEN as error:
        raise ConnectionError(": ".join(filter(None, (proxy.said, _words(error))))) from error


def _transport(
    way: socket.socket | paramiko.Channel,
    endpoint: Endpoint,
    keys: Sequence[Secret],
    turn: Deadline,
) -> paramiko.Transport:
    transport = paramiko.Transport(way)
    with _closed_on_failure(transport):
        transport.get_security_options().key_types = (KEY_TYPE,)
        _shake_hands(transport, endpoint, turn)
        _log_in(transport, endpoint, keys, turn)
        return transport


def _shake_hands(transport: paramiko.Transport, endpoint: Endpoint, turn: Deadline) -> None:
    transport.handshake_timeout = turn.left
    # Longer than ours: of two that end together, which one tells the reason would be chance.
    transport.banner_timeout = turn.left + ATTEMPT
    done = threading.Event()
    transport.start_client(event=done)
    done.wait(turn.left)
    error = transport.get_exception()
    if isinstance(error, IncompatiblePeer) and "host key" in str(error):
        raise _mismatch(endpoint, f"no {KEY_TYPE} key at all")
    if error is not None:
        raise error
    if not done.is_set() or not transport.is_active():
        raise TimeoutError("the SSH server accepts connections and does not answer")
    shown = f"{KEY_TYPE} {transport.get_remote_server_key().get_base64()}"
    if shown.split()[:2] not in [known.split()[:2] for known in endpoint.known]:
        raise _mismatch(endpoint, fingerprint(shown))


def _log_in(
    transport: paramiko.Transport, endpoint: Endpoint, keys: Sequence[Secret], turn: Deadline
) -> None:
    """Offer one key after the other, all in this connection."""
    ours = [paramiko.Ed25519Key.from_private_key(io.StringIO(key.reveal())) for key in keys]
    if not any(_let_in(transport, endpoint.user, key, turn) for key in ours):
        offered = " and ".join(key.fingerprint for key in ours)
        raise LoginRefused(
            where=str(endpoint),
            what="the host is the right one and does not let our key in",
            found=f"our key {offered}",
            wanted=f"that key in the authorized keys of {endpoint.user}",
            hint="the machine was given other user data: replace it, or put the key back",
        )


def _let_in(
    transport: paramiko.Transport, user: str, key: paramiko.Ed25519Key, turn: Deadline
) -> bool:
    """Whether this key is let in; False only where the host has answered that it is not."""
    done = threading.Event()
    transport.auth_publickey(user, key, event=done)
    done.wait(turn.left)
    if transport.is_authenticated():
        return True
    answered = done.is_set() and transport.is_active()
    error = transport.get_exception()
    if isinstance(error, paramiko.AuthenticationException) or (answered and error is None):
        return False
    raise error or TimeoutError("the SSH server does not answer to our key")


@contextlib.contextmanager
def _closed_on_failure(way: W) -> Iterator[W]:
    try:
        yield way
    except BaseException:
        way.close()
        raise


def _mismatch(endpoint: Endpoint, shown: str) -> HostKeyMismatch:
    return HostKeyMismatch(
        where=str(endpoint),
        what="another host answers, or its key was changed; nothing was sent to it",
        found=shown,
        wanted=" or ".join(map(fingerprint, endpoint.known)),
        hint="find out who answers at that address before anything else",
    )


def _unreachable(endpoint: Endpoint, met: str, limit: Deadline) -> HostUnreachable:
    return HostUnreachable(
        where=str(endpoint),
        what=f"no SSH session within {limit.seconds:.0f} s",
        found=met,
        hint="see whether its machine runs and whether port "
        f"{endpoint.port} is open to you, then try again",
    )


def _words(error: BaseException) -> str:
    reason = error.strerror if isinstance(error, OSError) else None
    return reason or str(error) or type(error).__name__
