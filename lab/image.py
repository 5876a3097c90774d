"""Machine images: one Debian release each, built once, kept under /var/cache/fairway/images.

`ensure_image("trixie", report=print)` gives the directory of a finished image. A release name is a
link to `<release>.<recipe hash>`, so a changed recipe builds anew while machines that still stand
on the old directory keep it.
"""

from __future__ import annotations

import fcntl
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from components.errors import LabError
from lab.bootstrap import bootstrap
from lab.place import LABS
from lab.recipe import RECIPES, Recipe

IMAGES = Path("/var/cache/fairway/images")

Report = Callable[[str], None]


def ensure_image(release: str, *, report: Report) -> Path:
    """Give the directory of the release's image, building it first if there is none.

    Raises LabError for an unknown release and for a build that failed.
    """
    recipe = RECIPES.get(release)
    if recipe is None:
        raise LabError(
            where=f"machine image {release}",
            what="there is no recipe for this release",
            found=release,
            wanted=f"one of {', '.join(RECIPES)}",
            hint="choose one of these for fairway:lab.image",
        )
    finished = IMAGES / f"{release}.{recipe.digest()}"
    if finished.is_dir():
        return finished
    with _only_one_builder(release, report):
        if not finished.is_dir():
            _build(recipe, finished, report)
    return finished


def _build(recipe: Recipe, finished: Path, report: Report) -> None:
    for leftover in IMAGES.glob(f".building-{recipe.release}-*"):
        shutil.rmtree(leftover)
    building = Path(tempfile.mkdtemp(prefix=f".building-{recipe.release}-", dir=IMAGES))
    try:
        building.chmod(0o755)
        bootstrap(recipe.release, recipe.packages, recipe.aptopts, building, report)
        finish(building, recipe)
        building.rename(finished)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    _point(IMAGES / recipe.release, finished)
    _prune(recipe.release, finished)


def finish(root: Path, recipe: Recipe) -> None:
    """Make a fresh root file system an image: nothing personal, nothing that slows a boot."""
    units = root / "etc/systemd/system"
    units.mkdir(parents=True, exist_ok=True)
    for unit in recipe.masked:
        link = units / unit
        link.unlink(missing_ok=True)
        link.symlink_to("/dev/null")
    for name, text in recipe.files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    # Empty, not absent: systemd then makes a new id at each machine's first boot.
    (root / "etc/machine-id").write_text("")
    for name in ("var/lib/dbus/machine-id", "etc/hostname", "etc/resolv.conf"):
        (root / name).unlink(missing_ok=True)
    for cache in (root / "var/lib/apt/lists", root / "var/cache/apt", root / "var/lib/cloud"):
        shutil.rmtree(cache, ignore_errors=True)
        cache.mkdir(parents=True)


def _point(link: Path, target: Path) -> None:
    fresh = link.with_name(f".{link.name}.link")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target.name)
    fresh.rename(link)


def _prune(release: str, keep: Path) -> None:
    """Remove older images of the release that no machine stands on, running or stopped."""
    used = {str(link.resolve()) for link in LABS.glob("*/machines/*/image")}
    mounted = Path("/proc/self/mountinfo").read_text()
    for old in IMAGES.glob(f"{release}.*"):
        if old != keep and str(old) not in used and f"lowerdir={old}," not in mounted:
            shutil.rmtree(old)


@contextmanager
def _only_one_builder(release: str, report: Report) -> Iterator[None]:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (IMAGES / f".{release}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("waiting for another process that builds this image")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(releases: list[str]) -> int:
    """Build the images named on the command line, with a live line where there is a terminal."""
    for release in releases or ["trixie"]:
        line = _LiveLine(f"machine image {release}", sys.stdout)
        try:
            path = ensure_image(release, report=line.show)
        except LabError as error:
            line.end("failed")
            sys.stderr.write(f"{error}\n")
            return 1
        line.end(f"ready in {path}")
    return 0


class _LiveLine:
    """One line that is rewritten on a terminal; elsewhere a new line about every ten seconds."""

    def __init__(self, what: str, out: TextIO) -> None:
        self._what = what
        self._out = out
        self._live = out.isatty()
        self._began = self._shown = time.monotonic()

    def show(self, news: str) -> None:
        now = time.monotonic()
        if not self._live and now - self._shown < 10:
            return
        self._shown = now
        self._write(news, "" if self._live else "\n")

    def end(self, news: str) -> None:
        self._write(news, "\n")

    def _write(self, news: str, end: str) -> None:
        start = "\r\x1b[K" if self._live else ""
        elapsed = time.monotonic() - self._began
        self._out.write(f"{start}{self._what}: {news} ({elapsed:.0f} s){end}")
        self._out.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
