"""The client that asks like a load balancer, against servers on this computer's loopback."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import pytest

from bench import load
from bench.load import Asked, Load, Result, answers
from tests.support.ports import nobody_listens

ANSWER = b"HTTP/1.0 200 OK\r\n\r\nwell\n"
Place = tuple[str, int]


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128  # more are dropped, and come again seconds later
    allow_reuse_address = True

    def __init__(self, place: Place = ("127.0.0.1", 0), answer: bytes = ANSWER) -> None:
        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.rfile.readline()
                self.wfile.write(answer)

        super().__init__(place, Handler)

    @property
    def place(self) -> Place:
        host, port = self.socket.getsockname()
        return str(host), int(port)


@contextmanager
def serving(*wanted: Server) -> Iterator[list[Place]]:
    threads = [threading.Thread(target=each.serve_forever, args=(0.01,)) for each in wanted]
    for thread in threads:
        thread.start()
    try:
        yield [each.place for each in wanted]
    finally:
        for each, thread in zip(wanted, threads, strict=True):
            each.shutdown()
            each.server_close()
            thread.join()


@pytest.fixture
def silent() -> Iterator[Place]:
    """A place that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        yield host, port


@pytest.fixture
def closed() -> Iterator[Place]:
    """A place that refuses, until a Server is there."""
    with nobody_listens() as port:
        yield "127.0.0.1", port


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers and client run in one process: an answer that is late is none of a lost host."""
    monkeypatch.setattr(load, "answers", partial(answers, within=600.0))


def until(asking: Load, asked: int) -> None:
    while asking.so_far.asked < asked:
        time.sleep(0.01)


def test_requests_are_spread_over_the_hosts_that_are_healthy(closed: Place) -> None:
    with serving(Server(), Server()) as (a, b):
        with Load({"a": a, "b": b, "c": closed}, every=0.01) as asking:
            until(asking, 20)
        result = asking.result

    assert (result.failed, result.failed_first) == (0, 0)
    assert set(result.by_host) == {"a", "b"}
    assert abs(result.by_host["a"] - result.by_host["b"]) <= 1
    assert sum(result.by_host.values()) == result.asked


def test_a_host_that_goes_is_one_failed_try_and_no_failed_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(load, "WAITING", 1)  # of several at once, each may try it first
    monkeypatch.setattr(load, "CHECK_EVERY", 3600.0)  # a check may notice before any request
    with serving(Server()) as (a,), ExitStack() as other:
        (b,) = other.enter_context(serving(Server()))
        with Load({"a": a, "b": b}, every=0.02) as asking:
            until(asking, 10)
            other.close()
            until(asking, asking.so_far.asked + 10)
            assert asking.healthy == ("a",)

    assert asking.result.failed == 0
    assert asking.result.failed_first == 1


def test_a_host_that_comes_back_is_asked_again(closed: Place) -> None:
    with serving(Server()) as (a,), Load({"a": a, "b": closed}, every=0.02) as asking:
        until(asking, 5)
        assert asking.healthy == ("a",)
        with serving(Server(closed)):
            while "b" not in asking.so_far.by_host:
                time.sleep(0.01)

    assert asking.result.failed == 0


def test_what_nobody_answers_is_counted_as_failed_and_as_a_gap(
    closed: Place, silent: Place
) -> None:
    with Load({"a": closed, "b": closed}, every=0.02) as asking:
        until(asking, 5)

    result = asking.result
    assert result.failed == result.failed_first == result.asked
    assert result.longest_gap > 0
    assert result.by_host == {}
    assert not answers(*silent, within=0.05)


def test_an_answer_other_than_200_is_none() -> None:
    with serving(Server(answer=b"HTTP/1.0 503 No\r\n\r\n"), Server(answer=b"")) as (a, b):
        assert not answers(*a)
        assert not answers(*b)


def test_the_figures_tell_gap_and_end_of_trouble() -> None:
    told = Result(
        (
            Asked(10.0, 10.1, "a", "a"),
            Asked(10.5, 11.5, "b", "a"),
            Asked(11.0, 13.0, "", "a"),
            Asked(13.5, 13.6, "b", "b"),
        )
    )

    assert (told.asked, told.failed_first, told.failed) == (4, 2, 1)
    assert told.longest_gap == pytest.approx(2.1)
    assert told.trouble() == pytest.approx(3.0)
    assert told.trouble(first=True) == pytest.approx(3.0)
    assert told.since(13.2).trouble(first=True) == 0
    assert told.told() == {
        "asked": 4,
        "failed_first": 2,
        "failed": 1,
        "longest_gap_s": 2.1,
        "by_host": {"a": 1, "b": 2},
    }
