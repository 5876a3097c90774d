"""What a host asks its Docker for verify, held against a Docker that answers from a script."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from components.verify import on_host
from components.verify.scripts import ON_HOST

RUN = "fairway-verify-1"
OF_RUN = {"label": [f"fairway.verify.run={RUN}"]}
MISSING = (404, {"message": "not found"})
INFO = {"Swarm": {"LocalNodeState": "active", "ControlAvailable": True}}


@dataclass
class Docker:
    """Answers by path; what it was asked, and what is left of its containers."""

    swarm: str = "active/worker"
    subnets: list[str] = field(default_factory=lambda: ["10.225.1.0/24"])
    containers: list[str] = field(default_factory=list)
    started: list[str] = field(default_factory=list)
    busy: int = 0  # removals that are refused before one is done
    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def get(self, path: str) -> tuple[int, Any]:
        ranges = [{"Subnet": each} for each in self.subnets]
        network = (200, {"IPAM": {"Config": ranges}}) if ranges else MISSING
        known = {
            "/_ping": (200, None),
            "/info": (200, INFO),
            "/images/json": (200, [{"RepoTags": ["fairway-probe:1-2"]}, {"RepoTags": None}]),
            "/networks/routed-config": network,
            "/events": (200, {"id": self.started[0]} if self.started else None),
            "/containers/json": (200, [{"Id": each} for each in self.containers]),
            **{f"/containers/{each}/json": (200, {"Id": each}) for each in self.started},
        }
        return known.get(path, MISSING)

    def delete(self, path: str) -> tuple[int, Any]:
        self.busy -= 1
        if self.busy >= 0:
            return 409, {"message": "removal is already in progress"}
        self.containers.remove(path.rpartition("/")[2])
        return 204, None


class Handler(BaseHTTPRequestHandler):
    docker: ClassVar[Docker]

    def _reply(self) -> None:
        url = urlsplit(self.path)
        query: dict[str, Any] = {key: values[0] for key, values in parse_qs(url.query).items()}
        if "filters" in query:
            query["filters"] = json.loads(query["filters"])
        self.docker.asked.append((self.command, url.path, query))
        answers = self.docker.delete if self.command == "DELETE" else self.docker.get
        status, value = answers(url.path)
        self.send_response(status)
        if url.path == "/_ping" and self.docker.swarm:
            self.send_header("Swarm", self.docker.swarm)
        self.end_headers()
        if value is not None:
            self.wfile.write(json.dumps(value).encode() + b"\n")

    def __getattr__(self, name: str) -> Any:
        return self._reply if name.startswith("do_") else super().__getattribute__(name)

    def address_string(self) -> str:
        return "the host"

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Docker]:
    made = Docker()
    handler = type("Of", (Handler,), {"docker": made})
    monkeypatch.setattr(on_host, "SOCKET", str(tmp_path / "docker.sock"))
    with Server(str(tmp_path / "docker.sock"), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield made
        server.shutdown()
        thread.join()


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Any:
    return lambda: json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("docker")
def test_a_look_tells_the_swarm_the_images_and_the_subnet(said: Any) -> None:
    assert on_host.main(["look", "routed-config", "fairway-probe"]) == 0
    assert said() == {
        "swarm": "active/worker",
        "images": ["fairway-probe:1-2"],
        "subnet": "10.225.1.0/24",
    }


def test_a_docker_that_does_not_tell_of_the_swarm_at_once_is_asked_at_length(
    docker: Docker, said: Any
) -> None:
    docker.swarm = ""
    on_host.main(["look", "routed-config", "fairway-probe"])
    assert said()["swarm"] == "active/manager"


def test_a_network_that_is_not_there_has_no_subnet(docker: Docker, said: Any) -> None:
    docker.subnets = []
    assert on_host.main(["look", "routed-config", "fairway-probe"]) == 0
    assert said()["subnet"] == ""


def test_a_start_is_heard_of_also_where_it_has_been(docker: Docker, said: Any) -> None:
    docker.started = ["c0ffee"]
    assert on_host.main(["await", RUN, "20"]) == 0
    assert said() == {"Id": "c0ffee"}
    _, _, query = docker.asked[0]
    assert query["filters"] == {**OF_RUN, "event": ["start"]}
    assert int(query["until"]) - int(query["since"]) == 620


@pytest.mark.usefixtures("docker")
def test_a_start_that_does_not_come_ends_with_a_status_of_its_own() -> None:
    assert on_host.main(["await", RUN, "1"]) == 3


def test_what_is_left_of_a_run_is_removed_and_nothing_else(docker: Docker) -> None:
    docker.containers = ["one", "two"]
    assert on_host.main(["clear", RUN, "600"]) == 0
    assert docker.containers == []
    listed = [query for method, path, query in docker.asked if path == "/containers/json"]
    assert all(query["filters"] == OF_RUN for query in listed)
    assert len(listed) == 2


def test_a_removal_that_is_under_way_already_is_waited_for(docker: Docker) -> None:
    docker.containers, docker.busy = ["one"], 2
    assert on_host.main(["clear", RUN, "600"]) == 0


def test_what_cannot_be_removed_in_time_is_told(docker: Docker) -> None:
    docker.containers, docker.busy = ["one"], 1000
    assert on_host.main(["clear", RUN, "0.5"]) == 1


def test_a_docker_that_is_not_there_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(on_host, "SOCKET", str(tmp_path / "nothing"))
    assert on_host.main(["look", "routed-config", "fairway-probe"]) == 1
    assert capsys.readouterr().err.startswith("Docker does not answer: [Errno 2]")


def test_a_docker_that_breaks_off_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = str(tmp_path / "docker.sock")
    monkeypatch.setattr(on_host, "SOCKET", path)
    for said in (b"", b"HTTP/1.0 500 Internal Server Error\r\nServer: Docker\r\n"):
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            ends = threading.Thread(target=break_off, args=(listener, said))
            ends.start()
            assert on_host.main(["clear", RUN, "600"]) == 1
            ends.join()
        Path(path).unlink()
        assert capsys.readouterr().err.startswith("Docker does not answer: ")


def break_off(listener: socket.socket, said: bytes) -> None:
    """Say this to the first who asks, and no more."""
    asking, _ = listener.accept()
    with asking:
        asking.recv(10000)
        asking.sendall(said)


def test_what_is_sent_to_hosts_is_this_text_and_needs_nothing_but_python() -> None:
    assert Path(on_host.__file__).read_text(encoding="utf-8") == ON_HOST
    imported = {line for line in ON_HOST.splitlines() if line.startswith(("import", "from"))}
    assert not any("components" in line for line in imported)
