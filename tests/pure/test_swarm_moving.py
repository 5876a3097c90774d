"""A drained node is kept until its services run elsewhere, and never for ever."""

from __future__ import annotations

import pytest

from components.swarm.node import bring_up, take_down
from tests.support.fake_swarm import world
from tests.support.fake_world import Service, Swarm, World


def complete() -> tuple[World, Swarm]:
    here = world()
    for name in here.hosts:
        bring_up(here.plan(name), here.sessions, here.reports.append)
    here.changes.clear()
    here.reports.clear()
    (swarm,) = here.swarms.values()
    return here, swarm


def down(here: World, name: str) -> None:
    take_down(here.plan(name), here.hosts[name].node_id, here.sessions, here.reports.append)


def test_a_node_leaves_only_when_its_services_run_elsewhere() -> None:
    here, swarm = complete()
    a10, a1 = here.hosts["a10"].node_id, here.hosts["a1"].node_id
    web = Service("web", [a10, a1], wanted=2, slow=3)
    swarm.services.append(web)
    down(here, "a10")
    assert a10 not in web.nodes
    assert len(set(web.nodes)) == 2
    assert a10 not in swarm.nodes
    assert not any("going on without" in said for said in here.reports)


def test_a_task_that_finds_no_place_is_told_of_and_keeps_nobody() -> None:
    here, swarm = complete()
    everywhere = [host.node_id for host in here.hosts.values()]
    swarm.services.append(Service("web", everywhere, wanted=4))
    down(here, "a10")
    assert "no other node can take a task of web" in here.reports
    assert not any("going on without" in said for said in here.reports)


def test_a_service_that_comes_up_too_slowly_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("components.swarm.departure.MOVES_WITHIN", 2.0)
    here, swarm = complete()
    known = here.hosts["a10"].node_id
    swarm.services.append(Service("web", [known], wanted=1, slow=1_000_000))
    down(here, "a10")
    assert "waited 2 s for its tasks to run elsewhere; going on without" in here.reports
    assert known not in swarm.nodes


def test_services_that_were_short_before_or_run_everywhere_are_not_waited_for() -> None:
    here, swarm = complete()
    known = here.hosts["a10"].node_id
    swarm.services += [
        Service("short", [known], wanted=2, slow=1_000_000),
        Service("every", [known], mode="Global", slow=1_000_000),
        Service("elsewhere", [here.hosts["a1"].node_id], wanted=1),
    ]
    down(here, "a10")
    assert not any("waited" in said or "no other node" in said for said in here.reports)
