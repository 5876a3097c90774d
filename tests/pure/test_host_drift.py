"""What counts as a change by hand, and what does not: judged from what real hosts said."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from components.host import comeback
from components.host.drift import Drift, judge
from components.host.drift_look import Seen, look
from components.host.drift_planned import Planned, PlannedFile
from components.host.drift_rules import foreign
from components.host.former import former_texts
from components.host.user_data import DOCKER_VERSION, digest, user_data
from components.remote.command import Secret
from components.remote.keys import host_key, operator_key
from scripts.operations.drift import _added
from tests.support.host_plan import NETWORK, slot

SEED = Secret(base64.b64encode(bytes(32)).decode())
RECORDED = Path(__file__).parent.parent / "support" / "recorded_hosts"
# What real hosts said, without the files and keys of their own.
FRESH = ("drift-docker-20.10.txt", "drift-docker-26.txt", "drift-docker-28.txt")
OPERATOR = operator_key(SEED).public
TEXT = user_data(
    slot(),
    NETWORK,
    environment="t3",
    host_key=host_key(SEED, "a1"),
    authorized_keys=[OPERATOR],
)
SECRET_FILE = "/etc/fairway/hidden"
PLANNED = Planned(
    texts=(TEXT, *former_texts(TEXT)),
    environment="t3",
    network=NETWORK,
    added={SECRET_FILE: PlannedFile(content=b"hush\n", mode="600")},
)
BY_HAND = "drift-docker-26-by-hand.txt"
PLANNED_THERE = replace(PLANNED, network=replace(NETWORK, containers=IPv4Network("10.235.0.0/16")))
DAEMON = "/etc/docker/daemon.json"
RANGE = "10.223.0.0/16"


def a_file(path: str, content: bytes, mode: str, *, shown: bool = True) -> str:
    text = base64.b64encode(content).decode() if shown else ""
    return f"{path}|{mode} root:root regular file|{hashlib.sha256(content).hexdigest()}|{text}"


def host(**changed: str) -> Seen:
    """A host as it was made, with other sections where `changed` says so; "_" stands for "-"."""
    files = PLANNED.files(TEXT)
    sections = {
        "user-data": f"{digest(TEXT)}  -",
        "files": "\n".join(
            a_file(path, file.content, file.mode, shown=file.public) for path, file in files.items()
        ),
        "touched": "",
        "units": "\n\n".join(
            f"ActiveState=active\nUnitFileState=enabled\nId={name}" for name in PLANNED.units
        ),
        "sysctls": "net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.accept_redirects = 0\n"
        "net.ipv4.conf.default.accept_redirects = 0",
        "ours": f"rule raw -w 10 -t raw -C OUTPUT -s {RANGE} -d {RANGE} -j CT --notrack",
        "rules": f"*raw\n-P OUTPUT ACCEPT\n-A OUTPUT -s {RANGE} -d {RANGE} -j CT --notrack",
        "keys": OPERATOR,
        "docker": "26.1.5",
    }
    sections |= {name.replace("_", "-"): text for name, text in changed.items()}
    return Seen.parse("".join(f"== {name}\n{text}\n" for name, text in sections.items()))


def found(**changed: str) -> list[Drift]:
    return judge(PLANNED, host(**changed))


def other_file(path: str, content: bytes, mode: str = "644") -> str:
    """The `files` of a host where one has this content and mode."""
    return "\n".join(
        a_file(path, content, mode, shown=file.public)
        if name == path
        else a_file(name, file.content, file.mode, shown=file.public)
        for name, file in PLANNED.files(TEXT).items()
    )


def test_a_host_as_it_was_made_shows_none() -> None:
    assert found() == []


@pytest.mark.parametrize("name", FRESH)
def test_a_real_host_of_each_docker_shows_none_when_it_is_fresh(name: str) -> None:
    seen = Seen.parse((RECORDED / name).read_text())

    assert len(seen.rules_ours) == 14
    assert len(seen.rules) > 10
    assert judge(PLANNED, seen) == []


def test_a_real_host_that_was_changed_by_hand_tells_all_of_it() -> None:
    told = judge(PLANNED_THERE, Seen.parse((RECORDED / BY_HAND).read_text()))

    assert [f"{each.kind} {each.what}" for each in told] == [
        "file /etc/sysctl.d/99-hand.conf",
        "file /etc/systemd/system/docker.service.d/hand.conf",
        "unit fairway-gwbridge.service",
        "sysctl sysctl net.ipv4.conf.all.accept_redirects",
        "rule packet rule raw OUTPUT: no tracking of container range to container range",
        "rule packet rule raw: -A PREROUTING -s 192.0.2.0/24 -j DROP",
        "rule packet rule filter: -A DOCKER-USER -p tcp -m tcp --dport 9999 -j DROP",
        "package package handmade",
        "package package iputils-ping",
        "container container pet",
        "network network hand",
    ]


def test_a_changed_setting_of_docker_is_named_with_both_values() -> None:
    planned = PLANNED.files(TEXT)[DAEMON].content
    changed = planned.replace(b'"mtu": 1500', b'"mtu": 9000,\n "debug": true')

    assert found(files=other_file(DAEMON, changed)) == [
        Drift("file", f"{DAEMON}: debug", "true", "not set"),
        Drift("file", f"{DAEMON}: mtu", "9000", "1500"),
    ]


def test_settings_that_docker_cannot_read_are_shown_by_their_first_line() -> None:
    planned = PLANNED.files(TEXT)[DAEMON].content
    (only,) = found(files=other_file(DAEMON, planned.replace(b"{", b"{{", 1)))

    assert only == Drift("file", f"{DAEMON}: line 1", "{{", "{")


def test_the_content_of_a_file_for_root_alone_is_never_shown() -> None:
    (only,) = found(files=other_file(SECRET_FILE, b"other words\n", "600"))

    assert only == Drift("file", SECRET_FILE, "other content", "its own")
    assert f"-{SECRET_FILE}" in look([], [SECRET_FILE], [], []).words


def test_a_file_that_is_gone_or_has_another_mode_is_named() -> None:
    path = "/etc/fairway/host.env"
    lines = [line for line in other_file(path, b"").splitlines() if not line.startswith(path)]
    content = PLANNED.files(TEXT)[path].content

    assert found(files="\n".join(lines)) == [Drift("file", path, "missing", "there")]
    assert found(files=other_file(path, content, "666")) == [
        Drift("mode", f"mode of {path}", "666", "644")
    ]


def test_what_was_written_later_is_named_unless_fairway_wrote_it() -> None:
    drop_in = "/etc/systemd/system/docker.service.d/hand.conf"
    touched = "\n".join(
        f"1764000000.5|f|{path}"
        for path in (drop_in, "/etc/fairway/swarm.json", SECRET_FILE, *comeback.kit())
    )

    assert found(touched=touched) == [Drift("file", drop_in, "written 2025-11-24 16:00 UTC")]


def test_a_unit_of_ours_that_is_masked_or_switched_off_is_named() -> None:
    units = "Id=fairway-rules.service\nActiveState=inactive\nUnitFileState=masked"

    assert found(units=units) == [
        Drift("unit", "fairway-rules.service", "masked", "enabled"),
        Drift("unit", "fairway-rules.service", "inactive", "active"),
    ]


@pytest.mark.parametrize("state", ["enabled", "disabled", "alias"])
def test_ssh_may_be_started_by_its_socket(state: str) -> None:
    units = f"Id=ssh.service\nActiveState=inactive\nUnitFileState={state}"

    assert found(units=units) == []


def test_a_missing_rule_and_a_strange_one_are_named_and_a_sysctl_only_once() -> None:
    sysctls = "net.ipv4.ip_forward = 0\nnet.ipv4.conf.all.accept_redirects = 0\n"
    sysctls += "net.ipv4.conf.default.accept_redirects = 0"
    told = found(
        sysctls=sysctls,
        missing="sysctl net.ipv4.ip_forward: 1\nnat POSTROUTING: masquerade",
        rules="*raw\n-A PREROUTING -s 192.0.2.0/24 -j DROP",
    )

    assert told == [
        Drift("sysctl", "sysctl net.ipv4.ip_forward", "0", "1"),
        Drift("rule", "packet rule nat POSTROUTING: masquerade", "missing", "there"),
        Drift("rule", "packet rule raw: -A PREROUTING -s 192.0.2.0/24 -j DROP", "there"),
    ]


DOCKERS = [
    ("filter", "-A DOCKER-USER -j RETURN"),
    ("raw", "-A PREROUTING -d 172.17.0.2/32 ! -i docker0 -j DROP"),
    ("raw", "-A PREROUTING -d 127.0.0.1/32 ! -i lo -p tcp -m tcp --dport 8080 -j DROP"),
    ("filter", "-A FORWARD -j DOCKER-FORWARD"),
    ("nat", "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE"),
]


def test_rules_that_docker_writes_are_not_strange() -> None:
    assert list(foreign([], DOCKERS)) == []


def test_a_rule_is_ours_however_iptables_writes_it() -> None:
    asked = ("mangle", "-A FORWARD -p tcp --tcp-flags SYN,RST SYN -j FAIRWAY-MSS")
    listed = ("mangle", "-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j FAIRWAY-MSS")

    assert list(foreign([asked], [listed])) == []
    assert list(foreign([], [listed])) == [listed]


LOG = """\
2026-11-24T15:00:01 install handmade:all <none> 1.0
2026-11-24T15:00:02 upgrade openssl:amd64 3.0 3.1
2026-11-24T15:00:03 remove procps:amd64 4.0 4.0
2026-11-24T15:00:04 install tried:all <none> 1.0
2026-11-24T15:00:05 purge tried:all 1.0 <none>
2026-11-24T15:00:06 upgrade openssl:amd64 3.1 3.2
2026-11-25T06:00:01 upgrade curl:amd64 8.0 8.1"""


def test_packages_are_told_by_their_versions_before_and_now() -> None:
    assert found(packages=LOG, unattended="2026-11-25T06:00:00 2026-11-25T06:01:00") == [
        Drift("package", "package handmade", "1.0", "not installed"),
        Drift("package", "package openssl", "3.2", "3.0"),
        Drift("package", "package procps", "removed", "4.0"),
    ]


def test_only_containers_of_the_swarm_and_of_verify_belong_there() -> None:
    containers = "web.1|web|Up 2 hours|k2x9\nprobe|fairway-probe|Up 1 second|run1\npet|redis|Up|"

    assert found(containers=containers) == [Drift("container", "container pet", "redis, Up")]


def test_a_network_is_named_where_it_takes_planned_addresses() -> None:
    networks = "bridge|192.168.213.0/24 \nmine|172.18.0.0/24 fd00::/64 \nbad|10.223.9.0/24 \nnone|"

    assert found(networks=networks) == [
        Drift("network", "network bad", f"10.223.9.0/24, which overlaps {RANGE}")
    ]


def test_keys_are_compared_without_options_and_comments() -> None:
    blob = OPERATOR.split()[1]
    mallory = "ssh-rsa " + "B" * 40 + " mallory@laptop"

    assert found(keys=f"# ours\nno-pty ssh-ed25519 {blob} somebody") == []
    assert found(keys=f"{OPERATOR}\n{mallory}") == [
        Drift("key", "a key that logs in as root", "...BBBBBBBBBBBB mallory@laptop")
    ]
    assert found(keys="")[0].found == "missing"


def test_dockers_version_is_judged_only_where_fairway_chose_it() -> None:
    assert found(docker="27.0.1") == []
    assert found(docker="27.0.1", pinned="yes") == [
        Drift("docker", "Docker's version", "27.0.1", DOCKER_VERSION)
    ]


def test_a_host_made_of_another_text_is_not_judged_by_this_one() -> None:
    other = {"user_data": f"{'0' * 64}  -", "files": "", "keys": ""}

    assert PLANNED.made_of("0" * 64) is None
    assert found(**other) == []
    assert [each.kind for each in found(**other, containers="pet|redis|Up|")] == ["container"]


def test_a_host_of_a_former_version_is_judged_by_the_words_of_that_version() -> None:
    (before,) = former_texts(TEXT)
    setup = "/usr/local/sbin/fairway-setup"
    then = PLANNED.files(before)[setup].content

    assert b"busybox-static" not in then
    assert found(user_data=f"{digest(before)}  -", files=other_file(setup, then, "755")) == []
    assert found(user_data=f"{digest(before)}  -") != []


def test_a_text_without_former_words_has_no_former_version() -> None:
    assert list(former_texts("#cloud-config\n")) == []


@pytest.mark.parametrize("duties", [{}, {"comeback": "of another version"}])
def test_what_the_next_up_puts_on_a_host_is_not_missed_before(duties: dict[str, str]) -> None:
    there = {"comeback": comeback.fingerprint()}

    assert comeback.DROP_IN in _added("t3", slot(), SEED, there)
    assert _added("t3", slot(), SEED, there)[comeback.SCRIPT].mode == "755"
    assert _added("t3", slot(), SEED, duties) == {}
