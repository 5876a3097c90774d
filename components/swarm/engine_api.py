"""Docker's API through its socket: joining and beginning, so that no command line has a token.

`docker swarm join` takes its token as an argument, which every process of the host can read;
`docker swarm init` prints one. Here the request goes through standard input to a few lines of
Python, which every machine that cloud-init configured can run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from components.errors import CommandFailed
from components.remote.command import Command, Secret
from components.remote.endpoint import Session
from components.swarm.managers import Managers
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
_GET = """\
import http.client, json, socket, sys, urllib.parse
found = {}
for name, path in json.loads(sys.argv[1]).items():
    docker = http.client.HTTPConnection("docker")
    docker.sock = socket.socket(socket.AF_UNIX)
    docker.sock.settimeout(25)
    docker.sock.connect("/var/run/docker.sock")
    docker.request("GET", urllib.parse.quote(path, safe="/?="))
    answer = docker.getresponse()
    said = answer.read().decode()
    if answer.status != 200:
        sys.exit("%s: %s" % (path, said.strip()))
    found[name] = json.loads(said)
json.dump(found, sys.stdout)
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


def begin_again(session: Session, address: str, overlays: str) -> None:
    """Go on as the only manager of the Swarm whose state this host has. Autolock is off then."""
    body = {
        **_addresses(address),
        "ForceNewCluster": True,
        "DefaultAddrPool": [overlays],
        "SubnetSize": subnet_size(overlays),
    }
    _post(session, "/swarm/init", body)


def unlock(session: Session, key: Secret) -> None:
    """Give a locked manager its key."""
    _post(session, "/swarm/unlock", {"UnlockKey": key.reveal()})


def join(session: Session, step: Join, token: Secret) -> None:
    """Join through one of the doors."""
    body = {
        **_addresses(step.address),
        "RemoteAddrs": list(step.doors),
        "JoinToken": token.reveal(),
    }
    _post(session, "/swarm/join", body)


def get(managers: Managers, paths: Mapping[str, str]) -> dict[str, Any]:
    """What a manager's API answers to each of these paths, by the same names.

    Raises:
        CommandFailed: No manager has a leader to ask.
        HostUnreachable: No manager answered.
    """
    asked = Command.of("python3", "-c", _GET, json.dumps(dict(paths)))
    found: dict[str, Any] = json.loads(managers.run(asked).stdout)
    return found


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
