"""An SSH server in this process, on loopback, that runs commands in a real shell."""

from __future__ import annotations

import base64
import contextlib
import io
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import IO, Any, Self

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    MSG_CHANNEL_SUCCESS,
    OPEN_FAILED_CONNECT_FAILED,
    OPEN_SUCCEEDED,
)

from components.remote.endpoint import Endpoint
from components.remote.keys import KeyPair, host_key, new_seed, operator_key

SEED = new_seed()
OPERATOR = operator_key(SEED)
STRANGER = operator_key(new_seed())


class SshServer:
    """Shows `key`, lets `opens` in, runs commands, forwards connections as a bastion does.

    `freeze()` makes it fall silent with all connections open, as a host that lost its power.
    `commands` holds every line that clients asked to run; `logins` counts those let in. `started`
    is set once a command runs whose client was told so.
    """

    def __init__(
        self,
        name: str = "a1",
        *,
        key: KeyPair | None = None,
        opens: KeyPair = OPERATOR,
        rsa_only: bool = False,
        greets: bool = True,
        refuse_first: int = 0,
    ) -> None:
        self.name = name
        self.key = key or host_key(SEED, name)
        self.opens = opens
        self.commands: list[str] = []
        self.logins = 0
        self.started = threading.Event()
        self._rsa_only = rsa_only
        self._greets = greets
        self._refuse = refuse_first
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._transports: list[paramiko.Transport] = []
        self._processes: list[subprocess.Popen[bytes]] = []
        self._starting = threading.Lock()
        self._over = False  # nothing is started any more
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def endpoint(self, via: Endpoint | None = None) -> Endpoint:
        """This server with the right key pinned."""
        pinned = host_key(SEED, self.name).public
        return Endpoint(self.name, "127.0.0.1", pinned, port=self.port, via=via)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            if self._refuse > 0:
                self._refuse -= 1
                connection.close()
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets.append(connection)
            if self._greets:
                self._welcome(connection)

    def _welcome(self, connection: socket.socket) -> None:
        transport = _Transport(connection)
        transport.banner_timeout = 3600
        transport.packetizer.start_handshake = lambda _: None  # type: ignore[method-assign,assignment]
        transport.add_server_key(self._shown())
        self._transports.append(transport)
        with contextlib.suppress(paramiko.SSHException, EOFError):
            transport.start_server(event=threading.Event(), server=_Rules(self))

    def _shown(self) -> paramiko.PKey:
        if self._rsa_only:
            return paramiko.RSAKey.generate(2048)
        return paramiko.Ed25519Key.from_private_key(io.StringIO(self.key.private.reveal()))

    def freeze(self, *, after: int = 0) -> None:
        """Say so many words more and then none, without closing anything."""
        for transport in self._transports:
            send, words = transport.packetizer.send_message, iter(range(after))
            transport.packetizer.send_message = partial(_say, send, words)  # type: ignore[method-assign]

    def break_connections(self) -> None:
        """Close every connection; new ones are welcome."""
        for transport in self._transports:
            transport.close()

    def start(self, channel: paramiko.Channel, line: str, answered: threading.Event) -> None:
        answered.wait()
        with self._starting:
            if self._over:
                return
            process = subprocess.Popen(
                ["sh", "-c", line],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # what the shell started ends with it
            )
            self._processes.append(process)
        self.started.set()
        threading.Thread(target=_attend, args=(channel, process), daemon=True).start()

    def close(self) -> None:
        with self._starting:
            self._over = True
        with contextlib.suppress(OSError):  # wakes the thread in accept(), as close() does not
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for transport in self._transports:
            transport.close()
        for connection in self._sockets:
            connection.close()
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Transport(paramiko.Transport):
    """Tells when a request for a command was answered, by the client's number of the channel.

    A command that ended before that would close its channel under a client that waits for the
    answer; a real sshd answers first.
    """

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection)
        self.answered: dict[int, threading.Event] = {}

    def _send_user_message(self, data: paramiko.Message) -> None:
        super()._send_user_message(data)  # type: ignore[misc]
        text = data.asbytes()
        told = self.answered.get(int.from_bytes(text[1:5], "big"))
        if told is not None and text[0] == MSG_CHANNEL_SUCCESS:
            told.set()

    def _queue_incoming_channel(self, channel: paramiko.Channel) -> None:
        # By the way it is kept: a channel that nobody holds is closed.
        super()._queue_incoming_channel(channel)  # type: ignore[misc]
        assert isinstance(self.server_object, _Rules)
        self.server_object.lead(channel)


class _Rules(paramiko.ServerInterface):
    def __init__(self, server: SshServer) -> None:
        self._server = server
        self._targets: dict[int, socket.socket] = {}  # of channels that were granted, by number

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        wanted = base64.b64decode(self._server.opens.public.split()[1])
        if key.asbytes() != wanted:
            return AUTH_FAILED
        self._server.logins += 1
        return AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        line = command.decode()
        self._server.commands.append(line)
        told = threading.Event()
        assert isinstance(channel.transport, _Transport)
        channel.transport.answered[channel.remote_chanid] = told
        threading.Thread(target=self._server.start, args=(channel, line, told), daemon=True).start()
        return True

    def check_channel_direct_tcpip_request(
        self, chanid: int, origin: tuple[str, int], destination: tuple[str, int]
    ) -> int:
        try:
            target = socket.create_connection(destination)
        except OSError:
            return OPEN_FAILED_CONNECT_FAILED
        self._server._sockets.append(target)
        self._targets[chanid] = target
        return OPEN_SUCCEEDED

    def lead(self, channel: paramiko.Channel) -> None:
        """Lead a channel that is open to its target, if it has one."""
        target = self._targets.pop(channel.get_id(), None)
        if target is not None:
            for ends in ((target, channel), (channel, target)):
                threading.Thread(target=_copy, args=ends, daemon=True).start()


def _say(send: Callable[[Any], None], words: Iterator[int], data: Any) -> None:
    if next(words, None) is not None:
        send(data)


def _copy(source: socket.socket | paramiko.Channel, sink: socket.socket | paramiko.Channel) -> None:
    with contextlib.suppress(OSError, EOFError):
        while data := source.recv(32768):
            sink.sendall(data)
    with contextlib.suppress(OSError, EOFError):
        sink.close()


def _attend(channel: paramiko.Channel, process: subprocess.Popen[bytes]) -> None:
    assert process.stdin
    assert process.stdout
    assert process.stderr
    pumps = [
        threading.Thread(target=_pump, args=(process.stdout, channel.sendall), daemon=True),
        threading.Thread(target=_pump, args=(process.stderr, channel.sendall_stderr), daemon=True),
    ]
    feeder = threading.Thread(target=_feed, args=(channel, process.stdin), daemon=True)
    for thread in (feeder, *pumps):
        thread.start()
    status = process.wait()
    for thread in pumps:
        thread.join()
    with contextlib.suppress(OSError, EOFError):
        if status >= 0:
            channel.send_exit_status(status)
        channel.close()


def _pump(source: IO[bytes], send: object) -> None:
    assert callable(send)
    with contextlib.suppress(OSError, EOFError), source:
        while data := source.read1(32768):  # type: ignore[attr-defined]
            send(data)


def _feed(channel: paramiko.Channel, sink: IO[bytes]) -> None:
    with contextlib.suppress(OSError, EOFError), sink:
        while data := channel.recv(32768):
            sink.write(data)
            sink.flush()
