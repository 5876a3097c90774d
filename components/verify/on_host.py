"""What runs on a host to ask its Docker, over the socket: look | await | clear.

It is sent as text (scripts.ON_HOST). One process for several questions: each command of the docker
client costs the host 25 ms of a core, and `docker info` starts three others besides. This costs as
much as one of them; Python's own client for HTTP would double it.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Sequence
from typing import Any

SOCKET = "/var/run/docker.sock"
WITHIN = 20.0  # seconds for one answer
MISSING = 404


class RefusedError(Exception):
    """Docker answered, with a refusal."""


class Answer:
    """What Docker says to one request: all of it, or the first line of what has no end."""

    def __init__(
        self, method: str, path: str, within: float = WITHIN, *, endless: bool = False
    ) -> None:
        with socket.socket(socket.AF_UNIX) as docker:
            docker.settimeout(within)
            docker.connect(SOCKET)
            # In HTTP/1.0 the body is not cut into chunks, and ends where the connection does.
            docker.sendall(f"{method} {path} HTTP/1.0\r\n\r\n".encode())
            with docker.makefile("rb") as said:
                first = said.readline().split()
                if not first:
                    raise ConnectionError("it closed the connection")
                self.status = int(first[1])
                self.headers: dict[str, str] = {}
                while line := said.readline().strip():
                    name, _, value = line.decode().partition(":")
                    self.headers[name.lower()] = value.strip()
                self.body = said.readline() if endless else said.read()

    @property
    def value(self) -> Any:
        """The JSON that was asked for."""
        if self.status >= 300:
            raise RefusedError(self.body.decode().strip())
        return json.loads(self.body)


def filters(**wanted: str) -> str:
    """The query parameter by which Docker selects."""
    text = json.dumps({name: [value] for name, value in wanted.items()})
    return "filters=" + "".join(f"%{byte:02X}" for byte in text.encode())


def of_run(run: str, **more: str) -> str:
    return filters(label=f"fairway.verify.run={run}", **more)


def look(network: str, repository: str) -> int:
    """Print the state in the Swarm, the probe's images, and the subnet of a network."""
    # Docker before 23 does not say it there.
    swarm = Answer("HEAD", "/_ping").headers.get("swarm")
    if not swarm:
        told = Answer("GET", "/info").value["Swarm"]
        role = "manager" if told["ControlAvailable"] else "worker"
        swarm = f"{told['LocalNodeState']}/{role}"
    images = Answer("GET", f"/images/json?{filters(reference=repository)}").value
    tags = [tag for image in images for tag in image["RepoTags"] or []]
    found = Answer("GET", f"/networks/{network}")
    ranges = [] if found.status == MISSING else found.value["IPAM"]["Config"]
    subnet = ranges[0]["Subnet"] if ranges else ""
    print(json.dumps({"swarm": swarm, "images": tags, "subnet": subnet}))
    return 0


def await_start(run: str, seconds: str) -> int:
    """Print the description of the run's container once it runs; 3 if it does not in time.

    Docker tells of the start, also where it has been before. Looking for it again and again would
    slow down what is waited for.
    """
    now = time.time()
    since, until = int(now) - 600, int(now) + int(seconds)
    path = f"/events?since={since}&until={until}&{of_run(run, event='start')}"
    news = Answer("GET", path, float(seconds) + WITHIN, endless=True).body
    if not news:
        return 3
    print(json.dumps(Answer("GET", f"/containers/{json.loads(news)['id']}/json").value))
    return 0


def clear(run: str, seconds: str) -> int:
    """Remove the run's containers; 1 if some are left.

    Once their service is gone Docker would do it too, in six seconds.
    """
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        left = Answer("GET", f"/containers/json?all=1&{of_run(run)}").value
        if not left:
            return 0
        answers = [Answer("DELETE", f"/containers/{each['Id']}?force=1&v=1") for each in left]
        # It may be in removal already; that has an end.
        if any(answer.status >= 300 for answer in answers):
            time.sleep(0.2)
    return 1


def main(words: Sequence[str]) -> int:
    what, one, two = words
    try:
        return {"look": look, "await": await_start, "clear": clear}[what](one, two)
    except (OSError, RefusedError) as error:
        print(f"Docker does not answer: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
