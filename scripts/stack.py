"""`make up`, `down`, `preview` and `clean-lab`: the engine, and what goes around it."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from components.errors import FairwayError, SetupError
from scripts import locks, workspace
from scripts.progress import Step
from scripts.workspace import FAIRWAY, PYTHON, ROOT

QUIET = ("--suppress-permalink=true", "--suppress-outputs")  # the summary tells more, shorter


def up(stack: str) -> int:
    """Build or repair the stack, then show what a person needs next; the engine's status."""
    select(stack, create=True)
    locks.release_stale(stack)
    forget_pending(stack)
    status = pulumi("up", "--yes", *QUIET, "--stack", stack)
    if status == 0:
        run([str(ROOT / "fairway"), "summary", stack])
    return status


def down(stack: str) -> int:
    """Destroy the stack; on the lab, also what no state knows of."""
    if select(stack, create=False):
        locks.release_stale(stack)
        status = pulumi("destroy", "--yes", *QUIET, "--stack", stack)
        if status != 0:
            return status
    status = run(lab_words("down", stack)) if workspace.cloud_of(stack) == "lab" else 0
    shutil.rmtree(FAIRWAY / stack, ignore_errors=True)
    return status


def preview(stack: str) -> int:
    select(stack, create=True)
    return pulumi("preview", *QUIET, "--stack", stack)


def clean_lab(stack: str) -> int:
    """Remove the stack's lab by its label; the engine's state stays, other labs stay."""
    status = run(lab_words("sweep", stack))
    print(
        "The engine's state was not touched: the next `make up` finds the machines gone and builds "
        f"them again. To forget the stack as well: make down STACK={stack}"
    )
    return status


def lab_words(verb: str, name: str) -> list[str]:
    return [str(PYTHON), "-m", "lab", verb, "--lab", name]


def select(stack: str, *, create: bool) -> bool:
    """Make the stack the current one; False if it does not exist and is not to be made."""
    file = workspace.stack_file(stack)
    written = file.read_text()
    words = ["stack", "select", stack, *(["--create"] if create else [])]
    told = quietly(words)
    file.write_text(workspace.with_salt_of(written, file.read_text()))
    _tell_git(file)
    if told.returncode == 0:
        return True
    if not create and "no stack named" in told.stderr:
        return False
    raise SetupError(
        where=f"stack {stack}",
        what="the engine cannot open it",
        found=told.stderr.strip(),
        hint="see what it says; `. ./activate` gives your shell the same settings",
    )


def _tell_git(file: Path) -> None:
    """Let git see that, salt aside, the file is what it was: it trusts a changed size too much."""
    git = ["git", "-C", str(ROOT)]
    if (ROOT / ".git").exists() and shutil.which("git"):
        same = subprocess.run([*git, "diff", "--quiet", "--", file], check=False).returncode == 0
        if same:
            subprocess.run([*git, "add", "--", file], check=False)


def forget_pending(stack: str) -> None:
    """Clear the marks that a killed run left: its creations are looked up and adopted by the next.

    The engine would warn of them for ever and asks about them only at a terminal.
    """
    exported = quietly(["stack", "export", "--stack", stack])
    if exported.returncode != 0:
        return
    pending = (json.loads(exported.stdout).get("deployment") or {}).get("pending_operations") or []
    if not pending:
        return
    names = ", ".join(sorted(each["resource"]["urn"].rpartition("::")[2] for each in pending))
    with Step("interrupted") as step:
        refresh = "pulumi refresh --yes --skip-preview --clear-pending-creates --stack"
        step.run([*refresh.split(), stack], env=workspace.full_environment())
        step.done = f"an earlier run was killed while making {names}"


def pulumi(*words: str) -> int:
    return run(["pulumi", *words])


def run(words: Sequence[str]) -> int:
    """Run a command on this terminal and leave Ctrl-C to it, for it has to tidy up.

    A terminal sends the interrupt to the command as well; SIGTERM comes to us alone, so it is
    passed on as an interrupt.
    """
    before = signal.signal(signal.SIGINT, lambda *_: None)
    process = subprocess.Popen(words, cwd=ROOT, env=workspace.full_environment())
    former = signal.signal(signal.SIGTERM, lambda *_: process.send_signal(signal.SIGINT))
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGTERM, former)


def quietly(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["pulumi", *words, "--non-interactive"],
        cwd=ROOT,
        env=workspace.full_environment(),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )


VERBS = {"up": up, "down": down, "preview": preview, "clean-lab": clean_lab}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m scripts.stack", description=__doc__)
    parser.add_argument("verb", choices=VERBS)
    parser.add_argument("stack", nargs="?", default=workspace.DEFAULT_STACK)
    chosen = parser.parse_args()
    try:
        return VERBS[chosen.verb](chosen.stack)
    except FairwayError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
