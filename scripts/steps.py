"""The set-up steps in order, each skipped where its work is already done."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys

from components.errors import FairwayError, SetupError
from scripts import pulumi_cli, system, workspace
from scripts.progress import Step, already
from scripts.workspace import PIP_INSTALL, PYTHON, ROOT, VENV

STAMP = VENV / "fairway.lock"  # which lock files this .venv was made from
CLOUD_LOCKS = {"aws": "requirements-aws.txt", "alicloud": "requirements-alicloud.txt"}


def prepare(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m scripts.setup", description=__doc__)
    parser.add_argument("stack", nargs="?", default=workspace.DEFAULT_STACK)
    parser.add_argument("--tests", action="store_true", help="also what the tests need")
    parser.add_argument("--tools", action="store_true", help="only packages and .venv, for checks")
    parser.add_argument("--no-images", action="store_true", help="without machine images")
    chosen = parser.parse_args(arguments)
    try:
        _prepare(chosen.stack, chosen)
    except FairwayError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _prepare(stack: str, chosen: argparse.Namespace) -> None:
    cloud = workspace.cloud_of(stack)
    on_lab = chosen.tests or cloud == "lab"
    system.install_packages(lab=on_lab and not chosen.tools, tests=chosen.tests)
    install_python(lock_files(cloud, tests=chosen.tests or chosen.tools))
    if chosen.tools:
        return
    pulumi_cli.install_engine()
    if on_lab and not chosen.no_images:
        install_images(stack, every=chosen.tests)
    install_backend()


def lock_files(cloud: str, *, tests: bool) -> list[str]:
    """The lock files that a stack on `cloud` needs: the lab needs no cloud's SDK."""
    if tests:
        return ["requirements.txt", *CLOUD_LOCKS.values(), "requirements-dev.txt"]
    return ["requirements.txt", *([CLOUD_LOCKS[cloud]] if cloud in CLOUD_LOCKS else [])]


def install_python(locks: list[str]) -> None:
    """Make `.venv` hold at least what the lock files say."""
    if _stamped(locks):
        already("python")
        return
    with Step("python") as step:
        clear = ["--clear"] if _version_differs() else []
        step.run([sys.executable, "-m", "venv", *clear, VENV])
        chosen = [word for lock in locks for word in ("-r", lock)]
        step.run([*PIP_INSTALL, *chosen], watch=_package_of)
        STAMP.write_text(json.dumps({**_made(), **_stamp(locks)}))
        step.done = f".venv from {' and '.join(locks)}"


def _package_of(line: str) -> str:
    words = line.split()
    return " ".join(words[:2]) if words[:1] in (["Collecting"], ["Installing"]) else ""


def _stamp(locks: list[str]) -> dict[str, str]:
    digests = {lock: hashlib.sha256((ROOT / lock).read_bytes()).hexdigest() for lock in locks}
    return {"python": sys.version.split()[0], **digests}


def _stamped(locks: list[str]) -> bool:
    return PYTHON.exists() and _stamp(locks).items() <= _made().items()


def _made() -> dict[str, str]:
    """What `.venv` was made from; stacks of several clouds add to it, one after the other."""
    made: dict[str, str] = json.loads(STAMP.read_text()) if STAMP.exists() else {}
    return made


def _version_differs() -> bool:
    if not PYTHON.exists():
        return VENV.exists()
    asked = [str(PYTHON), "-c", "import sys; print(sys.version.split()[0])"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False)
    return told.stdout.strip() != sys.version.split()[0]


def install_images(stack: str, *, every: bool) -> None:
    """Build the machine images that the stack's hosts boot, or every one that tests boot."""
    asked = [str(PYTHON), "-m", "scripts.images", "--every" if every else stack]
    told = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    if told.returncode != 0:
        raise SetupError(
            where=f"machine images of stack {stack}",
            what="the list could not be made",
            found=told.stderr.strip() or f"status {told.returncode}",
            hint="mend the stack's file, then try again",
        )
    for release, state in (line.split() for line in told.stdout.splitlines()):
        if state == "ready":
            already(f"image {release}")
            continue
        with Step(f"image {release}") as step:
            step.run([PYTHON, "-m", "lab.image", release], timeout=1800)
            step.done = f"Debian {release} with systemd, cloud-init and Docker"


def install_backend() -> None:
    """Make the local state backend, unless the user named one, and keep its salt out of git."""
    added = workspace.environment(os.environ)
    if "PULUMI_BACKEND_URL" not in added:
        already("state", "in the backend that PULUMI_BACKEND_URL names")
        return
    made = workspace.make_backend()
    already(
        "state",
        "made in .fairway/state, locked by .fairway/passphrase" if made else "already there",
    )
    if (ROOT / ".git").exists() and shutil.which("git"):
        # The engine adds `encryptionsalt` to the stack's file. The lab's belongs to this computer's
        # passphrase, so .gitattributes names this filter and the file stays unchanged to git.
        setting = ["git", "config", "--local", "filter.fairway-salt.clean"]
        subprocess.run([*setting, "sed '/^encryptionsalt:/d'"], cwd=ROOT, check=False)
