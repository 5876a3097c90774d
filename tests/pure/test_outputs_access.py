"""The files and words that an environment leaves for its users."""

from __future__ import annotations

import json
import stat
from io import StringIO
from pathlib import Path

import paramiko
import pytest

from components.outputs import (
    Bastion,
    inventory,
    known_hosts,
    ssh_config,
    summary,
    write_access,
)
from components.plan import Plan, make_plan
from components.remote.command import Secret
from tests.support.environments import environment

FOLDER = Path("/home/me/fair way/100%/.fairway/lab")
BASTION = Bastion(name="gate", address="203.0.113.7", host_key="ssh-ed25519 GATE", user="admin")


@pytest.fixture
def plan() -> Plan:
    return make_plan(environment())


def _keys(plan: Plan) -> dict[str, str]:
    return {slot.name: f"ssh-ed25519 KEY{slot.name}" for slot in plan.slots}


def _parsed(text: str) -> paramiko.SSHConfig:
    return paramiko.SSHConfig.from_file(StringIO(text))


@pytest.mark.parametrize("name", ["c10", "c10.lab"])
def test_a_host_is_found_by_its_short_and_by_its_full_name(plan: Plan, name: str) -> None:
    seen = _parsed(ssh_config(plan, Path("/x"))).lookup(name)

    assert seen["hostname"] == "10.97.32.20"
    assert seen["user"] == "root"
    assert "  IdentityFile /x/operator_key\n" in ssh_config(plan, Path("/x"))
    assert seen["userknownhostsfile"] == "/x/known_hosts"
    assert seen["stricthostkeychecking"] == "yes"
    assert seen["identitiesonly"] == "yes"
    assert "proxyjump" not in seen


def test_other_hosts_of_the_user_are_left_alone(plan: Plan) -> None:
    seen = _parsed(ssh_config(plan, FOLDER)).lookup("example.org")

    assert seen == {"hostname": "example.org"}


def test_paths_are_written_as_openssh_reads_them(plan: Plan) -> None:
    text = ssh_config(plan, FOLDER)

    assert '  IdentityFile "/home/me/fair way/100%%/.fairway/lab/operator_key"\n' in text


def test_private_hosts_are_reached_through_the_bastion(plan: Plan) -> None:
    config = _parsed(ssh_config(plan, Path("/x"), bastion=BASTION))

    assert config.lookup("a1")["proxyjump"] == "gate"
    assert config.lookup("gate")["hostname"] == "203.0.113.7"
    assert config.lookup("gate")["user"] == "admin"
    assert config.lookup("gate")["stricthostkeychecking"] == "yes"
    assert "proxyjump" not in config.lookup("gate")


def test_every_host_has_one_pinned_key(plan: Plan) -> None:
    lines = known_hosts(plan, _keys(plan), bastion=BASTION).splitlines()

    assert lines[0] == "10.97.0.11,a1.lab ssh-ed25519 KEYa1"
    assert lines[-1] == "203.0.113.7 ssh-ed25519 GATE"
    assert len(lines) == len(plan.slots) + 1


def test_a_host_without_a_key_is_never_left_out_silently(plan: Plan) -> None:
    keys = _keys(plan)
    del keys["b1"]

    with pytest.raises(KeyError):
        known_hosts(plan, keys)


def test_the_inventory_holds_every_host_and_survives_json(plan: Plan) -> None:
    seen = json.loads(json.dumps(inventory(plan, swarm="s1", machines={"a1": "a1-3f"})))

    assert seen["swarm"] == "s1"
    assert seen["hosts"].keys() == {slot.name for slot in plan.slots}
    assert seen["hosts"]["a1"] == {
        "role": "manager",
        "zone": "a",
        "pool": "managers",
        "address": "10.97.0.11",
        "containers": "10.227.1.0/24",
        "image": "trixie",
        "labels": {"zone": "a", "pool": "managers"},
        "machine": "a1-3f",
        "node": "",
    }
    assert seen["routes"]["10.227.138.0/24"] == "c10"
    assert seen["zones"]["b"]["subnet"] == "10.97.16.0/20"


def test_the_summary_tells_what_stands_and_what_to_do(plan: Plan) -> None:
    text = summary(plan, Path(".fairway/lab"), connectivity="all ok\n", swarm="k3j")
    lines = text.splitlines()

    assert lines[0] == (
        "lab: 6 hosts in 3 zones, 3 managers (quorum 2), 3 workers,"
        " 6 entries in every route table; Swarm k3j"
    )
    assert "c10   worker   c     10.97.32.20  10.227.138.0/24  workers   trixie" in lines
    assert "all ok" in lines
    assert "a shell on a host  ssh -F .fairway/lab/ssh_config a1" in lines
    assert "tear it down       make down" in lines
    assert any('eval "$(./fairway access --shell lab)"' in line for line in lines)
    assert max(len(line) for line in lines) <= 100
    assert not any(line.endswith(" ") for line in lines)


def test_the_summary_of_another_stack_names_it_in_every_command(plan: Plan) -> None:
    other = make_plan(environment(lambda _: None))
    object.__setattr__(other, "environment", "prod")

    text = summary(other, Path("x"))

    assert "make down STACK=prod" in text
    assert "make picture STACK=prod" in text


def test_the_files_are_for_their_owner_alone(plan: Plan, tmp_path: Path) -> None:
    folder = tmp_path / "state" / "lab"

    write_access(
        folder,
        plan,
        host_keys=_keys(plan),
        operator_key=Secret("PEM\n"),
        facts=inventory(plan),
    )

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "operator_key").stat().st_mode) == 0o600
    assert (folder / "operator_key").read_text(encoding="utf-8") == "PEM\n"
    assert str(folder / "operator_key") in (folder / "ssh_config").read_text(encoding="utf-8")
    assert {path.name for path in folder.iterdir()} == {
        "ssh_config",
        "known_hosts",
        "operator_key",
        "inventory.json",
    }


def test_files_of_an_older_plan_are_replaced(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "operator_key").write_text("old", encoding="utf-8")
    (tmp_path / "operator_key").chmod(0o644)

    write_access(tmp_path, plan, host_keys=_keys(plan), operator_key=Secret("new"), facts={})

    assert (tmp_path / "operator_key").read_text(encoding="utf-8") == "new"
    assert stat.S_IMODE((tmp_path / "operator_key").stat().st_mode) == 0o600
