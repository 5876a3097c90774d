"""The way of one verify: look, start probes, ask, judge, and where it failed find out why."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from components.errors import RemoteError
from components.host.names import ROUTED_CONFIG, RULES_SCRIPT
from components.remote.command import Result
from components.remote.wait import Deadline, ignore
from components.remote.wait import Report as Say
from components.verify.checks import Probe, judge, plan_checks
from components.verify.crew import Crew, at_once, brief, succeeded
from components.verify.diagnose import Found, Remembered, diagnose, group
from components.verify.gather import Gathered, idle, unfit
from components.verify.look import Look
from components.verify.model import Fault, NetworkFacts, NetworkView, Opens, Outcome, Target
from components.verify.probe import ask, await_probes, ready_image, running, why_idle
from components.verify.report import Line, Report
from components.verify.scripts import GATHER, LOOK, ON_HOST
from components.verify.way import Sight

HELLO = 20.0  # seconds within which a host that is alive does nothing at all, however busy it is
PATIENCE = 180.0  # seconds for everything; six hosts that are well take under ten


def verify(
    hosts: Sequence[Target],
    network: NetworkFacts,
    sessions: Opens,
    view: NetworkView | None = None,
    report: Say = ignore,
    meanwhile: Callable[[], object] = lambda: None,
) -> Report:
    """Prove with real containers that every host's containers reach every other's as planned.

    Changes nothing but its own probes, which it removes, also after a failure: a container on each
    host, and for a second a port of docker0. What fails is in the report, with the first wrong hop
    of each way; `view` lets it look into the cloud's tables. Ends within three and a half minutes.
    `meanwhile` is called while hosts start their probes, when there is nothing to do here; not
    where it does not come so far.

    Raises:
        VerifyFailed: No host has what a probe is made of.
        RemoteError: A host broke off while the probe's binary was read from it.
    """
    crew = Crew(
        hosts={host.name: host for host in hosts}, sessions=sessions, deadline=Deadline(PATIENCE)
    )
    remembered = Remembered(view) if view else None
    return _Run(
        crew=crew, network=network, view=remembered, say=report, meanwhile=meanwhile
    ).report()


@dataclass(slots=True, kw_only=True)
class _Run:
    """One verify under way, and what it has found so far."""

    crew: Crew
    network: NetworkFacts
    view: Remembered | None
    say: Say
    meanwhile: Callable[[], object]
    probes: dict[str, Probe] = field(default_factory=dict)
    found: list[Found] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    asked: int = 0
    timings: dict[str, float] = field(default_factory=dict)

    def report(self) -> Report:
        with self._stage("total"):
            self._prove(self._fit())
        lines = [
            Line(
                name=h.name,
                zone=h.zone,
                container=self._address(h.name),
                containers=str(h.containers),
            )
            for h in self.crew.hosts.values()
        ]
        return Report(
            environment=self.network.environment,
            hosts=tuple(lines),
            checks=self.asked,
            failures=group(self.found),
            notes=(*self.notes, *self._untold()),
            timings=self.timings,
        )

    def _untold(self) -> tuple[str, ...]:
        """Say in a note that the cloud itself could not be asked where a fault was looked for."""
        trouble = self.view.trouble if self.view else None
        return (f"the cloud's own tables were not looked at: {trouble}",) if trouble else ()

    def _address(self, name: str) -> str:
        return str(self.probes[name].address) if name in self.probes else ""

    def _fit(self) -> dict[str, Gathered]:
        """Look at every host and keep those on which a probe can run."""
        self.say(f"looking at {len(self.crew.hosts)} hosts")
        with self._stage("look"):
            seen = gather(self.crew)
        fit: dict[str, Gathered] = {}
        for name, host in self.crew.hosts.items():
            fault = unfit(host, seen[name], self.view)
            if fault is None:
                fit[name] = seen[name]
            else:
                self._absent(name, fault)
        return fit

    def _absent(self, name: str, fault: Fault) -> None:
        """Note that one host takes no part, which explains all pairs it belongs to."""
        others = [other for other in self.crew.hosts if other != name] or [name]
        for other in others:
            self.found += [(fault, (other, name), "no probe"), (fault, (name, other), "no probe")]

    def _prove(self, fit: Mapping[str, Gathered]) -> None:
        manager = next((host.name for host in fit.values() if host.manager), "")
        if not manager:
            self._swarm_fault(fit, "no manager of the Swarm answers")
            return
        with self._stage("image"):
            image, refused = ready_image(self.crew, fit)
        for name, error in refused.items():
            self._absent(name, _no_image(name, error))
        hosts = [name for name in fit if name not in refused]
        self.say(f"starting a probe container on {len(hosts)} hosts")
        try:
            with running(self.crew, manager, image, hosts, self._stage) as (run, closed):
                self.meanwhile()
                with self._stage("start"):
                    takers = [name for name in hosts if name not in closed]
                    self.probes = await_probes(self.crew, run, takers)
                self._examine(manager, image, run, hosts)
        except RemoteError as error:
            self._swarm_fault(hosts, brief(error))

    def _swarm_fault(self, hosts: Iterable[str], evidence: str) -> None:
        fault = Fault(
            cause="swarm-refuses",
            where="Swarm",
            what="the probe service could not be started",
            evidence=evidence,
            hint="look at `docker node ls` on a manager; a quorum must answer, and where it is lost"
            " for good `./fairway recover STACK` goes on from a manager that is left",
        )
        for name in hosts:
            self._absent(name, fault)

    def _examine(self, manager: str, image: str, run: str, hosts: Sequence[str]) -> None:
        silent = [name for name in hosts if name not in self.probes]
        if silent:
            tasks, nodes = why_idle(self.crew, manager, run)
            for name in silent:
                self._absent(name, idle(self.crew.hosts[name], tasks, nodes))
        targets = tuple(self.crew.hosts.values())
        checks = plan_checks(targets, self.probes, self.network)
        self.asked = len(checks)
        self.say(f"asking {len(checks)} questions between {len(self.probes)} hosts")
        with self._stage("ask"):
            bad, self.notes = judge(ask(self.crew, checks, self.probes, image, run))
        if bad:
            self.say(f"{len(bad)} of {len(checks)} failed; looking for the first wrong hop")
            with self._stage("diagnose"):
                self.found += self._explain(bad)

    def _explain(self, bad: Sequence[Outcome]) -> list[Found]:
        concerned = {name for o in bad for name in o.check.pair if name in self.probes}
        looks = at_once(sorted(concerned), lambda name: look(self.crew, name))
        sight = Sight(
            network=self.network,
            targets=self.crew.hosts,
            probes=self.probes,
            looks=succeeded(looks),
            view=self.view,
        )
        return diagnose(bad, sight)

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        start = time.monotonic()
        try:
            yield
        finally:
            self.timings[name] = round(time.monotonic() - start, 3)


def gather(crew: Crew) -> dict[str, Gathered]:
    """Ask every host about itself at once; one that does not answer is down, with the reason."""

    def one(name: str) -> Result:
        # A kept session to a machine that lost its power hangs; Docker may be slow, this is not.
        crew.shell(name, "true", timeout=HELLO)
        return crew.shell(name, GATHER, ON_HOST, ROUTED_CONFIG, timeout=30)

    results = at_once(crew.hosts, one)
    return {
        name: Gathered(name=name, down=brief(result))
        if isinstance(result, RemoteError)
        else Gathered.parse(name, result.stdout)
        for name, result in results.items()
    }


def look(crew: Crew, name: str) -> Look:
    """Look into one host's kernel."""
    return Look.parse(crew.shell(name, LOOK, RULES_SCRIPT, timeout=20).stdout)


def _no_image(name: str, error: RemoteError) -> Fault:
    return Fault(
        cause="image-refused",
        where=name,
        what="Docker on this host did not take the probe's image",
        evidence=brief(error),
        hint=f"look at `journalctl -u docker` on {name}; is its disk full?",
    )
