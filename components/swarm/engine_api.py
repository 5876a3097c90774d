"""Joining and beginning through Docker's socket, so that a join token is on no command line.

`docker swarm join` takes its token as an argument, which every process of the host can read;
`docker swarm init` prints one. Here the request goes through standard input to a few lines of
Python, which every machine that cloud-init configured can run.
"""

from __future__ import annotations

import json

from components.errors import CommandFailed
from components.remote.command import Command, Secret
from components.remote.endpoint import Session
from components.swarm.model import CLUSTER_LABEL, SWARM_PORT
from components.swarm.steps import Initialise, Join

WITHIN = 60.0  # seconds; Docker itself answers a join after 20 and goes on in the background

_POST = """\
import http.client, socket, sys
docker = http.client.HTTPConnection("docker")
docker.sock = socket.socket(socket.AF_UNIX)
docker.sock.settimeout(float(sys.argv[2]))
docker.sock.connect("/var/run/docker.sock")
docker.request("POST", sys.argv[1], sys.stdin.buffer.read(), {"Content-Type": "application/json"})
answer = docker.getresponse()
said = answer.read().decode(errors="replace").strip()
sys.exit(0 if answer.status == 200 else said or "status %d" % answer.status)
"""


def initialise(session: Session, step: Initialise) -> None:
    """Begin a Swarm whose own label says whose it is."""
    overlays = step.overlays
    body = {
        **_addresses(step.address),
        "DefaultAddrPool": [overlays],
        "SubnetSize": subnet_size(overlays),
        "Spec": {"Labels": {CLUSTER_LABEL: step.cluster}},
    }
    _post(session, "/swarm/init", body)


def join(session: Session, step: Join, token: Secret) -> None:
    """Join through one of the doors."""
    body = {
        **_addresses(step.address),
        "RemoteAddrs": list(step.doors),
        "JoinToken": token.reveal(),
    }
    _post(session, "/swarm/join", body)


def subnet_size(overlays: str) -> int:
    """The prefix length of one overlay network: /24, or a sixteenth of a small range."""
    return max(24, min(29, int(overlays.split("/")[1]) + 4))


def _addresses(address: str) -> dict[str, object]:
    return {
        "ListenAddr": f"{address}:{SWARM_PORT}",
        "AdvertiseAddr": address,
        "DataPathAddr": address,
    }


def _post(session: Session, path: str, body: dict[str, object]) -> None:
    command = Command.of("python3", "-c", _POST, path, int(WITHIN))
    try:
        session.run(command, input=json.dumps(body).encode(), timeout=WITHIN + 15)
    except CommandFailed as error:
        raise refused(session, path, error) from error


def refused(session: Session, path: str, error: CommandFailed) -> CommandFailed:
    """The same failure without the program's text, which would hide what Docker said."""
    return CommandFailed(
        where=session.endpoint.name,
        what=f"Docker refused {path}",
        found=said(error.stderr),
        hint="see `journalctl -u docker` on the host",
        status=error.status,
        stdout=error.stdout,
        stderr=error.stderr,
    )


def said(text: str) -> str:
    """Docker's own words out of its JSON answer."""
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text.strip()
