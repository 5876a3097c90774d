"""What is said to a command, and a command that ends at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import paramiko
import pytest
from paramiko.common import MSG_CHANNEL_CLOSE, MSG_CHANNEL_DATA, MSG_CHANNEL_EOF

from components.remote.in_order import in_order
from tests.support.patience import LONG


class Line:
    """Carries a channel's words; the first but a close is slow, so that others may overtake it."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.slow = threading.Event()
        self.overtaken = threading.Event()
        self.clear_to_send = threading.Event()
        self.clear_to_send.set()
        self.clear_to_send_lock = threading.Lock()

    def is_active(self) -> bool:
        return True

    def _send_message(self, message: paramiko.Message) -> None:
        kind = message.asbytes()[0]
        if kind != MSG_CHANNEL_CLOSE and not self.slow.is_set():
            self.slow.set()
            self.overtaken.wait(0.2)
        self.sent.append(kind)
        self.overtaken.set()

    def _send_user_message(self, message: paramiko.Message) -> None:
        # Without the lock, as the close must not wait for what it could overtake.
        self._send_message(message)

    def _unlink_channel(self, number: int) -> None:
        """Forget nothing: there is one channel."""


def opened() -> tuple[Any, Line]:
    channel, line = paramiko.Channel(0), Line()
    loose: Any = channel
    loose.transport, loose.remote_chanid, loose.active = line, 0, True
    loose.out_window_size = loose.out_max_packet_size = 1000
    return in_order(channel), line


def overtaken(channel: Any, line: Line, word: Callable[[], object]) -> None:
    """Say the word, and close the channel while it is on its way."""
    says = threading.Thread(target=word)
    says.start()
    assert line.slow.wait(LONG)
    channel._handle_close(None)
    says.join()


def test_data_are_never_sent_after_the_close() -> None:
    channel, line = opened()
    overtaken(channel, line, lambda: channel.send(b"data"))
    assert line.sent == [MSG_CHANNEL_DATA, MSG_CHANNEL_EOF, MSG_CHANNEL_CLOSE]


def test_data_for_a_channel_that_is_closed_are_refused() -> None:
    channel, line = opened()
    channel._handle_close(None)
    del line.sent[:]
    with pytest.raises(OSError, match="the channel is closed"):
        channel.send(b"data")
    assert line.sent == []


def test_data_wait_for_new_keys_without_the_channels_lock() -> None:
    channel, line = opened()
    line.clear_to_send.clear()
    says = threading.Thread(target=channel.send, args=(b"data",))
    says.start()
    says.join(0.2)
    assert says.is_alive()
    assert channel.lock.acquire(timeout=LONG)
    channel.lock.release()
    line.clear_to_send.set()
    says.join()
    assert line.sent == [MSG_CHANNEL_DATA]


def test_the_end_of_the_input_is_never_said_after_the_close() -> None:
    channel, line = opened()
    overtaken(channel, line, channel.shutdown_write)
    assert line.sent == [MSG_CHANNEL_EOF, MSG_CHANNEL_CLOSE]


def test_of_a_channel_that_is_closed_nothing_is_said() -> None:
    channel, line = opened()
    channel._handle_close(None)
    del line.sent[:]
    channel.shutdown_write()
    assert line.sent == []


def test_a_channel_whose_connection_broke_is_closed_without_a_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    channel, line = opened()

    def broken(_: paramiko.Message) -> None:
        raise EOFError

    monkeypatch.setattr(line, "_send_user_message", broken)
    channel.close()
    assert channel.closed
