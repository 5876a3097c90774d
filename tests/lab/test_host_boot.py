"""A real machine of each Docker generation, booted with our user data."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from components.host import names
from components.host.facts import rules_apply, rules_missing
from components.host.ready import wait_ready
from components.remote.command import Command
from components.swarm.apply import leave_by_force
from tests.support.host_plan import NETWORK
from tests.support.real_host import RealHost, real_host

GENERATIONS = {"bookworm": "20.10", "trixie": "26.1", "sid": "28."}
BRIDGE_SWITCH = "/proc/sys/net/bridge/bridge-nf-call-iptables"
OTHER_MTU = 1400  # a link of the lab has 1500 bytes; any other number shows that it arrives

# An image of bash and what it links to, made of the machine's own files: no registry.
IMAGE = """
files=$(for program in bash cat grep; do
  path=$(readlink -f "$(command -v $program)"); echo "$path"
  ldd "$path" | grep -o '/[^ ]*'
done | sort -u)
tar -ch --hard-dereference -C / $files 2>/dev/null | docker import - probe >/dev/null
"""


@pytest.fixture(scope="module", params=GENERATIONS)
def host(request: pytest.FixtureRequest) -> Iterator[RealHost]:
    with real_host(request.param, mtu=OTHER_MTU) as host:
        wait_ready(host.session, deadline=600)
        host.sh(IMAGE)
        yield host


def test_it_is_the_generation_that_its_image_is_named_for(host: RealHost) -> None:
    version = host.sh("docker version --format '{{.Server.Version}}'")
    assert version.startswith(GENERATIONS[host.image])
    assert host.sh("hostname") == "a1"


def test_cloud_init_finds_nothing_wrong_with_the_user_data(host: RealHost) -> None:
    host.session.put("/root/user-data", host.user_data.encode())
    schema = "schema --config-file /root/user-data --annotate"
    said = host.sh(f"cloud-init {schema} 2>&1 || cloud-init devel {schema} 2>&1")
    assert "Valid" in said
    assert "deprecat" not in said.lower()


def test_nothing_failed_and_nothing_warned_while_it_booted(host: RealHost) -> None:
    assert host.sh("systemctl list-units --failed --plain --no-legend") == ""
    warned = host.sh("grep -E 'WARNING|ERROR|CRITICAL' /var/log/cloud-init.log || true")
    assert warned == ""


def test_docker_found_forwarding_on_and_left_the_policy_alone(host: RealHost) -> None:
    assert host.sh("iptables -S FORWARD").splitlines()[0] == "-P FORWARD ACCEPT"
    assert host.sh("cat /proc/sys/net/ipv4/ip_forward") == "1"


def test_docker_started_once_with_its_settings_in_place(host: RealHost) -> None:
    assert host.sh("systemctl show docker --property=NRestarts --value") == "0"
    assert host.sh("journalctl -b -u docker | grep -c 'Starting docker.service'") == "1"
    bridge = json.loads(host.sh("ip -j -4 address show docker0"))[0]
    assert bridge["addr_info"][0]["local"] == str(NETWORK.docker0[1])
    assert host.sh("docker run --rm probe cat /sys/class/net/eth0/mtu") == str(OTHER_MTU)


def test_only_the_pinned_host_key_exists_and_only_keys_log_in(host: RealHost) -> None:
    assert host.sh("cd /etc/ssh; echo ssh_host_*_key") == "ssh_host_ed25519_key"
    settings = host.sh("sshd -T").lower().splitlines()
    assert "passwordauthentication no" in settings
    assert {"permitrootlogin without-password", "permitrootlogin prohibit-password"} & set(settings)
    assert [line for line in settings if line.startswith("hostkey ")] == [
        "hostkey /etc/ssh/ssh_host_ed25519_key"
    ]


def test_swarms_own_bridge_waits_in_its_planned_range(host: RealHost) -> None:
    form = "{{range .IPAM.Config}}{{.Subnet}}{{end}}"
    wanted = str(NETWORK.gwbridge)
    assert host.sh('docker network inspect -f "$1" docker_gwbridge', form) == wanted


def test_swarm_takes_that_bridge_as_it_is(host: RealHost) -> None:
    form = "{{range .IPAM.Config}}{{.Subnet}}{{end}}"
    host.sh("docker swarm init --advertise-addr 10.93.1.11 --default-addr-pool 172.20.0.0/14")
    try:
        wanted = str(NETWORK.gwbridge)
        assert host.sh('docker network inspect -f "$1" docker_gwbridge', form) == wanted
        assert rules_missing(host.session) == []
    finally:
        leave_by_force(host.session)


def test_a_plain_docker_run_works_reaches_out_and_gains_no_privileges(host: RealHost) -> None:
    assert host.sh("docker run --rm probe bash -c 'echo hello'") == "hello"
    banner = "exec 3<>/dev/tcp/10.93.1.11/22; read -r line <&3; echo $line"
    assert host.sh('docker run --rm probe bash -c "$1"', banner).startswith("SSH-2.0")
    status = host.sh("docker run --rm probe grep NoNewPrivs /proc/self/status")
    assert status.split()[-1] == "1"


def test_two_plain_containers_reach_each_other_on_docker0(host: RealHost) -> None:
    host.sh("docker run --detach --interactive --name first probe cat")
    try:
        form = "{{.NetworkSettings.Networks.bridge.IPAddress}}"
        address = host.sh('docker inspect -f "$1" first', form)
        knock = f"exec 3<>/dev/tcp/{address}/7"
        said = host.sh('docker run --rm probe bash -c "$1" 2>&1 || true', knock)
        assert "refused" in said.lower()  # by the other container itself, so the way is open
    finally:
        host.sh("docker rm -f first")


def test_no_container_reaches_the_metadata_and_it_learns_so_at_once(host: RealHost) -> None:
    for address in names.METADATA_ADDRESSES:
        knock = f"exec 3<>/dev/tcp/{address}/80"
        said = host.sh('timeout 300 docker run --rm probe bash -c "$1" 2>&1 || true', knock)
        assert "No route to host" in said


def test_only_a_bridge_that_keeps_containers_apart_walks_the_packet_rules(host: RealHost) -> None:
    assert host.sh(f"cat {BRIDGE_SWITCH}") == "0"
    assert "nf_call_iptables 1" in host.sh("ip -d link show dev docker_gwbridge")
    host.sh(f"echo 1 > {BRIDGE_SWITCH}")
    assert rules_missing(host.session) == ["sysctl net.bridge.bridge-nf-call-iptables: 0"]
    rules_apply(host.session)
    assert rules_missing(host.session) == []


def test_rules_stay_when_docker_is_restarted(host: RealHost) -> None:
    # The second command waits for the unit that the first has queued behind Docker.
    host.sh(f"systemctl restart docker; systemctl start {names.GWBRIDGE_UNIT}")
    assert rules_missing(host.session) == []
    assert host.sh("iptables -S FORWARD").splitlines()[0] == "-P FORWARD ACCEPT"
    first = host.sh("iptables -S FORWARD").splitlines()[1]
    assert first == "-A FORWARD -j DOCKER-USER"
    wait_ready(host.session, deadline=600)


@pytest.mark.parametrize("table", ["filter", "nat", "raw", "mangle"])
def test_a_flushed_rule_is_named_and_repaired(host: RealHost, table: str) -> None:
    chain = {"filter": "DOCKER-USER", "nat": "POSTROUTING", "raw": "OUTPUT", "mangle": "FORWARD"}
    host.sh(f"iptables -t {table} -F {chain[table]}")
    missing = rules_missing(host.session)
    assert missing
    assert all(name.startswith(f"{table} {chain[table]}: ") for name in missing)
    rules_apply(host.session)
    assert rules_missing(host.session) == []


def test_rules_whose_unit_was_stopped_are_repaired_too(host: RealHost) -> None:
    host.sh(f"systemctl stop {names.RULES_UNIT}; {names.RULES_SCRIPT} remove")
    assert rules_missing(host.session)
    rules_apply(host.session)
    assert rules_missing(host.session) == []


def test_a_large_payload_streams_into_docker(host: RealHost) -> None:
    image = host.session.run(Command.script("docker save probe | base64 -w0")).stdout.encode()
    assert len(image) > 2_000_000
    host.sh("docker rmi probe")
    result = host.session.run(Command.script("base64 -d | docker load"), input=image)
    assert "Loaded image" in result.stdout


def test_after_a_reboot_the_rules_stand_before_docker_starts(host: RealHost) -> None:
    # The last one: it gives the host a new session.
    host.restart()
    wait_ready(host.session, deadline=600)
    assert rules_missing(host.session) == []
    begun = "systemctl show --property=ExecMainStartTimestampMonotonic --value"
    ended = "systemctl show --property=ExecMainExitTimestampMonotonic --value"
    rules_done = int(host.sh(f"{ended} {names.RULES_UNIT}"))
    docker_begun = int(host.sh(f"{begun} docker.service"))
    assert 0 < rules_done < docker_begun
    assert host.sh("iptables -S FORWARD").splitlines()[0] == "-P FORWARD ACCEPT"
