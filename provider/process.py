"""The plugin as a process: one port on stdout, no work left behind, no life after its engine."""

from __future__ import annotations

import os
import select
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import Any, Final, Protocol, cast

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

# The engine decides how much runs at once (`-p`); a call only waits here for its own thread.
_THREADS: Final = 256
_LONGEST_MESSAGE_BYTES: Final = 400 * 1024 * 1024  # what the engine itself allows


class Served(Protocol):
    """A provider's servicer, which may want to know where its engine is."""

    def attach(self, engine_address: str) -> None: ...


def serve(provider: Served, arguments: list[str]) -> None:
    """Serve the engine that started this process until that engine ends or says so."""
    signal.signal(signal.SIGINT, _end_at_once)
    signal.signal(signal.SIGTERM, _end_at_once)
    _end_with_parent()
    if arguments:
        provider.attach(arguments[0])
    server = grpc.server(  # type: ignore[no-untyped-call]
        ThreadPoolExecutor(max_workers=_THREADS),
        options=[("grpc.max_receive_message_length", _LONGEST_MESSAGE_BYTES)],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(
        cast("provider_pb2_grpc.ResourceProviderServicer", provider), server
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


def _end_at_once(*_: Any) -> None:
    """End without joining threads: a finished answer that nobody reads is a lost resource."""
    os._exit(0)


def _end_with_parent() -> None:
    """End when the engine ends, also when it is killed and can say nothing."""
    if sys.platform != "linux":
        return
    parent = os.pidfd_open(os.getppid())

    def watch() -> None:
        select.select([parent], [], [])
        os._exit(1)

    Thread(target=watch, daemon=True).start()
