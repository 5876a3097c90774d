"""Machines without a machine: argument lists, seeds, cgroup paths, records, processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.errors import LabError
from lab import cgroup, keeper, launch, nspawn, place, seed, waves
from lab.place import MachineSpec, Place, Record
from lab.process import Process, is_init_of_a_namespace

SPEC = MachineSpec(
    lab="t1",
    name="a1",
    id="a1-0000abcd",
    image="trixie",
    address=IPv4Interface("10.91.1.11/24"),
    gateway=IPv4Address("10.91.1.1"),
    user_data="#cloud-config\n{}\n# PRIVATE KEY\n",
)


# nspawn and its units


def test_a_machine_gets_its_namespace_its_disks_and_no_way_to_the_computers_settings() -> None:
    words = nspawn.arguments(
        root=Path("/r"),
        machine="fw-t1-a1",
        hostname="a1",
        netns=Path("/run/netns/fw-t1-a1"),
        binds=[(Path("/disk"), "/var/lib/docker")],
    )
    assert words[0] == "systemd-nspawn"
    assert "--network-namespace-path=/run/netns/fw-t1-a1" in words
    assert "--bind=/disk:/var/lib/docker" in words
    assert {"--register=no", "--keep-unit", "--boot"} <= set(words)
    assert nspawn.ENVIRONMENT["SYSTEMD_NSPAWN_API_VFS_WRITABLE"] == "network"


def test_a_label_too_long_for_nspawn_is_shortened_and_stays_distinct() -> None:
    long = "m" * 60
    labels = {nspawn.label("t1", "a1"), nspawn.label(long, "a1"), nspawn.label(long, "a2")}
    assert len(labels) == 3
    assert all(len(label) <= 64 for label in labels)


def test_a_unit_owns_its_cgroup_and_carries_the_limits() -> None:
    words = nspawn.in_unit(
        "fairway-t1-a1.service",
        ["k"],
        project=Path("/p"),
        log=Path("/l"),
        memory=1024,
        pids=99,
    )
    assert words[words.index("--") + 1 :] == ["k"]
    assert "--property=Delegate=yes" in words
    assert "--property=KillMode=mixed" in words
    assert "--property=MemoryMax=1024" in words
    assert "--property=TasksMax=99" in words


# the seed


def test_the_seed_names_the_machine_by_its_id_so_that_a_new_one_is_new_to_cloud_init() -> None:
    text = seed.meta_data("a1-0000abcd", "a1")
    assert yaml.safe_load(text) == {"instance-id": "a1-0000abcd", "local-hostname": "a1"}


def test_the_network_configuration_is_static_and_names_no_server_where_there_is_none() -> None:
    text = seed.network_config(SPEC.address, SPEC.gateway, [])
    eth0 = yaml.safe_load(text)["ethernets"]["eth0"]
    assert eth0["addresses"] == ["10.91.1.11/24"]
    assert eth0["routes"] == [{"to": "0.0.0.0/0", "via": "10.91.1.1"}]
    assert "nameservers" not in eth0
    with_server = seed.network_config(SPEC.address, SPEC.gateway, [IPv4Address("9.9.9.9")])
    assert yaml.safe_load(with_server)["ethernets"]["eth0"]["nameservers"] == {
        "addresses": ["9.9.9.9"]
    }


def test_only_resolvers_that_answer_are_told_to_a_machine(tmp_path: Path) -> None:
    stub = tmp_path / "stub"
    stub.write_text("nameserver 127.0.0.53\noptions edns0\n")
    real = tmp_path / "real"
    real.write_text("nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver fe80::1\n")
    answering = IPv4Address("192.0.2.2")
    servers = seed.usable_resolvers([stub, real, tmp_path / "none"], lambda s: s == answering)
    assert servers == (answering,)
    assert seed.resolv_conf(servers) == "nameserver 192.0.2.2\n"
    assert seed.resolv_conf(()) == ""


def test_a_resolver_that_nobody_runs_does_not_answer() -> None:
    assert not seed.resolver_answers(IPv4Address("127.91.0.1"), timeout=0.2)


def test_seed_files_are_for_root_only_even_where_a_readable_one_was(tmp_path: Path) -> None:
    old = tmp_path / seed.SEED / "user-data"
    old.parent.mkdir(parents=True)
    old.write_text("x")
    old.chmod(0o644)
    seed.write_seed(tmp_path, {"user-data": "key"})
    assert old.read_text() == "key"
    assert old.stat().st_mode & 0o777 == 0o600
    assert old.parent.stat().st_mode & 0o777 == 0o700


# cgroups


def trees(mount: Path, *names: str) -> Path:
    for name in names:
        (mount / name).mkdir(parents=True, exist_ok=True)
        (mount / name / "cgroup.procs").touch()
    return mount


def test_a_hybrid_computer_gives_a_home_in_each_tree_that_tracks_or_limits(tmp_path: Path) -> None:
    mount = trees(tmp_path, "unified", "systemd", "memory", "cpu")
    home = cgroup.plain_home("t1", "a1", mount)
    assert [str(tree.relative_to(mount)) for tree in home] == [
        "unified/fairway/t1/a1",
        "systemd/fairway/t1/a1",
        "memory/fairway/t1/a1",
    ]


def test_a_computer_with_version_2_gives_one_home(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("memory pids\n")
    assert cgroup.plain_home("t1", "a1", tmp_path) == (tmp_path / "fairway/t1/a1",)


def test_a_computer_without_a_usable_tree_is_refused_with_the_command_that_mounts_one(
    tmp_path: Path,
) -> None:
    with pytest.raises(LabError, match="mount -t cgroup2"):
        cgroup.trees(trees(tmp_path, "memory", "cpu"))


def test_the_home_that_a_unit_gave_is_read_from_the_kernels_own_words(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("")
    unit = tmp_path / "system.slice/fairway-t1-a1.service"
    unit.mkdir(parents=True)
    assert cgroup.home_of("0::/system.slice/fairway-t1-a1.service\n", tmp_path) == (unit,)


def test_on_a_hybrid_computer_with_units_the_named_tree_counts_and_controllers_do_not(
    tmp_path: Path,
) -> None:
    for tree in ("systemd", "unified", "memory"):
        (tmp_path / tree / "u.service").mkdir(parents=True)
    text = "4:memory:/u.service\n1:name=systemd:/u.service\n0::/u.service\n"
    home = cgroup.home_of(text, tmp_path)
    assert home == (tmp_path / "systemd/u.service", tmp_path / "unified/u.service")


def test_limits_are_written_where_a_tree_can_hold_them(tmp_path: Path) -> None:
    home = (tmp_path / "memory", tmp_path / "unified")
    (home[0] / "machine").mkdir(parents=True)
    (home[1] / "machine").mkdir(parents=True)
    (home[0] / "machine/memory.limit_in_bytes").touch()
    cgroup.limit(home, "machine", memory=4096, pids=7)
    assert (home[0] / "machine/memory.limit_in_bytes").read_text() == "4096"
    assert list((home[1] / "machine").iterdir()) == []


def test_a_home_is_removed_from_the_depths_up(tmp_path: Path) -> None:
    home = (tmp_path / "fairway/t1/a1",)
    (home[0] / "machine/payload/system.slice/x.service").mkdir(parents=True)
    cgroup.leave_nothing(home)
    assert list(tmp_path.iterdir()) == []


def test_another_machines_home_stays_when_one_is_removed(tmp_path: Path) -> None:
    other = tmp_path / "fairway/t1/a2"
    other.mkdir(parents=True)
    cgroup.leave_nothing((tmp_path / "fairway/t1/a1",))
    assert other.is_dir()


def test_a_home_whose_processes_stay_is_an_error_that_names_them(tmp_path: Path) -> None:
    home = (tmp_path / "a1",)
    home[0].mkdir()
    (home[0] / "cgroup.procs").write_text("4711\n")  # a file keeps the directory from going
    with pytest.raises(LabError, match=r"\[4711\]"):
        cgroup.remove(home, patience=0.05)


# the directory


def test_a_spec_survives_its_file_and_shows_no_user_data() -> None:
    for spec in (SPEC, replace(SPEC, nameservers=(IPv4Address("192.0.2.1"),), memory=5)):
        assert place.load_spec(place.dump_spec(spec)) == spec
    assert "PRIVATE" not in repr(SPEC)


def test_a_record_of_another_boot_of_the_computer_has_no_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Place("t1", "a1", tmp_path)
    here.path.mkdir(parents=True)
    mine = Process.of(os.getpid())
    here.write(Record(keeper=mine, boots=2, homes=("/x",)))
    assert here.record() == Record(keeper=mine, boots=2, homes=("/x",))
    monkeypatch.setattr(place, "boot_id", lambda: "another")
    assert here.record() == Record(boots=2)


def test_a_place_is_found_again_from_its_path() -> None:
    here = Place("t1", "a1")
    assert Place.at(here.path).path == here.path
    assert Place.at(here.path).lab == "t1"
    assert here.netns == "fw-t1-a1"


def test_each_data_path_has_its_own_directory() -> None:
    here = Place("t1", "a1")
    assert here.data("/var/lib/docker") == here.path / "data/var-lib-docker"


MOUNTINFO = """\
22 1 254:0 / / rw,relatime shared:1 - overlay overlay rw
90 22 0:99 / /var/lib rw - ext4 /dev/vdb rw
91 22 0:98 / /var/libfoo rw - btrfs /dev/vdc rw
"""


def test_the_deepest_mount_decides_which_file_system_a_path_is_on() -> None:
    assert place.filesystem_of(Path("/var/lib/fairway/labs"), MOUNTINFO) == "ext4"
    assert place.filesystem_of(Path("/var/cache"), MOUNTINFO) == "overlay"


def test_a_lab_on_an_overlay_is_refused_with_a_way_out() -> None:
    with pytest.raises(LabError, match=r"found overlay.*mount --bind"):
        place.refuse_unusable_disk(Path("/var/lib/fairway"), "overlay")
    place.refuse_unusable_disk(Path("/var/lib/fairway"), "ext4")


# processes


def test_a_process_with_another_start_time_is_not_taken_for_this_one() -> None:
    mine = Process.of(os.getpid())
    assert mine is not None
    assert mine.alive()
    imposter = replace(mine, started=mine.started + 1)
    assert not imposter.alive()
    assert not imposter.signal(signal.SIGKILL)
    assert imposter.wait(0)


def test_the_end_of_a_process_is_noticed_and_a_zombie_counts_as_gone() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        process = Process.of(child.pid)
        assert process is not None
        assert child.pid in Process.of(os.getpid()).children()  # type: ignore[union-attr]
        assert not process.wait(0.01)
        assert process.signal(signal.SIGTERM)
        assert process.wait(600)
        assert not process.alive()
    assert Process.of(child.pid) is None


def test_this_process_is_not_the_init_of_a_namespace_of_its_own() -> None:
    assert not is_init_of_a_namespace(os.getpid())


def test_work_done_apart_tells_its_fault_and_changes_nothing_here() -> None:
    program = """
import signal, sys
from components.errors import LabError
from lab.process import apart
def refuse(): raise LabError(where="w", what="x", hint="h")
def change(): sys.modules["changed"] = sys
print([apart(refuse), apart(change), "changed" in sys.modules, apart(lambda: 1 / 0)[-16:]])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['w: x; h', '', False, 'division by zero']"


def test_the_first_fault_is_told_and_not_what_failed_while_tidying_up() -> None:
    def fail(what: str) -> None:
        raise LabError(where="w", what=what, hint="h")

    def tidy_up() -> None:
        try:
            fail("first")
        finally:
            fail("second")

    with pytest.raises(LabError, match="second") as caught:
        tidy_up()
    assert "first" in str(keeper.first_of(caught.value))


# waves


def test_places_for_booting_machines_are_as_many_as_said_and_come_back() -> None:
    heard: list[str] = []
    with waves.slot(heard.append, slots=2, label="fairway-test"):
        with waves.slot(heard.append, slots=2, label="fairway-test"):
            assert waves._take(2, "fairway-test") is None
        free = waves._take(2, "fairway-test")
        assert free is not None
        free.close()
    assert heard == []


def test_a_machine_that_finds_no_place_says_so_and_gets_the_next_one_that_is_free() -> None:
    heard: list[str] = []

    def boot() -> None:
        with waves.slot(heard.append, slots=1, label="fairway-test"):
            heard.append("booting")

    waiting = threading.Thread(target=boot)
    with waves.slot(heard.append, slots=1, label="fairway-test"):
        waiting.start()
        while not heard:
            waiting.join(0.01)
        heard.append("free")
    waiting.join()
    assert heard == ["waiting until other machines have booted", "free", "booting"]


def test_a_keeper_is_started_with_nothing_of_the_callers_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, str]] = []

    def run(
        _words: list[str], *, env: dict[str, str], **_: object
    ) -> subprocess.CompletedProcess[str]:
        seen.append(env)
        return subprocess.CompletedProcess([], 0)

    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "secret")
    monkeypatch.setattr(subprocess, "run", run)
    here = Place("t1", "a1", tmp_path)
    here.path.mkdir(parents=True)
    launch.launch(here, SPEC)
    assert set(seen[0]) == {"PATH", "PYTHONPATH"}


def test_a_cgroup_whose_parents_vanish_meanwhile_is_made_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, vanished = Path.mkdir, iter([True, True])

    def mkdir(self: Path, *words: Any, **more: Any) -> None:
        if next(vanished, False):
            raise FileNotFoundError(self)
        real(self, *words, **more)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    cgroup.enter((tmp_path / "fairway" / "lab" / "a1",), "keeper")

    assert (tmp_path / "fairway" / "lab" / "a1" / "keeper" / "cgroup.procs").read_text() == "0"
