"""Where a host answers, and what every session to it can do."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from components.remote.command import Command, Result


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host's SSH server and the only keys that it may show.

    `host_key` is the public key in OpenSSH format, `ssh-ed25519 AAAA...`; `also` are others that
    count as this host's, while keys are changed. The connection goes through the bastion `via`,
    which is verified by its own keys, or through the command `proxy`, whose standard input and
    output it is; without either, straight to the address.
    """

    name: str
    address: str
    host_key: str
    port: int = 22
    user: str = "root"
    via: Endpoint | None = None
    proxy: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        """Every key that it may show."""
        return (self.host_key, *self.also)

    @property
    def place(self) -> tuple[object, ...]:
        """Where it is, whatever keys are known of it."""
        return (
            self.name,
            self.address,
            self.port,
            self.user,
            self.proxy,
            self.via and self.via.place,
        )

    def __str__(self) -> str:
        through = f" via {self.via.name}" if self.via else " through a tunnel" * bool(self.proxy)
        return f"{self.name} ({self.user}@{self.address}:{self.port}{through})"


class Closable(Protocol):
    """Something with an end."""

    def close(self) -> None: ...


class Session(Protocol):
    """Commands and files on one host. Every call ends: by its result, an error or its deadline."""

    @property
    def endpoint(self) -> Endpoint: ...

    @property
    def alive(self) -> bool:
        """Whether the host still answered a moment ago (about ten seconds at most)."""
        ...

    def run(
        self,
        command: Command,
        *,
        input: bytes | None = None,  # noqa: A002 - the word subprocess uses for the same thing
        timeout: float = 60,
        ok: tuple[int, ...] = (0,),
    ) -> Result:
        """Run `command`, feed it `input`, return when it has ended. `timeout` is in seconds.

        Raises:
            CommandFailed: Its exit status is not one of `ok`; masked output is in the error.
            DeadlineExceeded: It did not end in time; it may go on running on the host.
            HostUnreachable: The connection broke or the host fell silent.
        """
        ...

    def put(self, path: str, content: bytes, mode: int = 0o600, *, timeout: float = 60) -> None:
        """Replace the file `path` at once and as a whole; its directory must exist.

        Raises the same errors as `run`.
        """
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
