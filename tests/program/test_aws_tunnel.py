"""`./fairway tunnel` against moto's server, with an `aws` that relays to this computer."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from scripts.workspace import ROOT
from tests.support.moto_account import REGION, Built, account, environment
from tests.support.ports import nobody_listens

# Stands for the command line: it relays to the port that it is asked for, on this computer.
AWS = f"""\
#!{sys.executable}
import os, socket, sys, threading
words = sys.argv[1:]
with open(os.environ["SEEN"], "w") as file:
    file.write(" ".join(words))
port = int(words[words.index("--parameters") + 1].partition("=")[2])
far = socket.create_connection(("127.0.0.1", port))
def up():
    while data := os.read(0, 65536):
        far.sendall(data)
    far.shutdown(socket.SHUT_WR)
threading.Thread(target=up, daemon=True).start()
while data := far.recv(65536):
    os.write(1, data)
"""


@pytest.fixture(scope="module")
def built() -> Iterator[Built]:
    with account() as made:
        yield Built(made, environment())


@pytest.fixture(scope="module")
def endpoint(built: Built) -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
    assert built


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder that alone is on PATH, with an `aws` and its plugin."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("aws", AWS), ("session-manager-plugin", "#!/bin/sh\n")):
        (folder / name).write_text(text)
        (folder / name).chmod(stat.S_IRWXU)
    return folder


def words(address: str, port: int = 22) -> list[str]:
    tunnel = ["-m", "scripts.cli", "tunnel", REGION, "prod", address, str(port)]
    return [sys.executable, *tunnel]


def surroundings(endpoint: str, programs: Path) -> dict[str, str]:
    return {
        "PATH": str(programs),
        "PYTHONPATH": str(ROOT),
        "SEEN": str(programs / "seen"),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "y",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def told(endpoint: str, programs: Path, address: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        words(address),
        env=surroundings(endpoint, programs),
        cwd=ROOT,
        input=b"",
        capture_output=True,
        check=False,
    )


def _turned(listener: socket.socket) -> None:
    """Answer one connection with what it sent, backwards, once it has sent all."""
    near, _ = listener.accept()
    with near:
        parts = iter(lambda: near.recv(65536), b"")
        near.sendall(b"".join(parts)[::-1])


def test_bytes_of_every_kind_go_both_ways(built: Built, endpoint: str, programs: Path) -> None:
    sent = bytes(range(256)) * 1000
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_turned, args=(listener,), daemon=True).start()
        done = subprocess.run(
            words("10.97.16.11", listener.getsockname()[1]),
            env=surroundings(endpoint, programs),
            cwd=ROOT,
            input=sent,
            capture_output=True,
            check=True,
        )
        assert done.stdout == sent[::-1]
        port = listener.getsockname()[1]
    assert done.stderr == b""
    assert (programs / "seen").read_text() == (
        f"ssm start-session --target {built.hosts['b1']} --document-name AWS-StartSSHSession "
        f"--parameters portNumber={port} --region {REGION}"
    )


@pytest.mark.parametrize("program", ["aws", "session-manager-plugin"])
def test_a_program_that_is_missing_is_named(endpoint: str, programs: Path, program: str) -> None:
    (programs / program).unlink()
    done = told(endpoint, programs, "10.97.16.11")
    assert (done.returncode, done.stdout) == (1, b"")
    assert f"found no {program} on PATH".encode() in done.stderr


def test_an_address_of_no_running_host_is_an_error(endpoint: str, programs: Path) -> None:
    done = told(endpoint, programs, "10.97.16.99")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"no single running host of prod has address 10.97.16.99: found none" in done.stderr


def test_two_instances_that_claim_one_address_are_named(
    built: Built, endpoint: str, programs: Path
) -> None:
    other = Built(built.account, environment())
    done = told(endpoint, programs, "10.97.32.11")
    built.account.ec2.terminate_instances(InstanceIds=list(other.hosts.values()))
    assert (done.returncode, done.stdout) == (1, b"")
    for name in (built.hosts["c1"], other.hosts["c1"]):
        assert name.encode() in done.stderr


def test_an_api_that_does_not_answer_is_one_message(programs: Path) -> None:
    with nobody_listens() as port:
        done = told(f"http://127.0.0.1:{port}", programs, "10.97.16.11")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"error: AWS eu-central-1: no answer: found no answer from 127")
    assert b"Traceback" not in done.stderr
