"""The session over SSH. Errors of paramiko and of sockets end here; only ours go out."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import NoReturn, Self

import paramiko

from components.errors import CommandFailed, DeadlineExceeded, HostUnreachable
from components.remote.command import Command, Result
from components.remote.endpoint import Closable, Endpoint
from components.remote.exchange import Exchange, Outcome, closed_at
from components.remote.in_order import in_order
from components.remote.masking import mask, tail
from components.remote.wait import Deadline

CHANNELS = 8  # at once; OpenSSH refuses the eleventh (MaxSessions 10)
PULSE = 2.0  # seconds between two questions whether the host is still there
SILENCE = 10.0  # seconds without an answer after which it is not
BROKEN = (paramiko.SSHException, OSError, EOFError)

_PUT = """\
new="$1.new.$$"
trap 'rm -f -- "$new"' EXIT
umask 077
cat > "$new"
if [ "$(wc -c < "$new")" -ne "$3" ]; then
  echo "$1: the content arrived cut off" >&2
  exit 74
fi
chmod -- "$2" "$new"
mv -f -- "$new" "$1"
"""


class SshSession:
    """A `Session` over an authenticated transport."""

    def __init__(self, endpoint: Endpoint, transport: paramiko.Transport) -> None:
        self._endpoint = endpoint
        self._transport = transport
        self._carriers: list[Closable] = []
        self._room = threading.BoundedSemaphore(CHANNELS)
        self._closed = threading.Event()
        self._asked: float | None = None  # when, while the host owes an answer
        threading.Thread(target=self._pulse, name=f"pulse {endpoint.name}", daemon=True).start()

    @property
    def endpoint(self) -> Endpoint:
        return self._endpoint

    @property
    def alive(self) -> bool:
        return not self._closed.is_set() and self._transport.is_active() and not self._silent

    @property
    def _silent(self) -> bool:
        asked = self._asked
        return asked is not None and time.monotonic() - asked > SILENCE

    def _pulse(self) -> None:
        # TCP keeps a connection to a dead host for many minutes and paramiko's keepalive wants no
        # answer. This one does; a dead host behind a bastion is noticed as well. The time counts
        # from a question: a computer of ours that came to ask none is no silence of the host.
        while not self._closed.wait(PULSE) and self._transport.is_active():
            self._asked = self._asked or time.monotonic()
            with contextlib.suppress(*BROKEN):
                self._transport.global_request("keepalive@openssh.com", wait=True)
                if self._transport.is_active():
                    self._asked = None

    def run(
        self,
        command: Command,
        *,
        input: bytes | None = None,  # noqa: A002 - see Session
        timeout: float = 60,
        ok: tuple[int, ...] = (0,),
    ) -> Result:
        """Run a command as `Session.run` says."""
        limit = Deadline(timeout)
        try:
            with self._channel(command, limit) as channel:
                outcome = Exchange(channel, input).finish(limit, self._check)
        except BROKEN as error:
            self._broken(command, limit, error)
        if outcome is None:
            raise self._late(command, limit)
        self._check_end(outcome)
        return self._accept(command, outcome, limit, ok)

    def put(self, path: str, content: bytes, mode: int = 0o600, *, timeout: float = 60) -> None:
        """Replace a file as `Session.put` says; the bytes travel by stdin, never by argv."""
        self.run(
            Command.script(_PUT, path, f"{mode:04o}", len(content)), input=content, timeout=timeout
        )

    @contextlib.contextmanager
    def _channel(self, command: Command, limit: Deadline) -> Iterator[paramiko.Channel]:
        if not self._room.acquire(timeout=limit.left):
            raise self._late(command, limit)
        try:
            channel = self._begun(command, limit)
            try:
                yield channel
            finally:
                channel.close()
        finally:
            self._room.release()

    def _begun(self, command: Command, limit: Deadline) -> paramiko.Channel:
        """A channel on which the command has begun; until then nobody looks for signs of life."""
        begins = Deadline(max(min(limit.left, 2 * SILENCE), 0.01))
        try:
            channel = in_order(self._transport.open_session(timeout=begins.seconds))
            with closed_at(begins, channel):
                channel.exec_command(command.wire())
        except BROKEN as error:
            if begins.passed and not limit.passed:
                raise self._lost(f"no sign of life for {begins.seconds:.0f} s") from error
            raise
        return channel

    def tunnel(self, address: str, port: int, limit: Deadline) -> paramiko.Channel:
        """A connection from this host to `address`; raises paramiko's errors, for the dialler."""
        origin = ("127.0.0.1", 0)
        return in_order(
            self._transport.open_channel(
                "direct-tcpip", (address, port), origin, timeout=limit.left
            )
        )

    def _check(self) -> None:
        if self._silent:
            raise self._lost(f"no sign of life for {SILENCE:.0f} s")

    def _check_end(self, outcome: Outcome) -> None:
        if outcome.status == -1 and not self._transport.is_active():
            raise self._lost("the connection broke while a command ran")

    def _broken(self, command: Command, limit: Deadline, error: BaseException) -> NoReturn:
        if limit.passed:
            raise self._late(command, limit) from error
        raise self._lost(str(error) or type(error).__name__) from error

    def _lost(self, found: str) -> HostUnreachable:
        self.close()
        return HostUnreachable(
            where=str(self._endpoint),
            what="the connection was lost",
            found=found,
            hint="see whether its machine runs, then try again: what was done is kept",
        )

    def _late(self, command: Command, limit: Deadline) -> DeadlineExceeded:
        return DeadlineExceeded(
            where=self._endpoint.name,
            what=f"waited {limit.seconds:.0f} s for the end of `{command}`",
            hint="log in and see what it waits for; it may still be running",
        )

    def _accept(
        self, command: Command, outcome: Outcome, limit: Deadline, ok: tuple[int, ...]
    ) -> Result:
        stdout, stderr = (
            data.decode(errors="replace") for data in (outcome.stdout, outcome.stderr)
        )
        if outcome.status in ok:
            return Result(outcome.status, stdout, stderr, limit.spent)
        how = f"status {outcome.status}" if outcome.status >= 0 else "no exit status (a signal)"
        said = tail(command.masked(stderr)) or tail(command.masked(stdout))
        raise CommandFailed(
            where=self._endpoint.name,
            what=f"`{mask(str(command))}` failed",
            found=f"{how} after {limit.spent:.1f} s" + (f": {said}" if said else ""),
            hint="run it on the host to look closer",
            status=outcome.status,
            stdout=stdout,
            stderr=stderr,
        )

    def closes(self, carrier: Closable) -> None:
        """Close with itself what this session alone goes through."""
        self._carriers.append(carrier)

    def close(self) -> None:
        self._closed.set()
        self._transport.close()
        for carrier in self._carriers:
            carrier.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
