"""A session that answers from a script, for tests that need no host."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Self

from components.errors import CommandFailed, HostUnreachable
from components.remote.command import Command, Result
from components.remote.endpoint import Endpoint

Answer = Result | str | BaseException | Callable[[Command], "Result | str"]


def endpoint(name: str = "a1", address: str = "10.0.0.11") -> Endpoint:
    return Endpoint(name, address, "ssh-ed25519 AAAA")


def failed(status: int = 1, stderr: str = "", stdout: str = "") -> Result:
    return Result(status, stdout, stderr, 0.0)


@dataclass
class ScriptedSession:
    """Answers each command by the first rule whose text occurs in the command's masked words.

    A rule used with `once=True` is spent after one answer. A command that no rule answers fails
    the test by name. `ran` holds the masked commands in order, `files` what was put.
    """

    endpoint: Endpoint = field(default_factory=endpoint)
    rules: list[tuple[str, Answer, bool]] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    inputs: list[bytes | None] = field(default_factory=list)
    files: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    alive: bool = True

    def on(self, text: str, answer: Answer = "", *, once: bool = False) -> Self:
        """Answer commands that contain `text`; an exception is raised, a str is its stdout."""
        self.rules.append((text, answer, once))
        return self

    def first(self, text: str, answer: Answer = "", *, once: bool = False) -> Self:
        """As `on`, before all other rules."""
        self.rules.insert(0, (text, answer, once))
        return self

    def run(
        self,
        command: Command,
        *,
        input: bytes | None = None,  # noqa: A002 - see Session
        timeout: float = 60,
        ok: tuple[int, ...] = (0,),
    ) -> Result:
        if not self.alive:
            raise HostUnreachable(where=self.endpoint.name, what="is gone", hint="look")
        self.ran.append(str(command))
        self.inputs.append(input)
        result = self._answer(command)
        if result.status not in ok:
            raise CommandFailed(
                where=self.endpoint.name,
                what=f"{command} failed",
                found=f"status {result.status}: {result.stderr}",
                hint="look",
                status=result.status,
                stdout=result.stdout,
                stderr=result.stderr,
            )
        return result

    def _answer(self, command: Command) -> Result:
        for rule in self.rules:
            text, answer, once = rule
            if text in str(command):
                if once:
                    self.rules.remove(rule)
                if callable(answer):
                    answer = answer(command)
                if isinstance(answer, BaseException):
                    raise answer
                return Result(0, answer, "", 0.0) if isinstance(answer, str) else answer
        raise AssertionError(f"{self.endpoint.name}: no rule answers: {command}")

    def put(self, path: str, content: bytes, mode: int = 0o600, *, timeout: float = 60) -> None:
        self.files[path] = (content, mode)

    def close(self) -> None:
        self.alive = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def scripted(names: Iterable[str]) -> dict[str, ScriptedSession]:
    """Sessions by name, addressed 10.0.0.11, .12, ... in order."""
    return {
        name: ScriptedSession(endpoint(name, f"10.0.0.{number}"))
        for number, name in enumerate(names, start=11)
    }
