"""`./fairway rotate`: keys, tokens and the authority become new while the cluster stands."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from components.errors import HostKeyMismatch, LoginRefused
from components.remote.command import Command
from components.remote.keys import host_key, operator_key
from components.remote.session import Sessions
from components.remote.way import endpoint
from lab.lab import Lab
from lab.model import Machine
from scripts.cli.state import Deployed
from tests.support.becomes import becomes
from tests.support.checkout import Checkout, lab_checkout
from tests.support.stage import config

STACK = "t14"
MANAGERS = ("a1", "b1", "c1")
WITHIN = 1800.0  # seconds for a rotation to come as far as a test wants it
# A second Docker engine beside the host's own: one that is in no Swarm.
STRANGER = """\
echo {} > /run/second.json
dockerd --config-file /run/second.json --host unix:///run/second.sock --bridge none \
  --iptables=false --data-root /var/lib/docker/second --exec-root /run/second \
  --pidfile /run/second.pid --containerd-namespace second >/run/second.log 2>&1 &
for _ in $(seq 3000); do
  docker --host unix:///run/second.sock info >/dev/null 2>&1 && break
  sleep 0.1
done
"""
# A join that a busy manager does not answer goes on in the background after 20 s.
JOINS = """\
second="docker --host unix:///run/second.sock"
while said=$($second swarm join --token $1 $2:2377 2>&1 || true); do
  case $said in *"Timeout was reached"* | *"deadline exceeded"*) ;; *) break ;; esac
  $second swarm leave --force || true
done
echo "$said"
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    wanted = config("lab", managers="abc", workers="", ranges=(104, 234))
    with lab_checkout(tmp_path_factory.mktemp("rotate"), STACK, wanted) as made:
        made.make("up").good()
        yield made


def nodes(checkout: Checkout, field: str) -> dict[str, str]:
    """A field of `docker node ls` by host."""
    listed = checkout.sh("a1", "docker", "node", "ls", "--format", "{{.Hostname}} {{.%s}}" % field)  # noqa: UP031
    return dict(line.split() for line in listed.splitlines())


def tokens(checkout: Checkout) -> dict[str, str]:
    words = ("docker", "swarm", "join-token", "--quiet")
    return {role: checkout.sh("a1", *words, role).strip() for role in ("worker", "manager")}


def test_after_new_tokens_an_engine_with_a_former_one_is_refused(checkout: Checkout) -> None:
    former = tokens(checkout)

    told = checkout.fairway("rotate", STACK, "tokens", "--yes").good().text

    assert not set(former.values()) & set(tokens(checkout).values())
    assert "SWMTKN" not in told
    checkout.sh("b1", "sh", "-c", STRANGER)
    manager = str(checkout.plan.slot("a1").address)
    for token in former.values():
        answer = checkout.sh("b1", "sh", "-c", JOINS, "sh", token, manager)
        assert "valid join token is necessary" in answer
    checkout.sh("b1", "sh", "-c", "kill $(cat /run/second.pid)")


def test_a_new_authority_reaches_every_node_and_none_is_lost(checkout: Checkout) -> None:
    former, before = checkout.sh("a1", "docker", "swarm", "ca"), nodes(checkout, "ID")

    told = checkout.fairway("rotate", STACK, "ca", "--yes").good().text

    assert "every node" in told
    new = checkout.sh("a1", "docker", "swarm", "ca")
    assert new != former
    for name in MANAGERS:
        trusted = checkout.sh(name, "cat", "/var/lib/docker/swarm/certificates/swarm-root-ca.crt")
        assert trusted.strip() == new.strip()
    becomes(lambda: nodes(checkout, "ID"), before)
    becomes(lambda: set(nodes(checkout, "Status").values()), {"Ready"})


def until_a_second_host_is_replaced(checkout: Checkout, before: Deployed) -> None:
    limit, lab = time.monotonic() + WITHIN, Lab.open(STACK, recover=False)
    while time.monotonic() < limit:
        held = lab.get(Machine, "b1")
        if held is not None and held.status.id != before.machines["b1"]:
            return
        time.sleep(0.2)
    raise AssertionError("b1 was not replaced")


def test_keys_become_new_one_host_after_the_other_also_when_it_is_interrupted(
    checkout: Checkout,
) -> None:
    before, swarm = checkout.deployed(), nodes(checkout, "ID")

    rotation = checkout.start(str(checkout.folder / "fairway"), "rotate", STACK, "keys", "--yes")
    until_a_second_host_is_replaced(checkout, before)
    os.killpg(rotation.pid, signal.SIGINT)
    told, _ = rotation.communicate(timeout=WITHIN)

    assert rotation.returncode == 1, told
    assert f"run `./fairway rotate {STACK} keys` to go on" in told
    # A host of after and one of before, each with its own key.
    assert {checkout.sh(name, "hostname").strip() for name in ("a1", "c1")} == {"a1", "c1"}

    ended = checkout.fairway("rotate", STACK, "keys", "--yes").good().text

    assert "3 hosts show their new keys and refuse the operator's former one" in ended
    after = checkout.deployed()
    assert checkout.config["keys"] == {"generation": 2, "accept": []}
    assert set(after.machines.values()).isdisjoint(before.machines.values())
    assert after.swarm == before.swarm
    becomes(lambda: set(nodes(checkout, "Status").values()), {"Ready"})
    assert set(nodes(checkout, "ID").values()).isdisjoint(swarm.values())
    assert set(after.seeds.values()) == {before.seed, after.seed}
    assert "PRIVATE KEY" not in told + ended

    refuses_the_former_operator(checkout, before, after)
    shows_an_old_key(checkout, before, after)


def refuses_the_former_operator(checkout: Checkout, before: Deployed, after: Deployed) -> None:
    for slot in checkout.plan.slots:
        host = endpoint(after.seed, STACK, slot.name, str(slot.address), {})
        with Sessions(operator_key(before.seed).private) as former, pytest.raises(LoginRefused):
            former.to(host)


def shows_an_old_key(checkout: Checkout, before: Deployed, after: Deployed) -> None:
    """A host that has its former key again is nobody that we know."""
    slot = checkout.plan.slot("c1")
    host = endpoint(after.seed, STACK, "c1", str(slot.address), {})
    with Sessions.of(after.seed) as opened:
        session = opened.to(host)
        old = host_key(before.seed, "c1").private.reveal().encode()
        session.put("/etc/ssh/ssh_host_ed25519_key", old, 0o600)
        session.run(Command.of("systemctl", "restart", "ssh"))
    with Sessions.of(after.seed) as opened, pytest.raises(HostKeyMismatch):
        opened.to(host)
    refused = checkout.fairway("ssh", STACK, "c1", "true")
    assert refused.status != 0
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in refused.text
