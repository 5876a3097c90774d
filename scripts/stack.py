"""`make up`, `down`, `preview` and `clean-lab`: the engine, and what goes around it."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from components.errors import FairwayError, SetupError
from scripts import locks, operation, salt, workspace
from scripts.progress import Step
from scripts.workspace import FAIRWAY, PYTHON, ROOT, STATE

QUIET = ("--suppress-permalink=true", "--suppress-outputs")  # the summary tells more, shorter
FAIRWAY_COMMAND = str(ROOT / "fairway")
_interrupts: list[int] = []
HELD = 3  # the status of `fairway unlock --show` where an operation is under way
SHOWN = 4  # protected resources that are named before "and N more"


def up(stack: str) -> int:
    """Build or repair the stack, then show what a person needs next.

    Returns the engine's status; on a cloud, where the proof is made anew after each run, verify's.
    """
    refuse_operations(stack)
    select(stack, create=True)
    locks.release_stale(stack)
    forget_pending(stack)
    status = pulumi("up", "--yes", *looking_first(stack), *QUIET, "--stack", stack)
    if status != 0:
        return status
    if workspace.cloud_of(stack) == "lab":
        run([FAIRWAY_COMMAND, "summary", stack])
        return status
    # A route that the engine put back triggers no proof: only its provider knows that it worked.
    proven = run([FAIRWAY_COMMAND, "verify", stack])
    run([FAIRWAY_COMMAND, "summary", stack, "--no-report"])
    return proven


def looking_first(stack: str) -> tuple[str, ...]:
    """Have the engine look at what stands: our own provider does so unasked, a cloud's does not."""
    return () if workspace.cloud_of(stack) == "lab" else ("--refresh",)


def down(stack: str) -> int:
    """Destroy the stack; on the lab, also what no state knows of."""
    refuse_operations(stack)
    if select(stack, create=False):
        locks.release_stale(stack)
        refuse_protected(stack)
        status = pulumi("destroy", "--yes", *QUIET, "--stack", stack)
        if status != 0:
            return status
    status = run(lab_words("down", stack)) if workspace.cloud_of(stack) == "lab" else 0
    shutil.rmtree(FAIRWAY / stack, ignore_errors=True)
    return status


def refuse_operations(stack: str) -> None:
    """Keep out of an operation of several runs that another process or operator began.

    Raises:
        SetupError: One is under way.
    """
    operation.refuse_other(stack)
    shared = workspace.full_environment().get("PULUMI_BACKEND_URL") != STATE.as_uri()
    if not shared or operation.recorded(stack) is not None:
        return  # the record says all: no other checkout knows of the stack, or it is our own
    if run([FAIRWAY_COMMAND, "unlock", "--show", stack]) == HELD:
        raise SetupError(
            where=f"stack {stack}",
            what="another operator is at work on it, as told above",
            hint=f"wait for it; if it is no more: ./fairway unlock {stack}",
        )


def refuse_protected(stack: str) -> None:
    """Say what to do where the engine would only name the first protected resource.

    Raises:
        SetupError: The stack holds a resource that must not be deleted.
    """
    names = [
        each["urn"].rpartition("::")[2]
        for each in exported(stack, "resources")
        if each.get("protect")
    ]
    if not names:
        return
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    cloud = workspace.cloud_of(stack)
    raise SetupError(
        where=f"stack {stack}",
        what="it is protected against deletion",
        found=f"{', '.join(names[:SHOWN])}{more} protected",
        wanted=f"`protect: false` under fairway:{cloud}",
        hint=f"write that into {workspace.stack_file(stack).relative_to(ROOT)}, run"
        f" `make up STACK={stack}`, then `make down STACK={stack}` again",
    )


def preview(stack: str) -> int:
    select(stack, create=True)
    return pulumi("preview", *looking_first(stack), *QUIET, "--stack", stack)


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
    salt.keep(file, salt.of_text(written, file.read_text()))
    if told.returncode == 0:
        give_salt(stack)
        return True
    if not create and "no stack named" in told.stderr:
        return False
    raise SetupError(
        where=f"stack {stack}",
        what="the engine cannot open it",
        found=told.stderr.strip(),
        hint="see what it says; `. ./activate` gives your shell the same settings",
    )


def give_salt(stack: str) -> None:
    """See that the stack's file has the salt of its state before the engine misses it there."""
    file = workspace.stack_file(stack)
    if salt.needed(file):
        salt.of_state(file, quietly(["stack", "export", "--stack", stack]).stdout)


def forget_pending(stack: str) -> None:
    """Clear the marks that a killed run left, of which the engine would warn for ever.

    Our own provider looks its creations up and adopts them; what a cloud may have made is named.
    """
    pending = exported(stack, "pending_operations")
    if not pending:
        return
    names = ", ".join(sorted(each["resource"]["urn"].rpartition("::")[2] for each in pending))
    with Step("interrupted") as step:
        refresh = "pulumi refresh --yes --skip-preview --clear-pending-creates --stack"
        step.run([*refresh.split(), stack], env=workspace.full_environment())
        step.done = f"an earlier run was killed while making {names}"
    if any(not each["resource"]["type"].startswith("fairway:") for each in pending):
        print(
            f"The cloud may have made them nevertheless, and no state knows of it: what carries"
            f" fairway:environment={stack} and is not in `pulumi stack --show-ids` must be deleted"
            f" by hand, or the next `up` finds names and addresses taken."
        )


def exported(stack: str, part: str) -> list[dict[str, Any]]:
    """A list of the stack's state; empty where the state cannot be read, which the engine tells."""
    told = quietly(["stack", "export", "--stack", stack])
    if told.returncode != 0:
        return []
    deployment = json.loads(told.stdout).get("deployment") or {}
    found: list[dict[str, Any]] = deployment.get(part) or []
    return found


def pulumi(*words: str) -> int:
    return run(["pulumi", *words])


def run(words: Sequence[str]) -> int:
    """Run a command on this terminal and leave Ctrl-C to it, for it has to tidy up.

    A terminal sends the interrupt to the command as well; SIGTERM comes to us alone, so it is
    passed on as an interrupt. `interrupted()` tells a command of several runs of either.
    """
    _interrupts.clear()
    before = signal.signal(signal.SIGINT, lambda *_: _interrupts.append(signal.SIGINT))
    process = subprocess.Popen(words, cwd=ROOT, env=workspace.full_environment())

    def pass_on(*_: object) -> None:
        _interrupts.append(signal.SIGTERM)
        process.send_signal(signal.SIGINT)

    former = signal.signal(signal.SIGTERM, pass_on)
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGTERM, former)


def interrupted() -> bool:
    """Whether a signal came while the last command ran, however that ended."""
    return bool(_interrupts)


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
