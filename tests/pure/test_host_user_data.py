"""What a host is told at boot."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import components.host
from components.environment import Network
from components.errors import ConfigError
from components.host import names
from components.host.engine import daemon_config, local_pool
from components.host.user_data import LARGEST, digest, user_data
from components.remote.keys import host_key, new_seed, operator_key
from tests.support.host_plan import NETWORK, PREFIXES, slot

SEED = new_seed()
HOST = host_key(SEED, "a1")
OPERATOR = operator_key(SEED).public


def render(network: Network = NETWORK, *, keys: int = 1, mtu: int = 1500) -> str:
    return user_data(
        slot(),
        network,
        environment="prod",
        host_key=HOST,
        authorized_keys=[OPERATOR] * keys,
        mtu=mtu,
    )


def document(text: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def written(text: str) -> dict[str, str]:
    return {file["path"]: file["content"] for file in document(text)["write_files"]}


def test_it_is_a_cloud_config_well_below_what_every_cloud_takes() -> None:
    text = render(keys=10)
    assert text.startswith("#cloud-config\n")
    assert isinstance(document(text), dict)
    assert len(text.encode()) < LARGEST * 0.85


def test_too_many_keys_for_the_clouds_are_an_error_that_names_the_setting() -> None:
    with pytest.raises(ConfigError, match=r"a1.*at most 16384.*fairway:operators"):
        render(keys=200)


def test_the_same_slot_gives_the_same_text() -> None:
    assert render() == render()
    assert digest(render()) == digest(render())
    assert digest(render()) != digest(render(mtu=9001))


def test_a_host_has_the_derived_key_and_no_other() -> None:
    config = document(render())
    assert config["ssh_keys"] == {
        "ed25519_private": HOST.private.reveal(),
        "ed25519_public": HOST.public,
    }
    assert config["ssh_deletekeys"] is True
    sshd = written(render())[names.SSHD_FILE]
    assert "HostKey /etc/ssh/ssh_host_ed25519_key\n" in sshd
    assert sshd.count("HostKey ") == 1


def test_only_the_given_keys_log_in_and_no_password_does() -> None:
    config = document(render())
    assert config["ssh_authorized_keys"] == [OPERATOR]
    assert (config["disable_root"], config["ssh_pwauth"]) == (False, False)
    assert config["users"] == [{"name": "root"}]
    assert "PasswordAuthentication no" in written(render())[names.SSHD_FILE]


def test_forwarding_is_on_before_the_first_dockerd_and_after_every_reboot() -> None:
    (words,) = document(render())["bootcmd"]
    assert words[:2] == ["sysctl", "-qw"]
    assert "net.ipv4.ip_forward=1" in words
    assert "net.ipv4.ip_forward = 1" in written(render())[names.SYSCTL_FILE]


def test_only_the_networks_own_switches_are_set() -> None:
    # Others are the whole computer's where machines share its kernel.
    (words,) = document(render())["bootcmd"]
    assert all(word.startswith("net.ipv4.") for word in words[2:])


def test_the_facts_of_the_host_are_those_of_its_slot() -> None:
    facts = written(render())[names.HOST_FACTS]
    for line in (
        "SLOT=a1",
        "VPC=10.93.0.0/16",
        "RANGE=10.223.0.0/16",
        "CONTAINERS=10.223.1.0/24",
        "GWBRIDGE=192.168.214.0/24",
        "OUTSIDE_MSS=1460",
    ):
        assert f"{line}\n" in facts


def test_a_host_of_prefixes_knows_every_zones_range() -> None:
    facts = written(render(PREFIXES))[names.HOST_FACTS]

    assert "RANGES='10.223.1.0/24 10.224.2.0/24 10.225.3.0/24'\n" in facts
    assert "RANGE=" not in facts
    assert len(render(PREFIXES, keys=10).encode()) < LARGEST * 0.85


def test_the_rules_for_one_range_are_told_as_they_always_were() -> None:
    # Another text makes a new machine of every host.
    own = Path(components.host.__file__).parent / "files" / "fairway-rules"

    assert written(render())[names.RULES_SCRIPT] == own.read_text()


def test_the_rules_for_several_ranges_are_a_whole_script_and_ask_for_no_single_range() -> None:
    script = written(render(PREFIXES))[names.RULES_SCRIPT]

    subprocess.run(["sh", "-n"], input=script, text=True, check=True)
    assert "$RANGE" not in script.replace("$RANGES", "")
    for name in ("rule", "forwarding", "bridges", "user_chain", "masquerade", "untracked", "clamp"):
        assert script.count(f"\n{name}() {{") == 1
    assert script.endswith("exit $missing\n")


@pytest.mark.parametrize(
    ("mtu", "segment"), [(9001, 1460), (8500, 1460), (1500, 1460), (1400, 1360)]
)
def test_segments_to_the_outside_fit_the_smaller_of_the_two_worlds(mtu: int, segment: int) -> None:
    assert f"OUTSIDE_MSS={segment}\n" in written(render(mtu=mtu))[names.HOST_FACTS]
    assert json.loads(written(render(mtu=mtu))[names.DAEMON_CONFIG])["mtu"] == mtu


def test_programs_may_be_run_and_texts_may_not() -> None:
    modes = {file["path"]: file["permissions"] for file in document(render())["write_files"]}
    assert modes[names.RULES_SCRIPT] == modes[names.SETUP_SCRIPT] == "0755"
    assert modes[names.HOST_FACTS] == modes[names.DAEMON_CONFIG] == "0644"


# What dockerd 20.10 knows; an unknown key keeps it from starting.
OLDEST = {
    "bip",
    "default-address-pools",
    "log-driver",
    "log-opts",
    "mtu",
    "no-new-privileges",
    "userland-proxy",
}


def test_the_engine_settings_are_understood_by_the_oldest_docker_and_by_swarm() -> None:
    settings = json.loads(daemon_config(NETWORK, 1500))
    assert set(settings) <= OLDEST
    assert "live-restore" not in settings
    assert settings["bip"] == "192.168.213.1/24"
    assert settings["log-opts"] == {"max-file": "3", "max-size": "10m"}


def subnet(prefix: int) -> st.SearchStrategy[IPv4Network]:
    numbers = st.integers(0, 2**32 - 1)
    return numbers.map(lambda number: IPv4Network((number, prefix), strict=False))


ranges = st.integers(12, 28).flatmap(subnet)


@given(ranges, ranges, ranges, ranges, st.lists(ranges, max_size=3))
def test_networks_that_users_make_on_a_host_collide_with_nothing(
    vpc: IPv4Network,
    containers: IPv4Network,
    gwbridge: IPv4Network,
    overlays: IPv4Network,
    peers: list[IPv4Network],
) -> None:
    network = replace(
        NETWORK,
        vpc=vpc,
        containers=containers,
        gwbridge=gwbridge,
        overlays=overlays,
        peers=tuple(peers),
    )
    pool = local_pool(network)
    owners = [vpc, containers, gwbridge, overlays, network.docker0, *peers]
    assert not any(pool.overlaps(owner) for owner in owners)
    assert pool.is_private


def test_a_new_peer_elsewhere_leaves_the_user_data_as_it_is() -> None:
    grown = replace(NETWORK, peers=(IPv4Network("10.50.0.0/16"),))
    assert render(grown) == render()


def test_no_room_for_local_networks_is_an_error() -> None:
    everything = tuple(IPv4Network(text) for text in ("172.0.0.0/8", "192.0.0.0/8", "10.0.0.0/8"))
    with pytest.raises(ConfigError, match="no /16 is left"):
        local_pool(replace(NETWORK, peers=everything))


def test_the_private_key_is_in_the_text_once() -> None:
    assert render().count("PRIVATE KEY") == 2  # its first and its last line
