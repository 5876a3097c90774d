"""A cloud's instance becomes a host: what is waited for, what is kept, how hosts are reached."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from components.errors import HostUnreachable
from components.host import comeback
from components.remote.command import Secret
from components.remote.endpoint import Endpoint
from components.remote.keys import host_key, new_seed
from components.remote.session import Keys, Sessions
from components.swarm.quorum import Quorum
from components.verify import asked
from provider import access, quorum, verify
from provider.host import FirstBoot
from provider.offered import resource_types
from provider.quorum import QuorumType
from provider.resource import Call, Made, PartlyMadeError
from provider.schema import faults
from provider.swarm import NodeType
from provider.verify import ReportType
from provider.wire import UNKNOWN, Values
from tests.support.scripted import ScriptedSession

SEED = new_seed().reveal()
READY_HOST = '{"v1": {"errors": []}}'


def inputs(**more: Any) -> Values:
    place = {"cluster": "prod", "name": "a1", "machine": "i-1", "address": "10.0.0.11"}
    return {**place, "way": {"bastion": "203.0.113.7"}, "seed": SEED, **more}


class Hosts:
    """The pool of sessions of a cluster whose hosts `answer`, or do not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answer = True
        self.deadlines: list[float] = []
        self.opened: list[Endpoint] = []
        pool = Sessions(Secret("key"), opener=self._open)
        monkeypatch.setattr(access, "_sessions", {Secret(SEED): pool})

    def _open(self, endpoint: Endpoint, key: Keys, **told: Any) -> ScriptedSession:
        if endpoint.name == "bastion":
            return ScriptedSession(endpoint)
        self.deadlines.append(told["deadline"])
        if not self.answer:
            raise HostUnreachable(where=endpoint.name, what="is silent", hint="look")
        self.opened.append(endpoint)
        session = ScriptedSession(endpoint).on("result.json", READY_HOST).on("is-active", "active")
        return session.on("docker version", "28").on("fairway-rules", "")


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> Hosts:
    return Hosts(monkeypatch)


def call(**more: Any) -> Call:
    return Call(urn="urn:pulumi:prod::fairway::fairway:host:FirstBoot::a1", report=print, **more)


def test_an_instance_that_lets_us_in_and_has_set_itself_up_is_ready(hosts: Hosts) -> None:
    made = FirstBoot().create(call(), inputs())

    assert made.id == "prod/a1"
    assert (made.outputs["machine"], made.outputs["state"]) == ("i-1", "ready")
    assert "seed" not in made.outputs
    (seen,) = hosts.opened
    assert seen.via is not None
    assert seen.via.address == "203.0.113.7"
    assert 500 < hosts.deadlines[0] <= 600


def test_the_user_s_own_patience_is_kept(hosts: Hosts) -> None:
    FirstBoot().create(call(timeout=300), inputs())
    assert 200 < hosts.deadlines[0] <= 300


def test_an_instance_that_is_silent_is_kept_and_the_next_up_goes_on(hosts: Hosts) -> None:
    kind, hosts.answer = FirstBoot(), False
    with pytest.raises(PartlyMadeError) as caught:
        kind.create(call(), inputs())

    made, (fault, next_step) = caught.value.made, caught.value.reasons
    assert made.outputs["state"] == "starting"
    assert "a1: is silent" in fault
    for way_on in ("console output of the instance i-1", "./fairway ssh prod a1", "pulumi up"):
        assert way_on in next_step
    assert kind.changes(inputs(), made.outputs, inputs()) == {"state": "update"}
    hosts.answer = True
    outputs = kind.update(call(), made, inputs())
    assert outputs["state"] == "ready"
    assert outputs["revision"] != made.outputs["revision"]
    assert kind.changes(inputs(), outputs, inputs()) == {}


def test_another_machine_is_waited_for_anew_and_one_that_is_not_known_yet_counts_as_another(
    hosts: Hosts,
) -> None:
    kind = FirstBoot()
    ready = kind.create(call(), inputs()).outputs

    for machine in ("i-2", UNKNOWN):
        assert kind.changes(inputs(), ready, inputs(machine=machine)) == {"machine": "replace"}
    for led in ({}, UNKNOWN, {"bastion": UNKNOWN}):
        assert kind.changes(inputs(), ready, inputs(way=led)) == {}


def test_no_session_to_the_machine_before_leads_to_the_new_one(hosts: Hosts) -> None:
    kind = FirstBoot()
    made = kind.create(call(), inputs())
    kind.create(call(), inputs(machine="i-2"))
    assert len(hosts.opened) == 2
    kind.delete(call(), Made(made.id, made.outputs), inputs())
    kind.update(call(), made, inputs())
    assert len(hosts.opened) == 3


def test_looking_at_a_first_boot_changes_nothing(hosts: Hosts) -> None:
    made = Made("prod/a1", {"state": "starting"})
    assert FirstBoot().read(call(), made, inputs()) == (inputs(), made.outputs)
    assert hosts.deadlines == []


def test_every_type_is_found_by_its_own_token() -> None:
    offered = resource_types()
    assert {token: offered[token].urn_type for token in offered} == {each: each for each in offered}
    assert offered["fairway:lab:Machine"] is offered["fairway:lab:Machine"]
    assert "fairway:lab:Cow" not in offered


WAYS: list[tuple[Values, str]] = [
    ({}, "a1 (root@10.0.0.11:22)"),
    ({"bastion": "203.0.113.7"}, "a1 (root@10.0.0.11:22 via bastion)"),
    ({"ssm": "eu-central-1"}, "a1 (root@10.0.0.11:22 through a tunnel)"),
]


@pytest.mark.parametrize(("led", "text"), WAYS)
def test_a_way_leads_to_the_private_address_and_to_no_other_key(led: Values, text: str) -> None:
    seen = access.endpoint_of(inputs(way=led), "a1", "10.0.0.11")
    assert str(seen) == text
    assert seen.host_key == host_key(Secret(SEED), "a1").public


def test_the_bastion_has_a_pinned_key_of_its_own() -> None:
    via = access.endpoint_of(inputs(), "a1", "10.0.0.11").via
    assert via is not None
    assert via.host_key == host_key(Secret(SEED), "bastion").public
    assert (via.user, via.port) == ("root", 22)


def test_session_manager_is_a_command_of_this_checkout() -> None:
    seen = access.endpoint_of(inputs(way={"ssm": "eu-central-1"}), "a1", "10.0.0.11")
    assert seen.proxy[0].endswith("/fairway")
    assert seen.proxy[1:] == ("tunnel", "eu-central-1", "prod", "10.0.0.11", "22")


NODE: Values = {
    "cluster": "prod",
    "name": "a1",
    "machine": "i-1",
    "address": "10.0.0.11",
    "role": "worker",
    "containers": "10.1.0.0/24",
    "labels": {},
    "managers": [],
    "overlays": "10.2.0.0/16",
    "gwbridge": "172.30.0.0/24",
    "seed": SEED,
}


def test_a_node_of_a_state_without_mtu_and_way_stays_as_it_is() -> None:
    kind, stands = NodeType(), {"state": "ready", "comeback": comeback.fingerprint()}
    assert faults("Node a1", kind.fields, NODE) == []
    assert kind.changes(NODE, stands, {**NODE, "mtu": 1500, "way": {}}) == {}
    assert kind.changes(NODE, stands, {**NODE, "mtu": 9001}) == {"mtu": "update"}


def question(**more: Any) -> Values:
    place = {"name": "a1", "zone": "a", "address": "10.0.0.11", "containers": "10.1.0.0/24"}
    network = {"vpc": "10.0.0.0/16", "containers": "10.1.0.0/16", "hosts": "swarm"}
    asks = {"cluster": "prod", "hosts": [place], "network": network, "view": {}}
    return {**asks, "way": {}, "triggers": {}, "seed": SEED, **more}


def test_a_report_is_not_made_again_for_another_way_to_the_same_hosts() -> None:
    kind, old = ReportType(), question()
    proved = {"fingerprint": verify._fingerprint(old)}
    for led in ({"bastion": "203.0.113.7"}, {"bastion": UNKNOWN}, UNKNOWN):
        assert kind.changes(old, proved, question(way=led)) == {}
    wider = question(network={**old["network"], "hosts": "services"})
    assert kind.changes(old, proved, wider).keys() == {"network", "fingerprint"}


def managers(led: object, *names: str) -> Values:
    places = dict.fromkeys(names, "10.0.0.11")
    marks = dict.fromkeys(names, "made")
    guarded = {"cluster": "prod", "managers": places, "fingerprints": marks, "seed": SEED}
    return {**guarded, "overlays": "10.2.0.0/16", **({} if led is None else {"way": led})}


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[Endpoint]:
    """The managers that were asked; all of them are lost but one."""
    seen: list[Endpoint] = []

    def look(places: list[Endpoint], pool: object, cluster: str) -> Quorum:
        seen.extend(places)
        return Quorum(leaderless=frozenset({"a1"}), silent=frozenset({"b1", "c1"}))

    monkeypatch.setattr(quorum, "look_at_quorum", look)
    return seen


NEW = {"bastion": "203.0.113.9"}
GUARDED: list[tuple[object, object, str]] = [
    ({}, {"bastion": UNKNOWN}, "straight"),
    ({"bastion": "203.0.113.7"}, UNKNOWN, "203.0.113.7"),
    ({"bastion": "203.0.113.7"}, NEW, "203.0.113.9"),
    (None, {}, "straight"),
]


@pytest.mark.parametrize(("before", "after", "by"), GUARDED)
def test_managers_are_asked_by_the_newest_way_that_is_known(
    looked: list[Endpoint], before: object, after: object, by: str
) -> None:
    old, new = managers(before, "a1", "b1", "c1"), managers(after, "a1", "b1", "c1", "d1", "e1")
    _, errors = QuorumType().check("Quorum prod", old, new)

    assert "lost its quorum" in str(errors[0])
    assert {each.via.address if each.via else "straight" for each in looked} == {by}


def test_without_any_known_way_the_managers_are_judged_by_their_number(
    looked: list[Endpoint],
) -> None:
    old = managers(None, "a1", "b1", "c1")
    fewer = managers({"bastion": UNKNOWN}, "a1")
    more = managers({"bastion": UNKNOWN}, "a1", "b1", "c1", "d1", "e1")

    assert "2 of 3 managers" in str(QuorumType().check("Quorum prod", old, fewer)[1][0])
    assert QuorumType().check("Quorum prod", old, more)[1] == []
    assert looked == []


def test_a_question_is_read_with_its_way_and_what_hosts_may_open() -> None:
    told = question(way={"bastion": "203.0.113.7"})
    (target,) = asked.targets(told)
    assert target.endpoint == access.endpoint_of(told, "a1", "10.0.0.11")
    assert asked.facts(told).between_hosts == "swarm"
    assert asked.facts(question(network={"vpc": "10.0.0.0/16", "containers": "10.1.0.0/16"})) == (
        replace(asked.facts(told), between_hosts="services")
    )
