"""Running one operation so that a cancel is answered at once, and progress is shown as it goes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Event, Lock, Thread
from typing import Final, TypeVar

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from provider.resource import Call, PartlyMadeError

T = TypeVar("T")

# How long an operation that was about to end may still take after a cancel, in seconds. The
# engine waits for the answer, and the second Ctrl-C of an impatient user loses it.
GRACE: Final = 1.0


class CancelledError(Exception):
    """The user cancelled before anything of the resource existed."""


class EngineLog:
    """The engine's own log: rows of Pulumi's display, and the debug log."""

    def __init__(self, address: str) -> None:
        channel = grpc.insecure_channel(address)  # type: ignore[no-untyped-call]
        self._stub = engine_pb2_grpc.EngineStub(channel)

    def progress(self, urn: str) -> Callable[[str], None]:
        """Return a reporter that shows a step in the resource's row when the step changes."""
        last = ""

        def report(step: str) -> None:
            nonlocal last
            if step != last:
                last = step
                self._send(engine_pb2.INFO, step, urn, ephemeral=True)

        return report

    def debug(self, text: str, urn: str = "") -> None:
        self._send(engine_pb2.DEBUG, text, urn, ephemeral=False)

    def _send(
        self, severity: engine_pb2.LogSeverity.ValueType, text: str, urn: str, *, ephemeral: bool
    ) -> None:
        request = engine_pb2.LogRequest(
            severity=severity, message=text, urn=urn, ephemeral=ephemeral
        )
        try:
            self._stub.Log(request, timeout=5)
        except grpc.RpcError:
            return  # an engine that is going away reads no log; the work itself is not touched


class Operations:
    """All operations in progress. After `cancel` each answers at once with what it has made."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: set[Event] = set()
        self._cancelled = False

    def cancel(self) -> None:
        with self._lock:
            self._cancelled = True
            for wake in self._waiting:
                wake.set()

    def run(self, call: Call, work: Callable[[], T]) -> T:
        """Run the work in a thread of its own and return its result, or answer a cancel.

        A cancelled thread is left behind: every operation can be taken up again from any point,
        and the engine ends this process right after the cancelled ones have answered.
        """
        wake = Event()
        with self._lock:
            if self._cancelled:
                raise CancelledError
            self._waiting.add(wake)
        try:
            return self._wait(call, _start(work, wake), wake)
        finally:
            with self._lock:
                self._waiting.discard(wake)

    def _wait(self, call: Call, future: Future[T], wake: Event) -> T:
        wake.wait()
        if not future.done():
            finished = Event()
            future.add_done_callback(lambda _: finished.set())
            finished.wait(GRACE)
        if future.done():
            return future.result()
        if call.made is None:
            raise CancelledError
        raise PartlyMadeError(call.made, "cancelled in the middle", "run `pulumi up` to go on")


def _start(work: Callable[[], T], wake: Event) -> Future[T]:
    future: Future[T] = Future()
    future.add_done_callback(lambda _: wake.set())

    def body() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - handed to the waiting thread, whole
            future.set_exception(error)

    Thread(target=body, daemon=True).start()
    return future
