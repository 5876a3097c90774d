"""New join tokens and a new authority: what is asked, and when it is done."""

from __future__ import annotations

import itertools
import json

import pytest

from components.errors import DeadlineExceeded, SwarmError
from components.remote.command import Command, Secret
from components.remote.session import Sessions
from components.swarm.managers import Managers
from components.swarm.rotation import check_ready, rotate_ca, rotate_tokens
from tests.support.scripted import ScriptedSession, failed


def managers(host: ScriptedSession) -> Managers:
    return Managers(
        [host.endpoint], Sessions(Secret("key"), opener=lambda *_, **__: host), patience=60
    )


class Tokens(ScriptedSession):
    """A manager with a token for each role; `stuck` keeps the former ones."""

    def __init__(self, *, stuck: bool = False) -> None:
        super().__init__()
        self.numbers = itertools.count(1)
        self.held = dict.fromkeys(("worker", "manager"), "SWMTKN-0")
        self.stuck = stuck
        self.on("join-token", self._told)

    def _told(self, command: Command) -> str:
        role = str(command).split()[-1]
        if "--rotate" in str(command) and not self.stuck:
            self.held[role] = f"SWMTKN-{next(self.numbers)}"
        return f"{self.held[role]}\n"


def test_both_tokens_become_new_and_are_never_told_or_sent() -> None:
    host, told = Tokens(), list[str]()

    rotate_tokens(managers(host), told.append)

    assert "SWMTKN-0" not in host.held.values()
    assert len(told) == 2
    assert "SWMTKN" not in "".join([*told, *host.ran])


def test_a_token_that_did_not_change_is_an_error_that_does_not_show_it() -> None:
    with pytest.raises(SwarmError, match="still name the former one") as caught:
        rotate_tokens(managers(Tokens(stuck=True)))
    assert "SWMTKN" not in str(caught.value)


def info(root: str, issuer: str) -> dict[str, str]:
    return {"TrustRoot": root, "CertIssuerPublicKey": issuer}


def cluster(root: str, issuer: str, *, changing: bool = False) -> str:
    return json.dumps({"TLSInfo": info(root, issuer), "RootRotationInProgress": changing})


def nodes(**told: tuple[str, str]) -> str:
    lines = ({"Hostname": name, "TLSInfo": info(*each)} for name, each in told.items())
    return "\n".join(map(json.dumps, lines))


OLD, NEW = ("old", "old"), ("new", "new")


def test_the_authority_is_new_once_every_node_trusts_it_alone() -> None:
    host, told = ScriptedSession(), list[str]()
    host.on("ca --rotate").on("docker info", cluster("old", "old"), once=True)
    for state in (cluster("old", "new", changing=True), *[cluster("new", "new")] * 2):
        host.on("docker info", state, once=True)
    for seen in (nodes(a1=("old", "new"), b1=OLD), nodes(a1=NEW, b1=("old", "new"))):
        host.on("node inspect", seen, once=True)
    host.on("node inspect", nodes(a1=NEW, b1=NEW))

    rotate_ca(managers(host), told.append)

    assert told == ["old certificates on b1", "the old authority still trusted by b1"]
    assert sum("ca --rotate" in line for line in host.ran) == 1


def test_a_rotation_that_is_under_way_is_waited_for_and_not_begun_again() -> None:
    host, told = ScriptedSession(), list[str]()
    host.on("docker info", cluster("old", "new", changing=True), once=True)
    host.on("docker info", cluster("new", "new")).on("node inspect", nodes(a1=NEW))

    rotate_ca(managers(host), told.append)

    assert told == ["a rotation is under way already: waiting for its end"]


def test_managers_that_change_their_own_certificate_are_asked_again() -> None:
    host = ScriptedSession().on("ca --rotate")
    host.on("docker info", cluster("old", "old"), once=True)
    host.on("docker info", failed(stderr="transport is closing"), once=True)
    host.on("docker info", cluster("new", "new")).on("node inspect", nodes(a1=NEW))

    rotate_ca(managers(host))


def test_a_node_that_does_not_change_is_named_with_the_way_on() -> None:
    host = ScriptedSession().on("ca --rotate")
    host.on("docker info", cluster("old", "old"), once=True)
    host.on("docker info", cluster("old", "new", changing=True))
    host.on("node inspect", nodes(a1=("old", "new"), b1=OLD))

    with pytest.raises(DeadlineExceeded, match=r"found old certificates on b1; bring back") as late:
        rotate_ca(managers(host), deadline=0.0)
    assert "it goes on" in str(late.value)


def test_a_node_that_is_not_ready_is_named_before_anything_is_rotated() -> None:
    rows = (("a1", "Ready"), ("b1", "Down"))
    host = ScriptedSession().on(
        "node ls",
        "\n".join(
            json.dumps(
                {
                    "ID": name,
                    "Hostname": name,
                    "Status": status,
                    "Availability": "Active",
                    "ManagerStatus": "",
                }
            )
            for name, status in rows
        ),
    )
    with pytest.raises(SwarmError, match="not every node is ready: found b1 is down"):
        check_ready(managers(host))
