"""Three views of a network joined: its plan, the cloud's own tables, and probes of containers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from typing import Any

from components.clouds.rules import into_hosts, into_lab_hosts
from components.environment import CloudSettings, Environment, read_stack_file
from components.errors import FairwayError
from components.host.user_data import INTERNET_MTU
from components.plan import Plan, make_plan
from components.remote.session import Sessions
from components.remote.wait import Deadline
from components.verify import Report, asked
from components.verify.compare import Wanted, compare
from components.verify.crew import Crew
from components.verify.hosts import deviations
from components.verify.model import Deviation, GroupRule
from scripts.cli import check
from scripts.cli.state import Deployed
from scripts.workspace import stack_file

PATIENCE = 60.0  # seconds for looking at hosts and cloud while the probes run
Compared = tuple[tuple[Deviation, ...], str]
OUT = GroupRule(direction="out", peer="0.0.0.0/0")


def verify(stack: str, deployed: Deployed, say: Callable[[str], None]) -> Report:
    """Prove the network with containers, and compare all of it with the plan meanwhile.

    Raises:
        FairwayError: The hosts could not be asked, or the stack's file is wrong.
    """
    environment = read_stack_file(stack_file(stack))
    plan = make_plan(environment)
    with Sessions.of(deployed.seed) as sessions, ThreadPoolExecutor(max_workers=2) as pool:
        hosts = pool.submit(_hosts, deployed, sessions)

        @cache
        def cloud() -> Future[Compared]:
            """Not before the probes: what takes longest begins first."""
            return pool.submit(_cloud, environment, plan, deployed.question)

        report = check.prove(stack, deployed, say, sessions, cloud)
        (drift, unseen), own = cloud().result(), hosts.result()
    note = _outdated(stack, plan, deployed.question)
    return replace(report, drift=(*drift, *own), unseen=unseen, notes=(*report.notes, *note))


def _cloud(environment: Environment, plan: Plan, question: Mapping[str, Any]) -> Compared:
    """What is not as planned in the cloud; and why that could not be seen, "" where it was."""
    if not question:
        return (), ""
    try:
        view = asked.view(question)
        return (compare(wanted(environment, plan, question), view.held()), "") if view else ((), "")
    except FairwayError as error:
        return (), str(error)


def wanted(environment: Environment, plan: Plan, question: Mapping[str, Any]) -> Wanted:
    """Hosts and ranges as the last `up` proved them; groups' rules as the stack's file has them."""
    network = asked.facts(question)
    return Wanted(
        hosts=asked.targets(question),
        ranges=network.ranges,
        by_prefixes=network.by_prefixes,
        rules=rules(environment, plan),
        one_piece=environment.cloud == "lab",
    )


def rules(environment: Environment, plan: Plan) -> frozenset[GroupRule]:
    """What the hosts' group is to hold, in the words that all clouds share."""
    settings = environment.settings
    allowed = (
        into_hosts(plan, settings)
        if isinstance(settings, CloudSettings)
        else into_lab_hosts(plan, settings.uplink)
    )
    into = (
        GroupRule(direction="in", peer=str(each.source), protocol=each.protocol, ports=each.ports)
        for each in allowed
    )
    return frozenset((*into, OUT))


def _hosts(deployed: Deployed, sessions: Sessions) -> tuple[Deviation, ...]:
    if not deployed.question:
        return ()
    hosts = {host.name: host for host in asked.targets(deployed.question)}
    told = {name: deployed.duties.get(name, {}) for name in hosts}
    mtu = {name: int(duty.get("mtu", INTERNET_MTU)) for name, duty in told.items()}
    return deviations(Crew(hosts=hosts, sessions=sessions, deadline=Deadline(PATIENCE)), mtu)


def _outdated(stack: str, plan: Plan, question: Mapping[str, Any]) -> tuple[str, ...]:
    """A note where the stack's file is ahead of what stands, or behind."""
    stands = {(host["name"], host["containers"]) for host in question.get("hosts", ())}
    if stands == {(slot.name, str(slot.containers)) for slot in plan.slots}:
        return ()
    note = (
        f"the hosts in the stack's file are not those that stand (`./fairway preview {stack}`): "
        "security groups were compared with the file, all else with what stands"
    )
    return (note,)
