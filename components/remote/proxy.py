"""A connection that is a command's standard input and output, as OpenSSH's ProxyCommand."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Sequence
from typing import IO, Final

from components.remote.masking import tail

KEPT: Final = 4000  # characters of what the command said last
ENDS_WITHIN: Final = 2.0  # seconds from the end of its connection until it is killed


class Proxy:
    """The command under way. `socket` is our end of it; `close` ends both.

    Raises:
        OSError: The command cannot be started.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.socket, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = subprocess.Popen(
                    words,
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    stderr=subprocess.PIPE,
                    start_new_session=True,  # Ctrl-C is for us, who still need the connection
                )
            except BaseException:
                self.socket.close()
                raise
        self._said = ""
        self._reader = threading.Thread(
            target=self._listen, args=(self._process.stderr,), name="proxy", daemon=True
        )
        self._reader.start()

    def _listen(self, stderr: IO[bytes]) -> None:
        """Read what it says until it ends, so that it can neither block nor stay a zombie."""
        with stderr:
            while heard := stderr.read1(KEPT):  # type: ignore[attr-defined]
                self._said = (self._said + heard.decode(errors="replace"))[-KEPT:]
        self._process.wait()

    @property
    def said(self) -> str:
        """The end of what it wrote to its standard error, secrets masked; for after `close`."""
        self._reader.join(2 * ENDS_WITHIN)
        return tail(self._said)

    def close(self) -> None:
        """End the connection and the command, without waiting for it; one that does not hear dies.

        The command may be a chain of programs, which is why all that it started is told.
        """
        self.socket.close()
        self._tell(signal.SIGTERM)
        killer = threading.Timer(ENDS_WITHIN, self._tell, (signal.SIGKILL,))
        killer.daemon = True
        killer.start()

    def _tell(self, number: signal.Signals) -> None:
        # As long as it is listened to it was not waited for, and its number is no other's.
        if self._reader.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
