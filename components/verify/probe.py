"""The probe: brought to every host, started as one global service, asked, and taken away."""

from __future__ import annotations

import base64
import gzip
import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from ipaddress import IPv4Address
from typing import Any

from components.errors import RemoteError, VerifyFailed
from components.host.names import ROUTED_NETWORK
from components.remote.wait import Deadline
from components.verify import scripts
from components.verify.checks import Probe, answers, question
from components.verify.crew import TIDY, Crew, at_once, brief, failed, succeeded
from components.verify.gather import Gathered
from components.verify.image import build, tag
from components.verify.model import Check, Outcome, Place

Stage = Callable[[str], AbstractContextManager[None]]
START_LIMIT = 45  # seconds until a task runs; 1 to 2 is usual, and 20 too few on a busy computer
ASK_LIMIT = 60.0


def ready_image(crew: Crew, seen: Mapping[str, Gathered]) -> tuple[str, dict[str, RemoteError]]:
    """Bring the image to the hosts that lack it; gives its tag, and who could not be served.

    The busybox inside comes from the first host that has one, so it fits the hosts' processor
    whatever the operator's computer is.
    """
    first = next((host for host in seen.values() if host.busybox), None)
    if first is None:
        raise VerifyFailed(
            where=", ".join(seen) or "hosts",
            what="no host has the static busybox that probes are made of",
            wanted="/bin/busybox",
            hint="install the package busybox-static on one of them",
        )
    name = tag(first.busybox)
    lacking = [host.name for host in seen.values() if name not in host.images]
    if not lacking:
        return name, {}
    packed = crew.shell(first.name, "gzip -c /bin/busybox | base64 -w0", timeout=60).stdout
    image = build(gzip.decompress(base64.b64decode(packed)), first.machine)
    loads = at_once(
        lacking, lambda host: crew.shell(host, "docker load", stdin=image.content, timeout=120)
    )
    return name, failed(loads)


@contextmanager
def running(
    crew: Crew, manager: str, image: str, hosts: Sequence[str], stage: Stage
) -> Iterator[tuple[str, frozenset[str]]]:
    """Run a probe on every node that takes tasks; gives the run's name, and the nodes that do not.

    Removes all of it at the end, always.
    """
    run = f"fairway-verify-{uuid.uuid4().hex[:12]}"
    try:
        with stage("create"):
            said = crew.shell(manager, scripts.START, image, run, ROUTED_NETWORK, timeout=30)
        yield run, frozenset(said.stdout.split())
    finally:
        with stage("remove"):
            _remove(crew, manager, run, hosts)


def _remove(crew: Crew, manager: str, run: str, hosts: Sequence[str]) -> None:
    """Remove the service, by whichever manager answers, then its containers."""
    tidy = Crew(hosts=crew.hosts, sessions=crew.sessions, deadline=Deadline(TIDY))
    gone = 'docker service rm "$1" 2>&1 || ! docker service inspect "$1" >/dev/null 2>&1'
    for name in dict.fromkeys((manager, *hosts)):
        try:
            tidy.shell(name, f"docker node ls >/dev/null || exit; {gone}", run, timeout=15)
        except RemoteError:
            continue
        break
    words = (scripts.CLEAR, scripts.ON_HOST, run, "10")
    at_once(hosts, lambda host: tidy.shell(host, *words, timeout=20))


def await_probes(crew: Crew, run: str, hosts: Sequence[str]) -> dict[str, Probe]:
    """Wait for the probe of every host and read its address there; who lacks one is left out."""
    words = (scripts.AWAIT_TASK, scripts.ON_HOST, run, str(START_LIMIT))
    results = at_once(
        hosts, lambda host: crew.shell(host, *words, timeout=START_LIMIT + 10, ok=(0, 3))
    )
    probes = {
        name: read_probe(result.stdout)
        for name, result in succeeded(results).items()
        if result.status == 0
    }
    return {name: probe for name, probe in probes.items() if probe is not None}


def read_probe(text: str) -> Probe | None:
    """Read Docker's description of a probe's container; None if it is not on the routed network."""
    container: dict[str, Any] = json.loads(text)
    settings = container["NetworkSettings"]
    address = settings["Networks"].get(ROUTED_NETWORK, {}).get("IPAddress", "")
    bound = settings["Ports"].get(f"{scripts.PUBLISHED_PORT}/tcp") or []
    if not address or not bound:
        return None
    return Probe(
        process=container["State"]["Pid"],
        address=IPv4Address(address),
        published=int(bound[0]["HostPort"]),
    )


def why_idle(crew: Crew, manager: str, run: str) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Ask the Swarm for the tasks of the run, and for each node's state by host name."""
    try:
        part = scripts.sections(crew.shell(manager, scripts.WHY_NOT, run, timeout=20).stdout)
    except RemoteError as error:
        return [], dict.fromkeys(crew.hosts, brief(error))
    tasks, nodes = (
        [json.loads(line) for line in part.get(name, "").splitlines()]
        for name in ("tasks", "nodes")
    )
    return tasks, {node["Hostname"]: f"{node['Status']}, {node['Availability']}" for node in nodes}


def ask(
    crew: Crew, checks: Sequence[Check], probes: Mapping[str, Probe], image: str, run: str
) -> tuple[Outcome, ...]:
    """Ask everything, from all places of all hosts at once: one command per place."""
    work: dict[tuple[str, Place], list[Check]] = {}
    for check in checks:
        work.setdefault((check.source, check.place), []).append(check)

    def one(key: tuple[str, Place]) -> str:
        name, place = key
        script, arguments = _asking(place, probes[name], image, run)
        stdin = question(work[key])
        return crew.shell(name, script, *arguments, stdin=stdin, timeout=_limit(work[key])).stdout

    said = at_once(work, one)
    outcomes: list[Outcome] = []
    for key, asked in work.items():
        text = said[key]
        outcomes += (
            answers(asked, "", brief(text))
            if isinstance(text, RemoteError)
            else answers(asked, text)
        )
    return tuple(outcomes)


def _limit(checks: Sequence[Check]) -> float:
    """Give the seconds for one place: ten more for each wave of 64 that may time out."""
    return ASK_LIMIT + len(checks) / 64 * 10


def _asking(place: Place, probe: Probe, image: str, run: str) -> tuple[str, tuple[str, ...]]:
    match place:
        case "container":
            return scripts.ASK_FROM_CONTAINER, (str(probe.process),)
        case "bridge":
            return scripts.ASK_FROM_BRIDGE, (scripts.PLUG, scripts.ASK, image, run)
        case "host":
            return scripts.ASK_FROM_HOST, (scripts.ASK, image, run)
