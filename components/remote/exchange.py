"""One command's conversation over a channel: both outputs drained while the input is fed."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import paramiko

from components.remote.wait import Deadline

CHUNK = 32768  # bytes; what one SSH packet carries
LOOK = 0.5  # seconds between two looks at the deadline when nothing happens
WINDOW_PAUSE = 0.002  # seconds; nothing tells when the host's window has room again


class Bell(threading.Event):
    """Rings when there is something to read. Only the reader silences it.

    The two output buffers share it, and each of them clears the event that it was given
    whenever it runs empty, which would lose the other one's ring.
    """

    def clear(self) -> None:
        """Do nothing: a buffer that ran empty does not speak for the other one."""

    def silence(self) -> None:
        super().clear()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended. `status` is -1 when no exit status came, as after a signal."""

    status: int
    stdout: bytes
    stderr: bytes


class Exchange:
    """Feeds and drains one channel, whose words stay in order, until the command has ended."""

    def __init__(self, channel: paramiko.Channel, data: bytes | None) -> None:
        self._channel = channel
        self._input = memoryview(data or b"")
        self._open = True  # the command's stdin
        self._stdout = bytearray()
        self._stderr = bytearray()
        self._bell = Bell()
        channel.in_buffer.set_event(self._bell)
        channel.in_stderr_buffer.set_event(self._bell)

    def finish(self, limit: Deadline, check: Callable[[], None]) -> Outcome | None:
        """Go on until the command ends; None when `limit` passed first.

        `check` is called now and then and may raise to end the exchange.
        """
        while not limit.passed:
            self._bell.silence()
            ended = self._ended()
            moved = self._feed() | self._drain()
            if ended and not moved:
                return Outcome(self._channel.exit_status, bytes(self._stdout), bytes(self._stderr))
            if not moved:
                check()
                self._bell.wait(min(WINDOW_PAUSE if self._open else LOOK, limit.left))
        return None

    def _ended(self) -> bool:
        # Asked before draining: what came in between is then drained in the next round.
        channel = self._channel
        ended = channel.eof_received and channel.exit_status_ready()
        return bool(channel.closed or ended)

    def _feed(self) -> bool:
        if not self._open or not self._channel.send_ready():
            return False
        try:
            sent = self._channel.send(bytes(self._input[:CHUNK])) if self._input else 0
            self._input = self._input[sent:]
            if not self._input:
                self._channel.shutdown_write()
        except OSError:  # the command closed its stdin or ended: its status tells the story
            self._input = self._input[:0]
        self._open = bool(self._input)
        return True

    def _drain(self) -> bool:
        moved = False
        if self._channel.recv_ready():
            self._stdout += self._channel.recv(CHUNK)
            moved = True
        if self._channel.recv_stderr_ready():
            self._stderr += self._channel.recv_stderr(CHUNK)
            moved = True
        return moved


@contextlib.contextmanager
def closed_at(limit: Deadline, channel: paramiko.Channel) -> Iterator[None]:
    """Close `channel` when `limit` passes, for calls that wait without a limit of their own."""
    timer = threading.Timer(limit.left, channel.close)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
