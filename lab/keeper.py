"""The keeper: one small process per machine that starts it, starts it again, and cleans up.

Run detached as `python -m lab.keeper DIRECTORY-OF-THE-MACHINE`. SIGTERM asks for a clean stop,
SIGUSR1 cuts the power. It ends with the machine, when nothing is left of it but its disk.

It lives as long as the machine does, so it imports little and lets a forked child do the wiring.
"""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

from components.errors import FairwayError, LabError
from lab import cgroup, nspawn, seed
from lab.place import BACKUPS, MachineSpec, Place, Record
from lab.process import Process, apart, is_init_of_a_namespace

STOP = signal.SIGTERM
CUT = signal.SIGUSR1
SIGNALS = (signal.SIGCHLD, STOP, CUT)
RUN_NETNS = Path("/run/netns")
KEPT_CONSOLE = 1_000_000  # bytes of console log that a start leaves in place

# Leaves of the machine's cgroup: cgroup v2 allows no processes beside child groups.
KEEPER_LEAF = "keeper"
MACHINE_LEAF = "machine"


class Keeper:
    """Keeps one machine; `run` returns when the machine is down for good."""

    def __init__(self, place: Place, spec: MachineSpec, home: cgroup.Home) -> None:
        self._place = place
        self._spec = spec
        self._home = home
        self._record = Record(
            keeper=Process.of(os.getpid()), homes=tuple(str(tree) for tree in home)
        )
        self._stopping = False
        self._deadline: float | None = None

    def run(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        self._note()
        cgroup.enter(self._home, KEEPER_LEAF)
        cgroup.delegate(self._home, None if cgroup.uses_units() else cgroup.MOUNT)
        self._place.mount()
        self._write_seed()
        while self._boot() == nspawn.REBOOT and not self._stopping:
            pass

    def _write_seed(self) -> None:
        spec, root = self._spec, self._place.root
        servers = seed.usable_resolvers() if spec.nameservers is None else spec.nameservers
        seed.write_seed(
            root,
            {
                "user-data": spec.user_data,
                "meta-data": seed.meta_data(spec.id, spec.name),
                "network-config": seed.network_config(spec.address, spec.gateway, servers),
            },
        )
        (root / seed.RESOLV_CONF).unlink(missing_ok=True)
        (root / seed.RESOLV_CONF).write_text(seed.resolv_conf(servers))

    def _boot(self) -> int:
        """Run the machine once, in a network namespace of its own; gives its status."""
        with ExitStack() as afterwards:
            afterwards.callback(self._wire, "detach")
            self._wire("attach")
            afterwards.callback(cgroup.remove, tuple(tree / MACHINE_LEAF for tree in self._home))
            main = self._spawn()
            self._note(nspawn=Process.of(main), boots=self._record.boots + 1)
            status = self._watch(main)
        self._note(nspawn=None, init=None, exit=status)
        return status

    def _wire(self, verb: str) -> None:
        """Call the wiring's verb; it brings large libraries, so a child does it."""
        spec = self._spec
        fault = apart(lambda: _call(spec.wiring, verb, spec.lab, spec.name))
        if fault:
            raise LabError(
                where=f"network of machine {spec.name} in lab {spec.lab}",
                what=f"{verb} failed: {fault}",
                hint="`python -m lab status` tells what is there, `python -m lab restore` repairs",
            )

    def _spawn(self) -> int:
        words = nspawn.arguments(
            root=self._place.root,
            machine=nspawn.label(self._spec.lab, self._spec.name),
            hostname=self._spec.name,
            netns=RUN_NETNS / self._place.netns,
            binds=[
                *((self._place.data(inside), inside) for inside in self._spec.data),
                (self._place.backups, BACKUPS),
            ],
        )
        console = open_console(self._place.console)
        pid = os.fork()
        if pid:
            os.close(console)
            return pid
        try:
            self._become(words, console)
        finally:
            os._exit(127)

    def _become(self, words: list[str], console: int) -> None:
        cgroup.enter(self._home, MACHINE_LEAF)
        memory = self._spec.memory or half_of_memory()
        with suppress(OSError):
            cgroup.limit(self._home, MACHINE_LEAF, memory=memory, pids=self._spec.pids)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(console, 1)
        os.dup2(console, 2)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        os.execvpe(words[0], words, os.environ | nspawn.ENVIRONMENT)  # noqa: S606 -- no shell wanted

    def _watch(self, main: int) -> int:
        """Answer signals until nspawn has ended; its status, negative for a signal."""
        self._deadline = None
        while True:
            if self._record.init is None:
                self._look_for_init()
            heard = signal.sigtimedwait(SIGNALS, self._patience())
            self._answer(heard.si_signo if heard else None)
            ended, status = os.waitpid(main, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)

    def _answer(self, heard: int | None) -> None:
        overdue = self._deadline is not None and time.monotonic() > self._deadline
        if heard == CUT or overdue:
            self._cut()
        elif heard == STOP:
            self._stop()

    def _patience(self) -> float:
        if self._record.init is None:
            return 0.01
        return 3600.0 if self._deadline is None else max(0.05, self._deadline - time.monotonic())

    def _look_for_init(self) -> None:
        main = self._record.nspawn
        pids = main.children() if main else []
        init = next((pid for pid in pids if is_init_of_a_namespace(pid)), None)
        if init is not None:
            self._note(init=Process.of(init))

    def _stop(self) -> None:
        self._stopping = True
        self._deadline = time.monotonic() + self._spec.grace
        if self._record.nspawn:
            self._record.nspawn.signal(signal.SIGTERM)

    def _cut(self) -> None:
        self._stopping = True
        self._deadline = time.monotonic() + 1.0
        cut_power(self._place, self._record)

    def _note(self, **news: object) -> None:
        self._record = replace(self._record, **news)  # type: ignore[arg-type]
        self._place.write(self._record)

    def fail(self, fault: str) -> None:
        """Write down why the machine is not there."""
        self._note(fault=fault, nspawn=None, init=None)


def _call(module: str, verb: str, lab: str, machine: str) -> None:
    getattr(importlib.import_module(module), verb)(lab, machine)


def cut_power(place: Place, record: Record) -> None:
    """End a machine without a goodbye: its link first, then its init.

    Dying processes would say FIN and RST to their peers; nspawn killed leaves its machine alive.
    """
    link = ["ip", "-n", place.netns, "link", "set", "eth0", "down"]
    subprocess.run(link, capture_output=True, check=False)
    if record.init:
        record.init.signal(signal.SIGKILL)
    elif record.nspawn:
        record.nspawn.signal(signal.SIGTERM)


def open_console(log: Path) -> int:
    """Open the console log for appending, emptied first when it has grown large."""
    if log.exists() and log.stat().st_size > KEPT_CONSOLE:
        log.unlink()
    return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def half_of_memory() -> int:
    """Give half of the computer's memory in bytes."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def first_of(error: BaseException) -> BaseException:
    """Give the fault that came first; those met while tidying up after it explain nothing."""
    while isinstance(error.__context__, FairwayError):
        error = error.__context__
    return error


def main(directory: str) -> int:
    place = Place.at(Path(directory))
    spec = place.spec()
    if spec is None:
        sys.stderr.write(f"{directory}: there is no machine here\n")
        return 2
    in_unit = cgroup.uses_units()
    proc = Path("/proc/self/cgroup").read_text()
    home = cgroup.home_of(proc) if in_unit else cgroup.plain_home(spec.lab, spec.name)
    keeper = Keeper(place, spec, home)
    try:
        keeper.run()
    except FairwayError as error:
        keeper.fail(str(first_of(error)))
        return 1
    finally:
        place.unmount()
        if not in_unit:
            cgroup.leave()
            cgroup.leave_nothing(home)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
