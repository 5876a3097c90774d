"""A cgroup of its own for every machine.

nspawn makes its groups below the one it is started in. Machines started from one shell would share
`payload/`, and a service killed in one of them would be killed in all.

A *home* is one directory per cgroup tree. On a computer whose init is systemd the home is that of a
transient unit; elsewhere it is `fairway/<lab>/<machine>` in each tree that tracks processes.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from components.errors import LabError

MOUNT = Path("/sys/fs/cgroup")
SYSTEMD = Path("/run/systemd/system")

Home = tuple[Path, ...]


def uses_units() -> bool:
    """Tell whether systemd owns this computer's cgroups, so that a unit must be asked for."""
    return SYSTEMD.is_dir()


def trees(mount: Path = MOUNT) -> Home:
    """Give the roots of the trees that a machine needs a directory in.

    With cgroup v2 that is the mount itself; else v2's empty tree and systemd's named one, and those
    of v1 that can hold a limit. Raises LabError where there is no tree to track processes with.
    """
    if (mount / "cgroup.controllers").exists():
        return (mount,)
    present = [
        mount / name
        for name in ("unified", "systemd", "memory", "pids")
        if (mount / name / "cgroup.procs").exists()
    ]
    if not {"unified", "systemd"} & {tree.name for tree in present}:
        raise LabError(
            where=str(mount),
            what="no cgroup tree is mounted that machines could live in",
            wanted="cgroup v2, or version 1 with the tree named systemd",
            hint=f"mount one: mount -t cgroup2 cgroup2 {mount}",
        )
    return tuple(present)


def plain_home(lab: str, machine: str, mount: Path = MOUNT) -> Home:
    """Give the home of a machine on a computer without systemd."""
    return tuple(tree / "fairway" / lab / machine for tree in trees(mount))


def home_of(proc_cgroup: str, mount: Path = MOUNT) -> Home:
    """Read the home that a unit gave to a process from the text of its /proc/PID/cgroup."""
    homes = []
    for line in proc_cgroup.splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            homes.append(mount if (mount / "cgroup.controllers").exists() else mount / "unified")
        elif controllers == "name=systemd":
            homes.append(mount / "systemd")
        else:
            continue
        homes[-1] /= path.lstrip("/")
    return tuple(home for home in homes if home.is_dir())


def enter(home: Home, leaf: str) -> None:
    """Move the calling process into the leaf of its home; its children are born there."""
    for tree in home:
        _join(tree / leaf)


def _join(directory: Path, tries: int = 100) -> None:
    """Make the directory and enter it.

    The last machine of another lab takes empty parents away, perhaps between two steps of this.
    """
    for left in reversed(range(tries)):
        try:
            directory.mkdir(parents=True, exist_ok=True)
            (directory / "cgroup.procs").write_text("0")
        except FileNotFoundError:
            if not left:
                raise
        else:
            return


def delegate(home: Home, above: Path | None = None) -> None:
    """Let the leaves of a home on cgroup v2 use every controller, granted from `above` downwards.

    Without it Docker in the machine cannot limit anything. Where the computer is a container itself
    its root may refuse; machines work without, so that is accepted.
    """
    if len(home) != 1:
        return
    path = above or home[0]
    for name in ("", *home[0].relative_to(path).parts):
        path /= name
        with suppress(OSError):
            for controller in (path / "cgroup.controllers").read_text().split():
                (path / "cgroup.subtree_control").write_text(f"+{controller}")


def limit(home: Home, leaf: str, *, memory: int, pids: int) -> None:
    """Cap a leaf's memory (bytes) and processes in each tree that can hold such a cap."""
    caps = {"memory.max": memory, "memory.limit_in_bytes": memory, "pids.max": pids}
    for tree in home:
        for name, value in caps.items():
            file = tree / leaf / name
            if file.exists():
                file.write_text(str(value))


def members(home: Home) -> set[int]:
    """Give the pids of all processes in the home, at any depth."""
    found: set[int] = set()
    for tree in home:
        for directory in _deepest_first(tree):
            with suppress(FileNotFoundError):
                found.update(int(pid) for pid in (directory / "cgroup.procs").read_text().split())
    return found


def remove(home: Home, *, patience: float = 30.0) -> None:
    """Remove a home and all below, waiting `patience` seconds for dying processes to leave.

    Raises LabError when processes stay.
    """
    deadline = time.monotonic() + patience
    for tree in home:
        while not _remove_tree(tree):
            if time.monotonic() > deadline:
                raise LabError(
                    where=str(tree),
                    what="the machine's cgroup cannot be removed",
                    found=f"processes {sorted(members(home))} in it",
                    hint="see what they are (ps -o args PID) and end them",
                )
            time.sleep(0.02)


def leave(mount: Path = MOUNT) -> None:
    """Move the calling process out of any home, to the roots of the trees."""
    for tree in trees(mount):
        (tree / "cgroup.procs").write_text("0")


def leave_nothing(home: Home) -> None:
    """Remove a plain home, and the directories of its lab and of fairway if they are then empty."""
    remove(home)
    for tree in home:
        for parent in (tree.parent, tree.parent.parent):
            with suppress(OSError):
                parent.rmdir()


def _remove_tree(tree: Path) -> bool:
    for directory in _deepest_first(tree):
        try:
            directory.rmdir()
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno in (errno.EBUSY, errno.ENOTEMPTY):
                return False
            raise
    return True


def _deepest_first(tree: Path) -> Iterator[Path]:
    """Give the tree's directories, each after those below it, leaving out what vanishes."""
    try:
        below = [entry for entry in tree.iterdir() if entry.is_dir()]
    except OSError:
        below = []
    for directory in below:
        yield from _deepest_first(directory)
    if tree.is_dir():
        yield tree
