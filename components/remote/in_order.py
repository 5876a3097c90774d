"""Words on a channel that never come after its close, and a close that needs no connection.

paramiko lets go of a channel's lock before it sends what it has put together. Where the host closes
the channel in that moment, paramiko's own close goes first, and OpenSSH ends the whole connection,
with all that others do on it, for a word about a channel that is no more ("data packet referred to
nonexistent channel"). Here the lock is held until the word is on its way.

A connection through a bastion closes its channel when it ends, in a thread of paramiko's own: where
the bastion's connection is what broke, the close fails, and its traceback would be printed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any

import paramiko


def in_order(channel: paramiko.Channel) -> paramiko.Channel:
    """The channel, whose data and their end stay in order from now on, and whose close succeeds."""
    private: Any = channel
    private.close = partial(_close, private.close)
    private._send = partial(_send, private)  # noqa: SLF001 - what paramiko's send() goes through
    private.shutdown_write = partial(_say, private, private._send_eof)  # noqa: SLF001
    return channel


def _close(close: Callable[[], None]) -> None:
    with contextlib.suppress(paramiko.SSHException, OSError, EOFError):
        close()


def _send(channel: Any, data: bytes, message: paramiko.Message) -> int:
    """Send what the window has room for; gives how many bytes that was."""
    with channel.lock:
        size: int = channel._wait_for_send_window(len(data))  # noqa: SLF001
    if not size:
        raise OSError("the channel is closed")
    message.add_string(data[:size])

    def unless_closed() -> paramiko.Message:
        if channel.closed:
            raise OSError("the channel is closed")
        return message

    _say(channel, unless_closed)
    return size


def _say(channel: Any, compose: Callable[[], paramiko.Message | None]) -> None:
    transport = channel.transport
    while transport.is_active():
        # While keys are exchanged the transport's thread may need the channel's lock to go on with
        # it: that is waited for without the lock.
        with channel.lock, transport.clear_to_send_lock:
            if transport.clear_to_send.is_set():
                message = compose()
                if message is not None:
                    transport._send_message(message)  # noqa: SLF001
                return
        transport.clear_to_send.wait(0.1)
