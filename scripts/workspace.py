"""Where things are in this checkout, and the environment in which the engine runs there.

`python3 -m scripts.workspace` prints that environment as shell exports; `activate` reads them.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
from collections.abc import Mapping
from pathlib import Path

from components.errors import ConfigError

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
PIP = (str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input")
PIP_INSTALL = (*PIP, "--require-hashes", "--only-binary", ":all:")
FAIRWAY = ROOT / ".fairway"
STATE = FAIRWAY / "state"
PASSPHRASE = FAIRWAY / "passphrase"
LOGS = FAIRWAY / "logs"
STACKS = ROOT / "stacks"
DEFAULT_STACK = "lab"
RESERVED = frozenset({STATE.name, PASSPHRASE.name, LOGS.name})


def environment(base: Mapping[str, str]) -> dict[str, str]:
    """What `base` lacks for the engine to run here; a user's own backend and secrets stay."""
    added = {"PULUMI_SKIP_UPDATE_CHECK": "true"}
    if (TOOLS / "bin" / "pulumi").exists():
        added["PATH"] = _first_on_path(TOOLS / "bin", base.get("PATH", os.defpath))
    if "PULUMI_BACKEND_URL" not in base or base["PULUMI_BACKEND_URL"] == STATE.as_uri():
        added["PULUMI_BACKEND_URL"] = STATE.as_uri()
        if "PULUMI_CONFIG_PASSPHRASE" not in base:
            added["PULUMI_CONFIG_PASSPHRASE_FILE"] = base.get(
                "PULUMI_CONFIG_PASSPHRASE_FILE", str(PASSPHRASE)
            )
    return added


def full_environment() -> dict[str, str]:
    return {**os.environ, **environment(os.environ)}


def _first_on_path(folder: Path, path: str) -> str:
    rest = [part for part in path.split(os.pathsep) if part != str(folder)]
    return os.pathsep.join([str(folder), *rest])


def make_backend() -> bool:
    """Make the local state folder and a random passphrase, owner only; False if both were there.

    A passphrase is never replaced: what it locked would be lost.
    """
    if STATE.is_dir() and PASSPHRASE.exists():
        return False
    STATE.mkdir(parents=True, exist_ok=True)
    STATE.chmod(0o700)
    if not PASSPHRASE.exists():
        descriptor = os.open(PASSPHRASE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
    return True


def stack_file(stack: str) -> Path:
    """The configuration file of a stack; a ConfigError lists the stacks that there are."""
    path = STACKS / f"Pulumi.{stack}.yaml"
    known = sorted(found.name.split(".")[1] for found in STACKS.glob("Pulumi.*.yaml"))
    if not path.is_file() or stack in RESERVED:
        raise ConfigError(
            where=str(path.relative_to(ROOT)),
            what="no such stack" if stack not in RESERVED else "a folder of ours has that name",
            found=stack,
            wanted=" or ".join(known) or "a file there",
            hint="name one of them with STACK=..., or write that file (docs/configuration.md)",
        )
    return path


def cloud_of(stack: str) -> str:
    """The stack's cloud, read without a YAML parser because set-up has none yet."""
    found = re.search(
        r"^\s*fairway:cloud:\s*[\"']?(\w+)", stack_file(stack).read_text(), re.MULTILINE
    )
    return found[1] if found else "lab"


def main() -> None:
    for name, value in environment(os.environ).items():
        print(f"export {name}={shlex.quote(value)}")


if __name__ == "__main__":
    main()
