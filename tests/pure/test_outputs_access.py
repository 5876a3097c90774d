"""The files and words that an environment leaves for its users."""

from __future__ import annotations

import json
import shlex
import stat
from dataclasses import replace
from io import StringIO
from pathlib import Path

import paramiko
import pytest

from components.clouds.bill import bill
from components.environment import CloudSettings, read_environment
from components.outputs import (
    Bastion,
    SessionManager,
    door,
    inventory,
    known_hosts,
    ssh_config,
    write_access,
)
from components.plan import Plan, make_plan
from components.remote.command import Secret
from components.remote.keys import host_key, new_seed
from components.summary import costs, summary
from tests.pure.test_environment_clouds import sound
from tests.support.environments import by_prefixes, environment

FOLDER = Path("/home/me/fair way/100%/.fairway/lab")
BASTION = Bastion(name="bastion", address="203.0.113.7", host_keys=("ssh-ed25519 GATE",))


@pytest.fixture
def plan() -> Plan:
    return make_plan(environment())


def _keys(plan: Plan) -> dict[str, tuple[str, ...]]:
    return {slot.name: (f"ssh-ed25519 KEY{slot.name}",) for slot in plan.slots}


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
    config = _parsed(ssh_config(plan, Path("/x"), door=BASTION))

    assert config.lookup("a1")["proxyjump"] == "bastion.lab"
    for name in ("bastion", "bastion.lab"):
        seen = config.lookup(name)
        assert (seen["hostname"], seen["user"]) == ("203.0.113.7", "root")
        assert seen["stricthostkeychecking"] == "yes"
        assert seen["userknownhostsfile"] == "/x/known_hosts"
        assert "proxyjump" not in seen


def test_private_hosts_are_reached_through_session_manager_by_our_own_tunnel(plan: Plan) -> None:
    region = SessionManager(region="eu-central-1")
    seen = _parsed(ssh_config(plan, Path("/x"), door=region)).lookup("a1.lab")

    tunnel, *words = shlex.split(seen["proxycommand"])
    assert Path(tunnel).is_file()
    assert words == ["tunnel", "eu-central-1", "lab", "10.97.0.11", "22"]
    assert "proxyjump" not in seen
    assert known_hosts(plan, _keys(plan), door=region) == known_hosts(plan, _keys(plan))


def test_a_way_is_a_door_with_the_bastion_s_own_key_or_none() -> None:
    seed = new_seed()
    assert door(seed, {}) is None
    assert door(seed, {"ssm": "eu-central-1"}) == SessionManager(region="eu-central-1")
    assert door(seed, {"bastion": "203.0.113.7"}) == Bastion(
        name="bastion", address="203.0.113.7", host_keys=(host_key(seed, "bastion").public,)
    )


def test_every_host_has_one_pinned_key(plan: Plan) -> None:
    lines = known_hosts(plan, _keys(plan), door=BASTION).splitlines()

    assert lines[0] == "10.97.0.11,a1.lab ssh-ed25519 KEYa1"
    assert lines[-1] == "203.0.113.7,bastion.lab ssh-ed25519 GATE"
    assert len(lines) == len(plan.slots) + 1


def test_while_keys_are_changed_a_host_may_show_either_and_is_offered_both(
    plan: Plan, tmp_path: Path
) -> None:
    keys = {slot.name: ("ssh-ed25519 NEW", "ssh-ed25519 OLD") for slot in plan.slots}

    write_access(
        tmp_path, plan, host_keys=keys, operator_keys=[Secret("new"), Secret("old")], facts={}
    )

    known = (tmp_path / "known_hosts").read_text(encoding="utf-8").splitlines()
    assert known[:2] == [
        "10.97.0.11,a1.lab ssh-ed25519 NEW",
        "10.97.0.11,a1.lab ssh-ed25519 OLD",
    ]
    config = (tmp_path / "ssh_config").read_text(encoding="utf-8")
    offered = _parsed(config).lookup("a1")["identityfile"]
    assert [Path(file).read_text(encoding="utf-8") for file in offered] == ["new", "old"]
    assert {stat.S_IMODE(Path(file).stat().st_mode) for file in offered} == {0o600}


def test_a_key_that_is_not_accepted_any_more_does_not_stay_on_disk(
    plan: Plan, tmp_path: Path
) -> None:
    for offered in ([Secret("new"), Secret("old")], [Secret("new")]):
        write_access(tmp_path, plan, host_keys=_keys(plan), operator_keys=offered, facts={})

    assert [file.name for file in tmp_path.glob("operator_key*")] == ["operator_key"]
    assert "operator_key_2" not in (tmp_path / "ssh_config").read_text(encoding="utf-8")


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


def test_the_inventory_of_prefixes_says_so_and_has_no_routes() -> None:
    seen = inventory(make_plan(environment(by_prefixes)))

    assert seen["routes"] == {}
    assert seen["network"]["routing"] == "prefixes"
    assert seen["network"]["containers"] == "10.97.8.0/21 10.97.24.0/21 10.97.40.0/21"
    assert "routing" not in inventory(make_plan(environment()))["network"]


def test_the_summary_of_prefixes_counts_those(tmp_path: Path) -> None:
    text = summary(make_plan(environment(by_prefixes)), tmp_path)

    assert "12 prefixes of interfaces" in text
    assert "route table" not in text


def _bought(plan: Plan) -> Plan:
    """The same plan on a cloud; a10 is one that the cloud may take away."""
    cloud = [replace(slot, type="m7i.large", disk=40) for slot in plan.slots]
    spot = [replace(slot, spot=slot.name == "a10") for slot in cloud]
    return replace(plan, slots=tuple(spot))


def test_what_a_cloud_s_instance_is_stands_in_the_inventory(plan: Plan) -> None:
    hosts = inventory(_bought(plan))["hosts"]

    assert (hosts["a1"]["type"], hosts["a1"]["disk"]) == ("m7i.large", 40)
    assert "spot" not in hosts["a1"]
    assert hosts["a10"]["spot"] is True


def test_the_summary_of_a_cloud_names_types_and_what_costs_money() -> None:
    asked = read_environment(sound("aws"), stack="prod", source="x")
    assert isinstance(asked.settings, CloudSettings)
    plan = _bought(make_plan(asked))
    text = summary(plan, Path("x"), billed=bill(plan, asked.settings))

    lines = text.splitlines()
    assert "HOST  ROLE     ZONE  ADDRESS      CONTAINERS       POOL      TYPE       IMAGE" in lines
    (told,) = [part for part in text.split("\n\n") if part.startswith("what costs money: ")]
    assert "5 x m7i.large" in told
    assert "1 x m7i.large (spot)" in told
    assert "3 NAT gateways, 4 public addresses" in " ".join(told.split())
    assert max(map(len, told.splitlines())) <= 100


def test_a_bill_is_written_as_a_list_of_counts() -> None:
    counted = {"instances": {"m7i.large": 6.0}, "nat_gateways": 1, "public_addresses": 2}
    assert costs({**counted, "spot_instances": {}, "disk_gib": 240}) == (
        "6 x m7i.large, 240 GiB of disks, 1 NAT gateway, 2 public addresses,"
        " and traffic between zones and to the internet"
    )


def test_a_summary_without_a_bill_or_types_has_no_word_of_them(plan: Plan) -> None:
    text = summary(plan, Path("x"), billed={})
    assert "costs" not in text
    assert "TYPE" not in text


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
        operator_keys=[Secret("PEM\n")],
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

    write_access(tmp_path, plan, host_keys=_keys(plan), operator_keys=[Secret("new")], facts={})

    assert (tmp_path / "operator_key").read_text(encoding="utf-8") == "new"
    assert stat.S_IMODE((tmp_path / "operator_key").stat().st_mode) == 0o600
