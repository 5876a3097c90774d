"""The end of a command's input, and a command that ends at the same moment."""

from __future__ import annotations

import threading
from typing import Any

import paramiko
from paramiko.common import MSG_CHANNEL_CLOSE, MSG_CHANNEL_EOF

from components.remote.exchange import end_input


class Line:
    """Carries a channel's words; the end of the input is slow, so that others may overtake it."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.slow = threading.Event()
        self.overtaken = threading.Event()

    def _send_user_message(self, message: paramiko.Message) -> None:
        kind = message.asbytes()[0]
        if kind == MSG_CHANNEL_EOF:
            self.slow.set()
            self.overtaken.wait(0.2)
        self.sent.append(kind)
        self.overtaken.set()

    def _unlink_channel(self, number: int) -> None:
        """Forget nothing: there is one channel."""


def opened() -> tuple[Any, Line]:
    channel, line = paramiko.Channel(0), Line()
    loose: Any = channel
    loose.transport, loose.remote_chanid, loose.active = line, 0, True
    return loose, line


def test_the_end_of_the_input_is_never_said_after_the_close() -> None:
    channel, line = opened()
    says = threading.Thread(target=end_input, args=(channel,))
    says.start()
    line.slow.wait(5)
    channel._handle_close(None)
    says.join()
    assert line.sent == [MSG_CHANNEL_EOF, MSG_CHANNEL_CLOSE]


def test_of_a_channel_that_is_closed_nothing_is_said() -> None:
    channel, line = opened()
    channel._handle_close(None)
    del line.sent[:]
    end_input(channel)
    assert line.sent == []
