"""A small service for `bench.load` to ask: an answer over HTTP, at most once on each host.

No registry has its image, so that it is loaded on every host, and on every machine that comes.
"""

from __future__ import annotations

import base64
import gzip
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from bench.load import PORT
from bench.network.wire import Image, packed
from components.errors import CommandFailed, FairwayError, RemoteError
from components.host.names import ROUTED_NETWORK
from components.plan import Plan
from components.remote import way
from components.remote.command import Command
from components.remote.endpoint import Endpoint, Session
from components.remote.session import Sessions
from components.remote.wait import wait_until
from components.swarm.look import missing
from components.swarm.managers import LEADER, Managers
from scripts.cli.state import Deployed

NAME = "answerer"
STARTS_WITHIN = 300.0  # seconds
LOOK_EVERY = 0.5  # seconds between two looks for a machine without the image

# At SIGTERM it accepts no more, and each child of httpd ends the answer that it has begun.
SERVE = """\
#!/bin/busybox sh
/bin/busybox httpd -f -p 80 -h /www &
trap "/bin/busybox kill $!; /bin/busybox sleep 0.5; exit 0" TERM
wait
"""

# The image goes by id: by name the Swarm would try to pull it.
CREATE = (
    *("service", "create", "--detach", "--quiet", "--no-resolve-image", "--name", NAME),
    *("--stop-grace-period", "5s"),
    *("--publish", f"mode=host,target=80,published={PORT}"),
)
ROUTED = ("--network", ROUTED_NETWORK, "--endpoint-mode", "dnsrr")
TASKS = (
    *("service", "ps", "--filter", "desired-state=running"),
    *("--format", "{{.Node}} {{.CurrentState}}"),
)


class Service:
    """The service while it is there; others may be made of its `image`, the id.

    `hosts` are where each slot's host answers, by name.
    """

    def __init__(
        self,
        sessions: Sessions,
        hosts: Mapping[str, Endpoint],
        managers: Sequence[str],
        image: Image,
    ) -> None:
        self._sessions, self._hosts, self._managers = sessions, hosts, managers
        self.image = image.id

    def docker(self, *words: str, but: Sequence[str] = (), patience: float = LEADER) -> str:
        """Run docker on the first manager that can, except on those in `but`.

        While managers elect, or none lets us in, they are asked again for `patience` seconds, so
        give only what may be done twice.
        """
        doors = [self._hosts[name] for name in dict.fromkeys(self._managers) if name not in but]
        managers = Managers(doors, self._sessions, patience=patience)
        return managers.run(Command.of("docker", *words)).stdout

    def running(self, name: str = NAME, *, but: Sequence[str] = ()) -> list[str]:
        """The hosts where a replica runs, as the managers see it; none of the dead ones in `but`.

        A manager goes on telling that a dead node's tasks run until it has missed it.
        """
        rows = [line.split() for line in self.docker(*TASKS, name, but=but).splitlines()]
        return sorted(row[0] for row in rows if row[1:2] == ["Running"] and row[0] not in but)


def hosts_of(plan: Plan, deployed: Deployed) -> dict[str, Endpoint]:
    """Where each slot's host answers, and the only key it may show."""
    return {
        slot.name: way.endpoint(
            deployed.seed, plan.environment, slot.name, str(slot.address), deployed.way
        )
        for slot in plan.slots
    }


@contextmanager
def answering(
    plan: Plan,
    deployed: Deployed,
    *,
    replicas: int | None,
    constraints: Sequence[str] = (),
    options: Sequence[str] = ROUTED,
    then: Plan | None = None,
) -> Iterator[Service]:
    """Run `replicas` of the service, all up when this yields; it is removed at the end.

    None is one on each host, also on those that come.

    `constraints` are as for `docker service create`, such as "node.role==worker", `options` any
    more words for it. While this lasts every machine that comes is given the image, as a registry
    would; so are the hosts of `then`, the plan that the cluster is brought to meanwhile.
    """
    plans = (plan, then or plan)
    hosts = {name: host for each in plans for name, host in hosts_of(each, deployed).items()}
    managers = [slot.name for each in plans for slot in each.managers]
    limits = [word for each in constraints for word in ("--constraint", each)]
    with Sessions.of(deployed.seed) as sessions:
        first = next(name for name in managers if name in deployed.machines)
        image = image_from(sessions, hosts[first])
        service = Service(sessions, hosts, managers, image)
        with _kept(image, hosts, deployed):
            try:
                deploy(service, replicas, (*limits, *options))
                yield service
            finally:
                _remove(service)


def deploy(service: Service, replicas: int | None, options: Sequence[str]) -> None:
    """Create the service, and wait until all its replicas run."""
    mode = ("--mode", "global") if replicas is None else ("--replicas", str(replicas))
    many = len(service.docker("node", "ls", "-q").split()) if replicas is None else replicas
    try:
        service.docker(*CREATE, *mode, *options, service.image)
    except CommandFailed as error:
        if "already exists" not in error.stderr:  # by a first try that a busy manager did not tell
            raise

    def all_run() -> bool | None:
        return len(service.running()) == many or None

    wait_until(
        f"{many} replicas",
        all_run,
        where=NAME,
        deadline=STARTS_WITHIN,
        hint=f"docker service ps {NAME}",
        retry_on=(FairwayError,),
        seen=lambda: ", ".join(service.running()),
    )


def _remove(service: Service) -> None:
    try:
        service.docker("service", "rm", NAME)
    except CommandFailed as error:
        if not missing(error):
            raise


def image_from(sessions: Sessions, host: Endpoint) -> Image:
    """The image, made of the host's own static busybox."""
    command = Command.script("gzip -c /bin/busybox | base64 -w0")
    told = sessions.to(host).run(command).stdout
    busybox = gzip.decompress(base64.b64decode(told))
    files = {"bin/busybox": busybox, "serve": SERVE.encode(), "www/index.html": b"well\n"}
    return packed(files, "/bin/busybox", "sh", "/serve")


def give(session: Session, image: Image) -> None:
    """Load the image on a host that lacks it."""
    has = session.run(Command.of("docker", "image", "inspect", image.id), ok=(0, 1))
    if has.status != 0:
        session.run(Command.of("docker", "load", "--quiet"), input=image.content)


@contextmanager
def _kept(image: Image, hosts: Mapping[str, Endpoint], deployed: Deployed) -> Iterator[None]:
    """Give the image to all hosts that stand, and then to every machine that comes."""
    over = threading.Event()
    # Sessions of its own: looking for a machine that is away must not keep anybody waiting.
    with (
        Sessions.of(deployed.seed) as sessions,
        ThreadPoolExecutor(len(hosts) + 1) as pool,
    ):
        standing = [hosts[name] for name in hosts if name in deployed.machines]
        try:
            list(pool.map(lambda host: give(sessions.to(host), image), standing))
            for host in hosts.values():
                pool.submit(_keep, sessions, host, image, over)
            yield
        finally:
            over.set()


def _keep(sessions: Sessions, host: Endpoint, image: Image, over: threading.Event) -> None:
    """Look at one host until `over`. A session that broke may lead to another machine by now."""
    given: Session | None = None
    while not over.wait(LOOK_EVERY):
        try:
            session = sessions.to(host, deadline=10)  # a busy host's handshake takes seconds
            if session is not given:
                give(session, image)
            session.run(Command.of("true"), timeout=5)
            given = session
        except RemoteError:
            sessions.drop(host)
            given = None
